"""Opening accounts, granting permissions, and what an account is worth over time."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection

from market.models import Feed
from trading.domain.ceilings import BOUNDED
from trading.domain.ledger import PRECISION
from trading.models import Account, CashMovement, Permission
from trading.selectors.ceilings import ceilings
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import floor_to_step
from tradingfarm.people.models import User

LIMITS = frozenset(
    {
        "max_order_value",
        "max_position_value",
        "max_allocation_pct",
        "max_daily_entries",
        "max_daily_loss",
        "max_open_positions",
        "allowed_symbols",
        "blocked_symbols",
        "price_collar_pct",
        "stop_required",
        "hours_start",
        "hours_end",
        "hours_zone",
        "allowed_strategies",
        "agent_allocation_pct",
        "agent_allocation_value",
        "risk_level",
        "confirm_above",
        "min_seconds_between_entries",
        "when_tainted",
        "max_tainted_value",
        "active",
    }
)

SNAPSHOT = """
INSERT INTO trading_equitysnapshot (account_id, as_of, cash, equity)
SELECT a.id, %(now)s, a.cash, a.cash + coalesce((
    SELECT sum(coalesce(p.quantity * q.last, p.cost))
    FROM trading_position p LEFT JOIN market_quote q
      ON q.instrument_id = p.instrument_id AND q.feed_id = a.feed_id
    WHERE p.account_id = a.id AND p.quantity > 0), 0)
