"""The judge's arithmetic: pure functions over rows that return what is wrong, and nothing else.

The paper exchange's own tables are the truth. An empty answer means that they and the farm agree.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tests.campaigns.rows import ZERO, Order, PaperOrder, PaperTrade, Tables
from trading.domain.ledger import Oversold, TradeReport
from trading.domain.rebuild import Ledger, differences, rebuild
from trading.domain.states import AT_WORK, OrderState, Side

AT_EXCHANGE = {
    OrderState.OPEN,
    OrderState.PARTIALLY_FILLED,
    OrderState.FILLED,
    OrderState.CANCELED,
    OrderState.EXPIRED,
}
MAYBE_AT_EXCHANGE = AT_EXCHANGE | {OrderState.SUBMITTING, OrderState.UNKNOWN}
EXITS = {"liquidation", "protection"}


class Kind(StrEnum):
    """What can be wrong."""

    LOST = "lost"
    FOREIGN = "foreign"
    DOUBLED = "doubled"
    MISBOOKED = "misbooked"
    NOT_REBUILT = "not_rebuilt"
    LEAKED = "leaked"
    STUCK = "stuck"
    SENT_AFTER_HALT = "sent_after_halt"
    NOT_FLAT = "not_flat"
    DIFFERENT = "different"
    FAILED = "failed"


@dataclass(frozen=True)
class Breach:
    """One thing that must not be, in a sentence."""

    kind: str
    text: str


def judge(tables: Tables) -> list[Breach]:
    """Every breach of one account that has come to rest."""
    return [
        *lost(tables),
        *foreign(tables),
        *doubled(tables),
        *misbooked(tables),
        *not_rebuilt(tables),
        *leaked(tables),
        *stuck(tables),
    ]


def lost(tables: Tables) -> Iterator[Breach]:
    """Orders that one side has and the other believes not to exist."""
    placed = {order.client_order_id for order in tables.paper_orders}
    for order in tables.orders:
        if order.client_order_id in placed and order.state not in MAYBE_AT_EXCHANGE:
            yield _of(Kind.LOST, order, f"is at the exchange, but {order.state} in our book")
        if order.client_order_id not in placed and order.state in AT_EXCHANGE:
            yield _of(Kind.LOST, order, f"is {order.state} in our book, but not at the exchange")


def foreign(tables: Tables) -> Iterator[Breach]:
    """Orders at the exchange that the farm does not know at all."""
    known = {order.client_order_id for order in tables.orders}
    for order in tables.paper_orders:
        if order.client_order_id not in known:
            yield Breach(Kind.FOREIGN, f"{order.client_order_id} is not ours")


def doubled(tables: Tables) -> Iterator[Breach]:
    """Orders placed twice: by their own id, for one decision, or for one other cause."""
    causes = {order.client_order_id: _cause(order) for order in tables.orders}
    placed = [order.client_order_id for order in tables.paper_orders]
    for name, number in Counter(placed).items():
        if number > 1:
            yield Breach(Kind.DOUBLED, f"{name} was placed {number} times")
    distinct = Counter(causes[name] for name in set(placed) if name in causes)
    for cause, number in distinct.items():
        if number > 1:
            yield Breach(Kind.DOUBLED, f"{cause} led to {number} orders at the exchange")


def _cause(order: Order) -> str:
    return f"decision {order.decision}" if order.decision else f"intent {order.intent_key}"


def misbooked(tables: Tables) -> Iterator[Breach]:
    """Trades without exactly one equal fill, and fills without a trade."""
    trades = Counter(_numbers(trade) for trade in tables.paper_trades)
    fills = Counter(
        (fill.client_order_id, fill.trade_id, fill.quantity, fill.price, fill.fee)
        for fill in tables.fills
    )
    for (name, trade_id, *_), number in (trades - fills).items():
        yield Breach(Kind.MISBOOKED, f"trade {trade_id} of {name} is not booked ({number})")
    for (name, trade_id, *_), number in (fills - trades).items():
        yield Breach(Kind.MISBOOKED, f"fill {trade_id} of {name} has no trade ({number})")


def _numbers(trade: PaperTrade) -> tuple[str, str, Decimal, Decimal, Decimal]:
    return (trade.client_order_id, trade.trade_id, trade.quantity, trade.price, trade.fee)


def not_rebuilt(tables: Tables) -> Iterator[Breach]:
    """Cash, quantity, cost, P&L and fees that do not follow from deposits and trades."""
    booked = {fill.trade_id: fill.number for fill in tables.fills}
    last = max(booked.values(), default=0) + 1
    trades = sorted(
        tables.paper_trades,
        key=lambda trade: (trade.at, booked.get(trade.trade_id, last), trade.number),
    )
    try:
        rebuilt = rebuild(movements=tables.movements, trades=map(_report, trades))
    except Oversold as error:
        yield Breach(Kind.NOT_REBUILT, f"{tables.account}: {error}")
        return
    for text in differences(rebuilt=rebuilt, stored=Ledger(tables.cash, tables.positions)):
        yield Breach(Kind.NOT_REBUILT, f"{tables.account}: {text}")


def _report(trade: PaperTrade) -> TradeReport:
    return TradeReport(trade.instrument, Side(trade.side), trade.quantity, trade.price, trade.fee)


def leaked(tables: Tables) -> Iterator[Breach]:
    """Reservations that are not those of orders at work, and shares that do not add up."""
    working = [order for order in tables.orders if order.state in AT_WORK]
    if tables.reserved != sum((order.reserved_cash for order in working), ZERO):
        yield Breach(Kind.LEAKED, f"{tables.account} reserves {tables.reserved} in cash")
    for order in tables.orders:
        if order.state not in AT_WORK and order.reserved_cash:
            yield _of(Kind.LEAKED, order, f"has ended and reserves {order.reserved_cash}")
    offered: defaultdict[tuple[UUID, UUID | None], Decimal] = defaultdict(Decimal)
    for order in working:
        if order.side == Side.SELL:
            offered[order.instrument, order.permission] += order.quantity - order.filled_quantity
    for share in tables.shares:
        if share.reserved != offered[share.instrument, share.permission]:
            yield Breach(Kind.LEAKED, f"{share.reserved} of {share.instrument} are offered")
    yield from _shares_off(tables)


def _shares_off(tables: Tables) -> Iterator[Breach]:
    held: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for share in tables.shares:
        held[share.instrument] += share.quantity
    for instrument, lot in tables.positions.items():
        if lot.quantity != held[instrument]:
            yield Breach(Kind.LEAKED, f"shares of {instrument} are not its {lot.quantity}")


def stuck(tables: Tables) -> Iterator[Breach]:
    """Orders that have not ended, of either side."""
    for order in tables.orders:
        if order.state in AT_WORK:
            yield _of(Kind.STUCK, order, f"is still {order.state}")
    for paper in tables.paper_orders:
        if paper.state == "OPEN":
            yield Breach(Kind.STUCK, f"{paper.client_order_id} still rests at the exchange")


def sent_after(tables: Tables, halted_at: datetime) -> Iterator[Breach]:
    """Orders that were claimed after the halt, or came from nowhere, and are no exit of its own.

    One that was claimed before may still arrive after it, for as long as its sender may take.
    """
    known = {order.client_order_id: order for order in tables.orders}
    for paper in tables.paper_orders:
        order = known.get(paper.client_order_id)
        began_at = order.claimed_at if order and order.claimed_at else paper.placed_at
        if began_at > halted_at and not _is_exit(order, paper):
            source = order.source if order else "nobody"
            late = (began_at - halted_at).total_seconds()
            yield Breach(
                Kind.SENT_AFTER_HALT,
                f"{paper.client_order_id} ({source}, {paper.side}) came {late:.3f} s late",
            )


def _is_exit(order: Order | None, paper: PaperOrder) -> bool:
    return order is not None and order.source in EXITS and paper.side == Side.SELL


def in_flight(tables: Tables, halted_at: datetime) -> int:
    """Orders claimed before the halt that the exchange got after it."""
    claims = {order.client_order_id: order.claimed_at for order in tables.orders}
    return sum(
        paper.placed_at > halted_at
        and (claims.get(paper.client_order_id) or paper.placed_at) <= halted_at
        for paper in tables.paper_orders
    )


def not_flat(tables: Tables) -> Iterator[Breach]:
    """Quantities that are left, by the exchange's trades and by our book."""
    held: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for trade in tables.paper_trades:
        held[trade.instrument] += trade.quantity if trade.side == Side.BUY else -trade.quantity
    for instrument, quantity in held.items():
        if quantity:
            yield Breach(Kind.NOT_FLAT, f"{quantity} of {instrument} are left at the exchange")
    for instrument, lot in tables.positions.items():
        if lot.quantity:
            yield Breach(Kind.NOT_FLAT, f"{lot.quantity} of {instrument} are left in our book")


def differing(first: Mapping[str, object], second: Mapping[str, object]) -> Iterator[Breach]:
    """Keys that only one side has, and keys whose values are not the same."""
    for key in sorted({*first, *second}):
        if key not in second:
            yield Breach(Kind.DIFFERENT, f"{key} is only in the first run")
        elif key not in first:
            yield Breach(Kind.DIFFERENT, f"{key} is only in the second run")
        elif first[key] != second[key]:
            yield Breach(Kind.DIFFERENT, f"{key}: {first[key]} and {second[key]}")


def by_kind(breaches: Iterable[Breach]) -> dict[str, int]:
    """How many breaches of each kind."""
    return dict(sorted(Counter(str(breach.kind) for breach in breaches).items()))


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of all values do not exceed; 0 when there are none."""
    if not values:
        return 0.0
    place = max(int(-(-len(values) * part // 1)) - 1, 0)
    return sorted(values)[place]


def by_state(orders: Iterable[Order]) -> dict[str, int]:
    """How many orders ended in each state."""
    return dict(sorted(Counter(order.state for order in orders).items()))


def _of(kind: Kind, order: Order, text: str) -> Breach:
    return Breach(kind, f"{order.client_order_id} ({order.source}, {order.side}) {text}")
