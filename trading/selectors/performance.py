"""Snapshots of performance as pages read them, and which accounts need a new one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    DateTimeField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from market.models import Feed, Quote
from trading.domain.figures import Figures, together
from trading.models import Account, EquitySnapshot, Fill, PerformanceSnapshot, Permission, Position
from tradingfarm.kernel.money import plain

POINTS = 5_000
PART = 1_000
LATE = timedelta(minutes=10)
"""A fill that was booked so recently counts as new whatever its market time: one that was told
late is found among the newest of all, by the index of wall time.
"""
STATE = "state"
"""Among a snapshot's figures: what the next one goes on from. Only the newest rows have it."""
NEWEST = ("permission_id", "-as_of")
"""The index's own order: rows without a permission would be sorted for any other."""


@dataclass(frozen=True)
class Snapshot:
    """The newest figures of an account, or of an agent on it, in the account's currency.

    `as_of` is the end of the market day that they are of, `moment` the market time of the newest
    price in them, and `at` the wall time at which they were found. `weeks` is the P&L at the end
    of each of the newest 104 weeks.
    """

    account_id: UUID
    account_name: str
    currency: str
    permission_id: UUID | None
    agent_id: UUID | None
    agent_name: str
    as_of: datetime
    at: datetime
    figures: Figures
    weeks: tuple[tuple[str, Decimal], ...]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(str(self.figures["moment"]))


@dataclass(frozen=True)
class AccountPerformance:
    """An account and the agents that have traded on it, those that made most first.

    `together` is what these agents did: only figures of which a sum means something; None without
    any of them.
    """

    account: Snapshot | None
    agents: tuple[Snapshot, ...]

    @property
    def together(self) -> Figures | None:
        return together([each.figures for each in self.agents]) if self.agents else None


@dataclass(frozen=True)
class Day:
    """One point of a curve: the market time of it, and its figures as text."""

    moment: str
    equity: str
    pnl: str
    drawdown: str
    paid_in: str


DAY = tuple(Day.__dataclass_fields__)


@dataclass(frozen=True)
class Due:
    """An account with something new to measure, and the feed that it trades at."""

    account_id: UUID
    feed_name: str


def account_performance(*, account_id: UUID) -> AccountPerformance:
    """The newest snapshots of an account and of each of its agents: one query."""
    of_account = PerformanceSnapshot.objects.filter(account=account_id)
    newest = of_account.filter(permission=None).order_by(*NEWEST).values("as_of")
    rows = of_account.filter(as_of=newest[:1]).select_related("account", "permission")
    found = [_snapshot(row) for row in rows]
    agents = [each for each in found if each.permission_id]
    return AccountPerformance(
        account=next((each for each in found if each.permission_id is None), None),
        agents=tuple(sorted(agents, key=lambda each: -Decimal(each.figures["pnl"] or 0))),
    )


def agents_performance(*, owner_id: int, agent_ids: Collection[UUID]) -> tuple[Snapshot, ...]:
    """The newest snapshot of each agent on each of the owner's accounts that it has traded on.

    One query.
    """
    rows = PerformanceSnapshot.objects.filter(
        account=OuterRef("account"), permission=OuterRef("pk")
    )
    permissions = Permission.objects.filter(agent_id__in=agent_ids, account__owner=owner_id)
    newest = permissions.annotate(newest=Subquery(rows.order_by(*NEWEST).values("pk")[:1]))
    found = PerformanceSnapshot.objects.filter(pk__in=newest.values("newest"))
    found = found.select_related("account", "permission").order_by("account__name")
    return tuple(map(_snapshot, found))


def _snapshot(row: PerformanceSnapshot) -> Snapshot:
    state = row.figures.get(STATE, {})
    return Snapshot(
        account_id=row.account_id,
        account_name=row.account.name,
        currency=row.account.base_currency,
        permission_id=row.permission_id,
        agent_id=row.permission.agent_id if row.permission else None,
        agent_name=row.permission.agent_name if row.permission else "",
        as_of=row.as_of,
        at=row.at,
        figures={name: value for name, value in row.figures.items() if name != STATE},
        weeks=tuple((name, Decimal(pnl)) for name, pnl in state["course"]["weeks"])
        if state
        else (),
    )


