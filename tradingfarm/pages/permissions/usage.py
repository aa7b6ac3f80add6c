"""How much of its permissions an agent has used at this moment: what the gate would count."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import F, OuterRef, Subquery

from market.models import Quote
from trading.domain.states import AT_WORK
from trading.models import Order, Permission, Position, PositionShare
from tradingfarm.kernel.money import ZERO

HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Usage:
    """Today's use of one permission, in the account's currency and day.

    `largest_position` is the agent's own part with its buys at work, `invested` all of them
    together; `largest_pct` the share of equity that the account has in one of the agent's
    instruments, and `equity` what the account is worth.
    """

    entries: int = 0
    loss: Decimal = ZERO
    open_positions: int = 0
    largest_position: Decimal = ZERO
    largest_pct: Decimal = ZERO
    invested: Decimal = ZERO
    equity: Decimal = ZERO


@dataclass(frozen=True)
class _Held:
    """One agent's part of an instrument."""

    value: Decimal
    pnl: Decimal
    quantity: Decimal


def usages_of(*, permissions: Sequence[Permission]) -> dict[UUID, Usage]:
    """The use of each permission, by its id. Three queries; they come with their accounts."""
    shares = _shares(permissions)
    buying = _buying(permissions)
    accounts = {permission.account_id for permission in permissions}
    values = _values(accounts)
    return {
        permission.id: _usage(
            permission, shares[permission.id], buying[permission.id], values[permission.account_id]
        )
        for permission in permissions
    }


def _shares(permissions: Iterable[Permission]) -> dict[UUID, dict[UUID, _Held]]:
    found: dict[UUID, dict[UUID, _Held]] = defaultdict(dict)
    rows = (
        PositionShare.objects.filter(permission__in=list(permissions))
        .annotate(instrument=F("position__instrument"), last=_last("position__"))
        .values_list("permission", "instrument", "quantity", "cost", "realised", "last")
    )
    for permission, instrument, quantity, cost, realised, last in rows:
        value = cost if last is None else quantity * last
        found[permission][instrument] = _Held(value, realised + value - cost, quantity)
    return found


def _last(prefix: str = "") -> Subquery:
    quoted = Quote.objects.filter(
        feed=OuterRef(f"{prefix}account__feed"), instrument=OuterRef(f"{prefix}instrument")
    )
    return Subquery(quoted.values("last")[:1])


def _buying(permissions: Iterable[Permission]) -> dict[UUID, dict[UUID, Decimal]]:
    """Cash set aside for buys at work, by permission and instrument."""
    found: dict[UUID, dict[UUID, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    rows = Order.objects.filter(
        permission__in=list(permissions), state__in=sorted(AT_WORK), reserved_cash__gt=0
    )
    for permission, instrument, cash in rows.values_list(
        "permission", "instrument", "reserved_cash"
    ):
        found[permission][instrument] += cash
    return found


def _values(accounts: Iterable[UUID]) -> dict[UUID, dict[UUID, Decimal]]:
    """What each account has in each instrument, at the last price or else at cost."""
    found: dict[UUID, dict[UUID, Decimal]] = defaultdict(dict)
    rows = (
        Position.objects.filter(account__in=list(accounts), quantity__gt=0)
        .annotate(last=_last())
        .values_list("account", "instrument", "quantity", "cost", "last")
    )
    for account, instrument, quantity, cost, last in rows:
        found[account][instrument] = cost if last is None else quantity * last
    return found


def _usage(
    permission: Permission,
    held: dict[UUID, _Held],
    buying: dict[UUID, Decimal],
    values: dict[UUID, Decimal],
) -> Usage:
    today = permission.day is not None and permission.day == permission.account.day
    pnl = sum((each.pnl for each in held.values()), ZERO)
    busy = {key for key, each in held.items() if each.quantity > 0} | set(buying)
    equity = permission.account.cash + sum(values.values(), ZERO)
    own = [(held[key].value if key in held else ZERO) + buying.get(key, ZERO) for key in busy]
    whole = [values.get(key, ZERO) + buying.get(key, ZERO) for key in busy]
    return Usage(
        entries=permission.entries_today if today else 0,
        loss=max(permission.day_start_pnl - pnl, ZERO) if today else ZERO,
        open_positions=len(busy),
        largest_position=max(own, default=ZERO),
        largest_pct=max(whole, default=ZERO) / equity * HUNDRED if equity > 0 else ZERO,
        invested=sum(own, ZERO),
        equity=equity,
    )