FROM trading_account a WHERE a.feed_id = %(feed)s
ON CONFLICT (account_id, as_of) DO NOTHING
"""


class UnknownLimit(FarmError):
    """A permission has no limit of that name."""

    def __init__(self, names: set[str]) -> None:
        super().__init__(
            f"No such limit: {', '.join(sorted(names))}. There are: {', '.join(sorted(LIMITS))}.",
            permanent=True,
        )


class BadDeposit(FarmError):
    """An account opens with a positive amount of at most eight decimal places."""

    def __init__(self, deposit: Decimal) -> None:
        super().__init__(
            f"A deposit is positive and has at most eight decimal places, not {deposit}.",
            permanent=True,
        )


def open_paper_account(  # noqa: PLR0913 - what an account is made of
    *,
    account_id: UUID,
    owner: User,
    name: str,
    feed: Feed,
    deposit: Decimal,
    time_zone: str,
    seed: int,
    actor: str,
    at: datetime,
) -> Account:
    """A new paper account with its first deposit, journaled. Raises BadDeposit.

    `time_zone` (an IANA name; raises zoneinfo.ZoneInfoNotFoundError) says when its days begin.
    """
    if not deposit.is_finite() or deposit <= 0 or floor_to_step(deposit, PRECISION) != deposit:
        raise BadDeposit(deposit)
    ZoneInfo(time_zone)
    with transaction():
        account = Account.objects.create(
            id=account_id,
            owner=owner,
            name=name,
            kind=Account.Kind.PAPER,
            feed=feed,
            time_zone=time_zone,
            seed=seed,
            cash=deposit,
            high_water_equity=deposit,
            # A new paper account has nothing that could differ from its exchange.
            is_ready=True,
            reconciled_at=at,
            created_at=at,
        )
        CashMovement.objects.create(account=account, amount=deposit, reason="Opening", at=at)
        record(
            stream=account_stream(account.id),
            kind="account.opened",
            actor=actor,
            subject=f"account:{account.id}",
            payload={"name": name, "kind": account.kind, "feed": feed.name, "deposit": deposit},
            at=at,
        )
    return account


def grant_permission(
    *,
    account: Account,
    agent_id: UUID,
    agent_name: str,
    limits: Mapping[str, object],
    actor: str,
    at: datetime,
) -> Permission:
    """Let an agent trade on the account within `limits`; what is not named keeps its default.

    Raises UnknownLimit, and django.core.exceptions.ValidationError for a value out of range or
    above the farm's ceiling, and for one active agent more than an account may have. A default
    above its ceiling becomes the ceiling.
    """
    _refuse_unknown(limits)
    with transaction():
        Account.objects.select_for_update(no_key=True).get(id=account.id)
        permission = Permission(
            id=uuid5(account.id, str(agent_id)),
            account=account,
            agent_id=agent_id,
            agent_name=agent_name,
            **limits,
        )
        for name in set(BOUNDED) - set(limits):
            setattr(permission, name, min(getattr(permission, name), ceilings().of(name)))
        permission.full_clean()
        _refuse_above_ceilings(permission, limits)
        _refuse_one_more(permission)
        permission.save(force_insert=True)
        _journal_permission(permission, actor=actor, at=at)
    return permission


MOVED = "Somebody changed these limits meanwhile. Look at them again, then decide."


def change_permission(
    *,
    permission_id: UUID,
    limits: Mapping[str, object],
    actor: str,
    at: datetime,
    version: int | None = None,
) -> Permission:
    """Change limits; a lowered one counts at the next decision. Raises as `grant_permission`.

    `version` is the one that `limits` were judged against: when it has moved, what looked like
    lowering may be raising, and ValidationError is raised. Changing nothing makes no version.
    """
    _refuse_unknown(limits)
    with transaction():
        account_id = Permission.objects.values_list("account_id", flat=True).get(id=permission_id)
        Account.objects.select_for_update(no_key=True).get(id=account_id)
        permission = Permission.objects.get(id=permission_id)
        if version is not None and permission.version != version:
            raise ValidationError(MOVED)
        _change(permission, limits, actor=actor, at=at)
    return permission


def withdraw_permissions(*, agent_id: UUID, actor: str, at: datetime) -> None:
    """Switch off every permission of an agent, inside the caller's transaction().

    The caller holds the accounts' locks: see `lock_accounts_of`.
    """
    for permission in Permission.objects.filter(agent_id=agent_id, active=True).order_by("id"):
        _change(permission, {"active": False}, actor=actor, at=at)


def lock_accounts_of(*, agent_id: UUID) -> list[Account]:
    """The accounts that an agent has a permission on, locked in one order."""
    found = Account.objects.filter(permissions__agent_id=agent_id)
    return list(found.select_for_update(no_key=True, of=("self",)).order_by("id"))


def _refuse_unknown(limits: Mapping[str, object]) -> None:
    if unknown := set(limits) - LIMITS:
        raise UnknownLimit(unknown)


def _refuse_above_ceilings(permission: Permission, names: Iterable[str]) -> None:
    """Of what is set now. What was set before a ceiling came down is bound by the gate."""
    above = ceilings().exceeded({name: getattr(permission, name) for name in names})
    if above:
        raise ValidationError({name: ceiling_words(ceiling) for name, ceiling in above.items()})


def _refuse_one_more(permission: Permission) -> None:
    """Whoever only votes needs no permission and is not counted. Under the account's lock."""
    others = Permission.objects.filter(account=permission.account_id, active=True)
    most = settings.MAX_AGENTS_PER_ACCOUNT
    if permission.active and others.exclude(id=permission.id).count() >= most:
        raise ValidationError(
            {"active": f"{most} agents may trade this account already; switch one of them off."}
        )


def ceiling_words(ceiling: Decimal | int) -> str:
    """Why a limit above its ceiling is refused, for the person who set it."""
    return f"The farm's ceiling is {ceiling:,}; choose that or less."


def _change(
    permission: Permission, limits: Mapping[str, object], *, actor: str, at: datetime
) -> None:
    changed = {name: new for name, new in limits.items() if getattr(permission, name) != new}
    if not changed:
        return
    for name, value in changed.items():
        setattr(permission, name, value)
    permission.version += 1
    permission.full_clean()
    _refuse_above_ceilings(permission, changed)
    if "active" in changed:
        _refuse_one_more(permission)
    permission.save(update_fields=[*changed, "version"])
    _journal_permission(permission, actor=actor, at=at)


def _journal_permission(permission: Permission, *, actor: str, at: datetime) -> None:
    record(
        stream=account_stream(permission.account_id),
        kind="permission.changed",
        actor=actor,
        subject=f"permission:{permission.id}",
        payload={name: getattr(permission, name) for name in sorted(LIMITS)}
        | {"agent": permission.agent_name, "version": permission.version},
        at=at,
    )


def snapshot_equity(*, feed_name: str, now: datetime) -> None:
    """Store what every account of the feed is worth at market time `now`, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT, {"feed": feed_name, "now": now})
