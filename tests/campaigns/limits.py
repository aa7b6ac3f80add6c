"""Whether limits held at every instant, judged by the exchange's own orders and trades."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tests.campaigns.judge import Breach
from tests.campaigns.rows import ZERO, PaperOrder, PaperTrade
from trading.domain.states import Side


class Limit(StrEnum):
    """What must hold at every instant, and one that must hold at the end."""

    ENTRIES = "entries"
    NOTIONAL = "notional"
    CASH = "cash"
    OVERSOLD = "oversold"
    OVERBLOCKED = "overblocked"


@dataclass(frozen=True)
class Caps:
    """The limits that an account was given. `notional` is per instrument; None does not bind."""

    deposit: Decimal
    entries: int | None = None
    notional: Decimal | None = None


@dataclass(frozen=True)
class Moment:
    """An order was placed at `at`, or traded when `trade` is given."""

    at: datetime
    order: PaperOrder
    trade: PaperTrade | None = None


@dataclass
class Walk:
    """The account as the exchange alone can know it, moved from moment to moment.

    What is held counts at its last price, a buy at work at its worst price and with its fee in
    cash. An order that was canceled counts as an entry and as nothing else: the exchange does not
    say how long it rested.
    """

    caps: Caps
    lasts: Mapping[UUID, Decimal]
    cash: Decimal = ZERO
    entries: int = 0
    most_notional: Decimal = ZERO
    least_cash: Decimal = ZERO
    held: defaultdict[UUID, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    resting: dict[str, PaperOrder] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    broken: set[tuple[Limit, UUID | None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cash = self.least_cash = self.caps.deposit

    def go(self, moment: Moment) -> None:
        """Take one moment into account, and look at every limit."""
        if moment.trade is None:
            self._place(moment.order)
        else:
            self._trade(moment.trade)
        self.most_notional = max(self.most_notional, self.notional(moment.order.instrument))
        self.least_cash = min(self.least_cash, self.free_cash)
        self._look(moment)

    def _place(self, order: PaperOrder) -> None:
        self.entries += order.side == Side.BUY
        if order.state != "CANCELED":
            self.resting[order.client_order_id] = order

    def _trade(self, trade: PaperTrade) -> None:
        self.resting.pop(trade.client_order_id, None)
        sign = 1 if trade.side == Side.BUY else -1
        self.held[trade.instrument] += sign * trade.quantity
        self.cash -= sign * trade.quantity * trade.price + trade.fee

    def notional(self, instrument: UUID) -> Decimal:
        """What is held of it and what is being bought."""
        buying = (
            order.quantity * order.worst_price
            for order in self._at_work(Side.BUY)
            if order.instrument == instrument
        )
        return self.held[instrument] * self.lasts[instrument] + sum(buying, ZERO)

    @property
    def free_cash(self) -> Decimal:
        """Cash less the worst cost of every buy at work."""
        costs = (
            order.quantity * order.worst_price * (1 + order.fee_rate)
            for order in self._at_work(Side.BUY)
        )
        return self.cash - sum(costs, ZERO)

    def _at_work(self, side: Side) -> Iterator[PaperOrder]:
        return (order for order in self.resting.values() if order.side == side)

    def _look(self, moment: Moment) -> None:
        """Note each limit that this moment has broken; while it stays broken it counts once."""
        for limit, instrument, holds, text in self._state(moment.order.instrument):
            if holds:
                self.broken.discard((limit, instrument))
            elif (limit, instrument) not in self.broken:
                self.broken.add((limit, instrument))
                self.breaches.append(Breach(limit, f"{text} at {moment.at:%H:%M:%S.%f}"))

    def _state(self, instrument: UUID) -> Iterator[tuple[Limit, UUID | None, bool, str]]:
        entries, cap = self.caps.entries, self.caps.notional
        if entries is not None:
            within = self.entries <= entries
            yield Limit.ENTRIES, None, within, f"{self.entries} entries of {entries}"
        if cap is not None:
            notional = self.notional(instrument)
            yield Limit.NOTIONAL, instrument, notional <= cap, f"{notional:.2f} held of {cap}"
        yield Limit.CASH, None, self.free_cash >= 0, f"{self.free_cash:.2f} in cash"
        selling = (order for order in self._at_work(Side.SELL) if order.instrument == instrument)
        offered = sum((order.quantity for order in selling), ZERO)
        held = self.held[instrument]
        yield Limit.OVERSOLD, instrument, offered <= held, f"{offered} offered of {held}"


def walk(
    orders: Sequence[PaperOrder],
    trades: Sequence[PaperTrade],
    *,
    caps: Caps,
    lasts: Mapping[UUID, Decimal],
) -> Walk:
    """Look at every instant at which the exchange took an order or made a trade."""
    walked = Walk(caps, lasts)
    for moment in moments(orders, trades):
        walked.go(moment)
    return walked


def moments(orders: Sequence[PaperOrder], trades: Sequence[PaperTrade]) -> list[Moment]:
    """Placings and trades in the order of time; an order never trades before it was placed."""
    known = {order.client_order_id: order for order in orders}
    happened = [Moment(order.placed_at, order) for order in orders]
    for trade in trades:
        order = known[trade.client_order_id]
        happened.append(Moment(max(trade.at, order.placed_at), order, trade))
    return sorted(happened, key=lambda moment: (moment.at, moment.trade is not None))


def overblocked(*, name: str, limit: Decimal, reached: Decimal, largest: Decimal) -> list[Breach]:
    """A breach when more room is left below the limit than the largest order could have taken."""
    if limit - reached <= largest:
        return []
    return [Breach(Limit.OVERBLOCKED, f"{name} ended at {reached:.2f} of {limit:.2f}")]