def curve_of(*, account_id: UUID, permission_id: UUID | None = None) -> list[Day]:
    """The newest 5,000 days of an account, or of an agent on it, in order: one query.

    Before the first day of all stands what there was when it began.
    """
    rows = PerformanceSnapshot.objects.filter(account=account_id, permission=permission_id)
    columns = [KeyTextTransform(name, "figures") for name in (*DAY, "points", "began_at")]
    newest = rows.order_by(*NEWEST).values_list(*columns)[:POINTS]
    days = [Day(*row[: len(DAY)]) for row in reversed(newest)]
    if days and (first := newest[len(days) - 1])[-2] == "2":
        days.insert(0, _opening(days[0], began_at=first[-1]))
    return days


def _opening(first: Day, *, began_at: str) -> Day:
    equity = Decimal(first.equity) - Decimal(first.pnl) - Decimal(first.paid_in)
    return Day(began_at, plain(equity), "0", "0", "0")


def snapshots_in_parts(*, account_id: UUID) -> Iterator[list[PerformanceSnapshot]]:
    """Every snapshot of an account and its agents in the order of days, a thousand at a time.

    Each part is a query of its own, so that nothing is held open between two of them.
    """
    rows = PerformanceSnapshot.objects.filter(account=account_id).select_related("permission")
    last = 0
    while part := list(rows.filter(pk__gt=last).order_by("pk")[:PART]):
        yield part
        last = part[-1].pk


# ------------------------------------------------------------------------------ what is due


def due_accounts(*, at: datetime) -> tuple[Due, ...]:
    """The accounts with something new since their newest snapshot, at wall time `at`: one query.

    A fill, the equity of a day's end; on a feed that runs on wall time also a price of something
    that is held, and the end of a market day.
    """
    accounts = _with_news(at).filter(_is_due(at)).order_by("id")
    return tuple(Due(*row) for row in accounts.values_list("id", "feed_id"))


def _with_news(at: datetime) -> QuerySet[Account]:
    told = PerformanceSnapshot.objects.filter(account=OuterRef("pk"), permission=None)
    newest = told.order_by(*NEWEST)
    moment = newest.annotate(moment=Cast(KeyTextTransform("moment", "figures"), DateTimeField()))
    fills = Fill.objects.filter(account=OuterRef("pk"))
    equity = EquitySnapshot.objects.filter(account=OuterRef("pk"))
    quotes = Quote.objects.filter(feed=OuterRef("feed")).order_by().values("feed")
    return Account.objects.annotate(
        told_day=Subquery(newest.values("as_of")[:1]),
        told_at=Subquery(newest.values("at")[:1]),
        told_moment=Subquery(moment.values("moment")[:1]),
        filled=Subquery(fills.order_by("-as_of").values("as_of")[:1]),
        closed=Subquery(equity.order_by("-as_of").values("as_of")[:1]),
        quoted_at=Subquery(quotes.annotate(newest=Max("at")).values("newest")),
        has_late=Exists(fills.filter(at__gt=at - LATE).filter(at__gt=OuterRef("told_at"))),
        holds=Exists(Position.objects.filter(account=OuterRef("pk"), quantity__gt=0)),
    )


def _is_due(at: datetime) -> Q:
    is_new = Q(told_at=None) & (Q(filled__isnull=False) | Q(closed__isnull=False))
    has_news = Q(filled__gt=F("told_moment")) | Q(closed__gt=F("told_moment")) | Q(has_late=True)
    moves = Q(holds=True, quoted_at__gt=F("told_at")) | Q(told_day__lte=at)
    return is_new | has_news | (~Q(feed__kind=Feed.Kind.REPLAY) & moves)
