"""How agents did: round trips, win rate, profit net of fees and of what their models cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncWeek

from agents.models import ProviderCall
from market.models import Quote
from trading.domain.states import Side
from trading.models import Fill, PositionShare
from tradingfarm.kernel.money import ZERO

HUNDRED = Decimal(100)
WIDTH, HEIGHT, EDGE = 120, 36, 3
POINTS = 5_000


@dataclass(frozen=True)
class Line:
    """Cumulative P&L as the attribute of an SVG polyline on 120 by 36; `zero` is the axis."""

    points: str
    zero: str
    total: Decimal

    @property
    def way(self) -> str:
        """How it ends: up, down or flat."""
        return "up" if self.total > 0 else "down" if self.total < 0 else "flat"


@dataclass(frozen=True)
class Record:
    """What an agent realised: its sells are its trades. `line` is None before the second week."""

    trades: int = 0
    wins: int = 0
    realised: Decimal = ZERO
    line: Line | None = None

    @property
    def win_pct(self) -> Decimal | None:
        return HUNDRED * self.wins / self.trades if self.trades else None


@dataclass(frozen=True)
class Performance:
    """One agent's whole record. Amounts in the currency of its accounts, model cost in dollars.

    `realised` and `unrealised` are net of fees. Profit factor is what winners made over what
    losers lost, None while nothing was lost; expectancy is the realised P&L of an average trade.
    """

    trades: int
    wins: int
    gained: Decimal
    lost: Decimal
    fees: Decimal
    unrealised: Decimal
    open_positions: int
    dollars: Decimal
    dollars_today: Decimal
    calls: int

    @property
    def realised(self) -> Decimal:
        return self.gained + self.lost

    @property
    def net(self) -> Decimal:
        """Realised P&L less what its model cost so far."""
        return self.realised - self.dollars

    @property
    def win_pct(self) -> Decimal | None:
        return HUNDRED * self.wins / self.trades if self.trades else None

    @property
    def profit_factor(self) -> Decimal | None:
        return self.gained / -self.lost if self.lost else None

    @property
    def expectancy(self) -> Decimal | None:
        return self.realised / self.trades if self.trades else None


def records_of(*, agent_ids: Iterable[UUID]) -> dict[UUID, Record]:
    """The record of each agent that has sold something. One query: a row for each week."""
    weeks: dict[UUID, list[tuple[Decimal, int, int]]] = defaultdict(list)
    rows = (
        _sells(agent_ids)
        .annotate(week=TruncWeek("as_of"))
        .values("permission__agent_id", "week")
        .annotate(
            sum=Sum("realised"), count=Count("id"), won=Count("id", filter=Q(realised__gt=0))
        )
        .order_by("permission__agent_id", "week")
    )
    for agent, total, count, won in rows.values_list(
        "permission__agent_id", "sum", "count", "won"
    ):
        weeks[agent].append((total, count, won))
    return {agent: _record(found) for agent, found in weeks.items()}


def _sells(agent_ids: Iterable[UUID]) -> QuerySet[Fill]:
    return Fill.objects.filter(permission__agent_id__in=list(agent_ids), side=Side.SELL)


def _record(weeks: Sequence[tuple[Decimal, int, int]]) -> Record:
    return Record(
        trades=sum(count for _, count, _ in weeks),
        wins=sum(won for _, _, won in weeks),
        realised=sum((total for total, _, _ in weeks), ZERO),
        line=line_of(steps=[total for total, _, _ in weeks]),
    )


def line_of(*, steps: Sequence[Decimal]) -> Line | None:
    """The line through the running sum of `steps`, from zero; None for fewer than two."""
    if len(steps) < 2:
        return None
    sums, total = [ZERO], ZERO
    for step in steps:
        total += step
        sums.append(total)
    low, high = min(sums), max(sums)
    scale = Decimal(HEIGHT - 2 * EDGE) / ((high - low) or 1)
    heights = [HEIGHT - EDGE - (value - low) * scale for value in sums]
    across = Decimal(WIDTH) / (len(sums) - 1)
    points = [f"{number * across:.1f},{height:.1f}" for number, height in enumerate(heights)]
    return Line(" ".join(points), f"{heights[0]:.1f}", total)


def dollars_today(*, agent_ids: Iterable[UUID], now: datetime) -> Mapping[UUID, Decimal]:
    """What each agent's model cost since midnight UTC, the day of its budget. One query."""
    rows = ProviderCall.objects.filter(agent__in=list(agent_ids), at__gte=midnight(now))
    totals = rows.values("agent").annotate(total=Sum("dollars")).order_by()
    return dict(totals.values_list("agent", "total"))


def midnight(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date(), time.min, tzinfo=UTC)


def performance_of(*, agent_id: UUID, now: datetime) -> Performance:
    """Three queries. `now` is wall time."""
    fills = Fill.objects.filter(permission__agent_id=agent_id).aggregate(
        trades=Count("id", filter=Q(side=Side.SELL)),
        wins=Count("id", filter=Q(side=Side.SELL, realised__gt=0)),
        gained=Sum("realised", filter=Q(side=Side.SELL, realised__gt=0)),
        lost=Sum("realised", filter=Q(side=Side.SELL, realised__lt=0)),
        fees=Sum("fee"),
    )
    asked = ProviderCall.objects.filter(agent=agent_id).aggregate(
        spent=Sum("dollars"),
        today=Sum("dollars", filter=Q(at__gte=midnight(now))),
        calls=Count("id"),
    )
    held = _open_pnl(agent_id)
    return Performance(
        trades=fills["trades"],
        wins=fills["wins"],
        gained=fills["gained"] or ZERO,
        lost=fills["lost"] or ZERO,
        fees=fills["fees"] or ZERO,
        unrealised=sum(held, ZERO),
        open_positions=len(held),
        dollars=asked["spent"] or ZERO,
        dollars_today=asked["today"] or ZERO,
        calls=asked["calls"],
    )


def _open_pnl(agent_id: UUID) -> list[Decimal]:
    """The open P&L of each position; none where there is no price."""
    quoted = Quote.objects.filter(
        feed=OuterRef("position__account__feed"), instrument=OuterRef("position__instrument")
    )
    rows = (
        PositionShare.objects.filter(permission__agent_id=agent_id, quantity__gt=0)
        .annotate(last=Subquery(quoted.values("last")[:1]))
        .values_list("quantity", "cost", "last")
    )
    return [ZERO if last is None else quantity * last - cost for quantity, cost, last in rows]


def pnl_points(*, agent_id: UUID) -> list[tuple[datetime, Decimal]]:
    """Cumulative realised P&L by market time, the newest 5,000 moments. Two queries."""
    sells = _sells([agent_id])
    newest = list(
        sells.values(moment=F("as_of"))
        .annotate(sum=Sum("realised"))
        .order_by("-moment")
        .values_list("moment", "sum")[:POINTS]
    )
    total = sells.aggregate(sum=Sum("realised"))["sum"] or ZERO
    running = total - sum((step for _, step in newest), ZERO)
    points = []
    for moment, step in reversed(newest):
        running += step
        points.append((moment, running))
    return points
