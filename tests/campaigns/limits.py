"""Whether limits held at every instant, judged by the exchange's own orders and trades."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
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
    ORDER_VALUE = "order_value"
    SECTOR = "sector"
    AGENT = "agent"
    POSITIONS = "positions"
    LOSS = "loss"
    OVERBLOCKED = "overblocked"


@dataclass(frozen=True)
class Caps:
    """The limits that an account was given; None does not bind.

    `notional` is per instrument, `of_sector` and `of_agent` are what all instruments of a sector
    or all orders of an agent may be worth, `loss` what may be lost before the last entry.
    """

    deposit: Decimal
    entries: int | None = None
    notional: Decimal | None = None
    order_value: Decimal | None = None
    of_sector: Decimal | None = None
    of_agent: Decimal | None = None
    positions: int | None = None
    loss: Decimal | None = None


@dataclass(frozen=True)
class World:
    """What the exchange does not know: prices, sectors, and whose order is whose by its id."""

    lasts: Mapping[UUID, Decimal]
    sectors: Mapping[UUID, str] = field(default_factory=dict)
    agents: Mapping[str, UUID | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """An order was placed at `at`, or traded when `trade` is given."""

    at: datetime
    order: PaperOrder
    trade: PaperTrade | None = None


Found = tuple[Limit, object, bool, str]
"""A limit, what it is a limit of, whether it holds, and the numbers in words."""
Capped = tuple[Limit, Decimal | int | None, object, Callable[[], Decimal | int]]


@dataclass
class Walk:
    """The account as the exchange alone can know it, moved from moment to moment.

    What is held counts at its last price, a buy at work at its worst price and with its fee in
    cash. An order that was canceled counts as an entry and as nothing else: the exchange does not
    say how long it rested.
    """

    caps: Caps
    world: World
    cash: Decimal = ZERO
    entries: int = 0
    most_notional: Decimal = ZERO
    least_cash: Decimal = ZERO
    most_value: Decimal = ZERO
    held: defaultdict[UUID, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    of_agents: defaultdict[tuple[UUID | None, UUID], Decimal] = field(
        default_factory=lambda: defaultdict(Decimal)
    )
    resting: dict[str, PaperOrder] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    broken: set[tuple[Limit, object]] = field(default_factory=set)

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
        self.most_value = max(self.most_value, order.quantity * order.worst_price)
        if order.state != "CANCELED":
            self.resting[order.client_order_id] = order

    def _trade(self, trade: PaperTrade) -> None:
        self.resting.pop(trade.client_order_id, None)
        sign = 1 if trade.side == Side.BUY else -1
        self.held[trade.instrument] += sign * trade.quantity
        agent = self.world.agents.get(trade.client_order_id)
        self.of_agents[agent, trade.instrument] += sign * trade.quantity
        self.cash -= sign * trade.quantity * trade.price + trade.fee

    def notional(self, instrument: UUID) -> Decimal:
        """What is held of it and what is being bought."""
        buying = (
            order.quantity * order.worst_price
            for order in self._at_work(Side.BUY)
            if order.instrument == instrument
        )
        return self.held[instrument] * self.world.lasts[instrument] + sum(buying, ZERO)

    def of_sector(self, name: str) -> Decimal:
        """What all instruments of a sector are worth, with what is being bought."""
        return sum(
            (self.notional(key) for key, of in self.world.sectors.items() if of == name), ZERO
        )

    def of_agent(self, agent: UUID | None) -> Decimal:
        """What one agent holds and is buying."""
        held = (
            quantity * self.world.lasts[instrument]
            for (owner, instrument), quantity in self.of_agents.items()
            if owner == agent
        )
        buying = (
            order.quantity * order.worst_price
            for order in self._at_work(Side.BUY)
            if self.world.agents.get(order.client_order_id) == agent
        )
        return sum(held, ZERO) + sum(buying, ZERO)

    @property
    def positions(self) -> int:
        """Instruments that are held or being bought."""
        busy = {key for key, quantity in self.held.items() if quantity}
        return len(busy | {order.instrument for order in self._at_work(Side.BUY)})

    @property
    def loss(self) -> Decimal:
        """What fees, spread and slippage have cost so far; prices stand still."""
        worth = (quantity * self.world.lasts[key] for key, quantity in self.held.items())
        return self.caps.deposit - self.cash - sum(worth, ZERO)

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
        for limit, of, holds, text in self._state(moment):
            if holds:
                self.broken.discard((limit, of))
            elif (limit, of) not in self.broken:
                self.broken.add((limit, of))
                self.breaches.append(Breach(limit, f"{text} at {moment.at:%H:%M:%S.%f}"))

    def _state(self, moment: Moment) -> Iterator[Found]:
        instrument = moment.order.instrument
        yield Limit.CASH, None, self.free_cash >= 0, f"{self.free_cash:.2f} in cash"
        selling = (order for order in self._at_work(Side.SELL) if order.instrument == instrument)
        offered = sum((order.quantity for order in selling), ZERO)
        held = self.held[instrument]
        yield Limit.OVERSOLD, instrument, offered <= held, f"{offered} offered of {held}"
        for limit, cap, of, number in self._capped(moment):
            if cap is not None:
                yield limit, of, number() <= cap, f"{number():.2f} of {cap}"

    def _capped(self, moment: Moment) -> Iterator[Capped]:
        """Each limit with its cap, what it is a limit of, and the number that it caps."""
        caps, order = self.caps, moment.order
        sector = self.world.sectors.get(order.instrument, "")
        agent = self.world.agents.get(order.client_order_id)
        yield Limit.ENTRIES, caps.entries, None, lambda: self.entries
        yield (
            Limit.NOTIONAL,
            caps.notional,
            order.instrument,
            partial(self.notional, order.instrument),
        )
        yield Limit.SECTOR, caps.of_sector, sector, partial(self.of_sector, sector)
        yield Limit.AGENT, caps.of_agent, agent, partial(self.of_agent, agent)
        yield Limit.POSITIONS, caps.positions, None, lambda: self.positions
        if moment.trade is None and order.side == Side.BUY:
            value = order.quantity * order.worst_price
            yield Limit.ORDER_VALUE, caps.order_value, order.client_order_id, lambda: value
            yield Limit.LOSS, caps.loss, None, lambda: self.loss


def walk(
    orders: Sequence[PaperOrder],
    trades: Sequence[PaperTrade],
    *,
    caps: Caps,
    world: World,
) -> Walk:
    """Look at every instant at which the exchange took an order or made a trade."""
    walked = Walk(caps, world)
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
