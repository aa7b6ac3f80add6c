"""Which account a person looks at, and what its page says before any number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import CharField, F, Max, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat

from market.models import Quote, Replay
from trading.domain.states import HaltState
from trading.models import Account, Permission, StopRun
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalStream
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.dashboard.clock import MarketClock, clock_of


@dataclass(frozen=True)
class Limits:
    """What all active permissions of an account allow together.

    Money lost in a day; value of positions as money and in percent of equity: both bind.
    """

    daily_loss: Decimal
    positions_value: Decimal
    positions_pct: Decimal


@dataclass(frozen=True)
class Halt:
    """Why and since when (wall time) an account lets nothing or only exits out."""

    state: HaltState
    reason: str
    since: datetime | None
    requested_by: str


@dataclass(frozen=True)
class AccountPage:
    """One account as its page's frame shows it; `others` are the owner's further accounts.

    `seq` is how far its journal had come when all this was read.
    """

    id: UUID
    name: str
    kind: str
    currency: str
    time_zone: str
    feed_name: str
    cash: Decimal
    reserved: Decimal
    day_start_equity: Decimal | None
    limits: Limits
    halt: Halt | None
    clock: MarketClock
    others: tuple[tuple[UUID, str, str], ...]
    seq: int


def account_page(
    *, owner_id: int, account_id: UUID | None, preferred: UUID | None = None, now: datetime
) -> AccountPage | None:
    """The account asked for; when none is, the preferred or else the owner's first one.

    None where there is no such account.
    """
    accounts = list(_accounts(owner_id))
    ids = {account.id: account for account in accounts}
    if account_id is not None:
        chosen = ids.get(account_id)
    else:
        chosen = ids.get(preferred or UUID(int=0)) or next(iter(accounts), None)
    return None if chosen is None else _page(chosen, accounts, now)


def feed_of_account(*, owner_id: int, account_id: UUID) -> str | None:
    """The feed whose prices an account of this owner trades at; None where there is none such."""
    accounts = Account.objects.filter(owner_id=owner_id, id=account_id)
    return accounts.values_list("feed_id", flat=True).first()


def _accounts(owner_id: int) -> QuerySet[Account]:
    stops = StopRun.objects.filter(account=OuterRef("pk")).order_by("-at")
    ticks = Quote.objects.filter(feed=OuterRef("feed")).order_by().values("feed")
    heads = JournalStream.objects.filter(name=_stream_of(OuterRef("pk")))
    # An agent may fill each of its open positions up to its limits.
    slots = F("max_open_positions")
    return (
        Account.objects.filter(owner_id=owner_id)
        .select_related("feed__replay")
        .annotate(
            allowed_loss=_allowed(Sum("max_daily_loss")),
            allowed_value=_allowed(Sum(slots * F("max_position_value"))),
            allowed_pct=_allowed(Sum(slots * F("max_allocation_pct"))),
            stopped_at=Subquery(stops.values("at")[:1]),
            stopped_by=Subquery(stops.values("requested_by")[:1]),
            journal_seq=Subquery(heads.values("seq")),
            quoted_at=Subquery(ticks.annotate(newest=Max("at")).values("newest")),
            quoted_as_of=Subquery(ticks.annotate(newest=Max("as_of")).values("newest")),
        )
        .order_by("created_at", "id")
    )


def _stream_of(account_id: OuterRef) -> Concat:
    """`account_stream` in SQL."""
    return Concat(Value(account_stream("")), Cast(account_id, CharField()))


def _allowed(total: Sum) -> Subquery:
    """A sum over an account's active permissions; null without any."""
    active = Permission.objects.filter(account=OuterRef("pk"), active=True)
    return Subquery(active.order_by().values("account").annotate(total=total).values("total"))


def _page(account: Account, accounts: Sequence[Account], now: datetime) -> AccountPage:
    notes = vars(account)
    replay: Replay | None = getattr(account.feed, "replay", None)
    return AccountPage(
        id=account.id,
        name=account.name,
        kind=account.kind,
        currency=account.base_currency,
        time_zone=account.time_zone,
        feed_name=account.feed_id,
        cash=account.cash,
        reserved=account.reserved,
        day_start_equity=account.day_start_equity,
        limits=Limits(
            notes["allowed_loss"] or ZERO,
            notes["allowed_value"] or ZERO,
            notes["allowed_pct"] or ZERO,
        ),
        halt=_halt(account),
        clock=clock_of(
            replay=replay,
            quoted_at=notes["quoted_at"],
            quoted_as_of=notes["quoted_as_of"],
            now=now,
        ),
        seq=notes["journal_seq"] or 0,
        others=tuple((a.id, a.name, a.kind) for a in accounts if a.id != account.id),
    )


def _halt(account: Account) -> Halt | None:
    if account.halt_state == HaltState.ACTIVE:
        return None
    notes = vars(account)
    return Halt(
        HaltState(account.halt_state),
        account.halt_reason,
        notes["stopped_at"],
        notes["stopped_by"] or "",
    )
