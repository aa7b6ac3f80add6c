"""Open positions with their newest prices, and where their stop and target lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from market.models import Quote
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Position, Protection
from tradingfarm.kernel.money import ZERO

HUNDRED = Decimal(100)
MARGIN = Decimal("0.04")


@dataclass(frozen=True)
class Gauge:
    """Places on a scale from 0 to 100 between stop and target; None where there is no price."""

    stop: int | None
    target: int | None
    entry: int
    last: int

    @property
    def spread(self) -> int:
        return abs(self.last - self.entry)


@dataclass(frozen=True)
class PositionRow:
    """One open position, in the account's currency; `tick_size` and `lot_size` give the precision.

    `stop` is the tightest armed stop-loss and `target` the nearest armed take-profit.
    """

    symbol: str
    instrument_id: UUID
    quantity: Decimal
    cost: Decimal
    average_cost: Decimal
    last: Decimal | None
    value: Decimal
    unrealised: Decimal
    unrealised_pct: Decimal
    realised: Decimal
    stop: Decimal | None
    target: Decimal | None
    agents: tuple[str, ...]
    tick_size: Decimal
    lot_size: Decimal
    gauge: Gauge | None


def position_rows(*, account_id: UUID, feed_name: str) -> tuple[PositionRow, ...]:
    """What the account holds, by symbol. One query."""
    return tuple(_row(position) for position in _positions(account_id, feed_name))


def _positions(account_id: UUID, feed_name: str) -> QuerySet[Position]:
    quoted = Quote.objects.filter(feed=feed_name, instrument=OuterRef("instrument"))
    armed = Protection.objects.filter(
        account=OuterRef("account"), instrument=OuterRef("instrument"), state=ProtectionState.ARMED
    )
    stops = armed.filter(kind=ProtectionKind.STOP_LOSS).order_by().values("instrument")
    targets = armed.filter(kind=ProtectionKind.TAKE_PROFIT).order_by().values("instrument")
    names = ArrayAgg(
        "shares__permission__agent_name",
        filter=Q(shares__quantity__gt=0, shares__permission__isnull=False),
        default=None,
    )
    return (
        Position.objects.filter(account=account_id, quantity__gt=0)
        .select_related("instrument")
        .annotate(
            last=Subquery(quoted.values("last")[:1]),
            stop=Subquery(stops.annotate(price=Max("price")).values("price")),
            target=Subquery(targets.annotate(price=Min("price")).values("price")),
            agents=names,
        )
        .order_by("instrument__symbol")
    )


def _row(position: Position) -> PositionRow:
    notes = vars(position)
    last: Decimal | None = notes["last"]
    average = position.cost / position.quantity
    # Without a price a position counts at cost: neither a profit nor a loss is made up.
    value = position.cost if last is None else position.quantity * last
    unrealised = value - position.cost
    return PositionRow(
        symbol=position.instrument.symbol,
        instrument_id=position.instrument_id,
        quantity=position.quantity,
        cost=position.cost,
        average_cost=average,
        last=last,
        value=value,
        unrealised=unrealised,
        unrealised_pct=unrealised / position.cost * HUNDRED if position.cost else ZERO,
        realised=position.realised,
        stop=notes["stop"],
        target=notes["target"],
        agents=tuple(sorted(notes["agents"] or ())),
        tick_size=position.instrument.tick_size,
        lot_size=position.instrument.lot_size,
        gauge=gauge_of(
            stop=notes["stop"], target=notes["target"], entry=average, last=last or average
        ),
    )


def gauge_of(
    *, stop: Decimal | None, target: Decimal | None, entry: Decimal, last: Decimal
) -> Gauge | None:
    """Where the prices lie between stop and target, or None when nothing protects the position."""
    if stop is None and target is None:
        return None
    known = [price for price in (stop, target, entry, last) if price is not None]
    return Gauge(
        stop=None if stop is None else _place(stop, known),
        target=None if target is None else _place(target, known),
        entry=_place(entry, known),
        last=_place(last, known),
    )


def _place(price: Decimal, known: Sequence[Decimal]) -> int:
    """0 to 100 on a scale over all known prices with a small margin at both ends."""
    low, high = min(known), max(known)
    margin = (high - low) * MARGIN or Decimal(1)
    return round((price - low + margin) / (high - low + 2 * margin) * HUNDRED)
