"""The fault-injecting exchange's engine inside this process, on a clock that is moved by hand.

It keeps its own log, in seconds of that clock. A stop is sent to it as the farm's adapter sends it
to such a venue: as a stop whose limit is the order's worst price. The account holds more of the
asset than anybody is told, so that the exchange would carry out a sale of more than is held.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from tests.exchanges.accounts import Account, Balance
from tests.exchanges.books import ladder
from tests.exchanges.engine import VENUE, Engine
from tests.exchanges.log import ExchangeLog
from tests.exchanges.record import Event, Record, plain
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import Order, Refused, Status, Terms
from trading.domain.exchange import (
    Capabilities,
    Delays,
    ExchangeUnavailable,
    FoundOrder,
    FoundTrade,
    Outcome,
    OutcomeKind,
    Placing,
    Report,
    Sent,
    Trade,
)
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from tradingfarm.kernel.clock import ManualClock

OWNER, BASE, QUOTE = "main", "XYZ", "USD"
SYMBOL = f"{BASE}{QUOTE}"
TICK, LOT = Decimal("0.01"), Decimal(1)
HIDDEN = Decimal(100_000)
"""What the account holds besides, untold."""
PLENTY = Decimal(1_000_000)
STATES = {
    Status.NEW: OrderState.OPEN,
    Status.PARTIALLY_FILLED: OrderState.PARTIALLY_FILLED,
    Status.FILLED: OrderState.FILLED,
    Status.CANCELED: OrderState.CANCELED,
    Status.EXPIRED: OrderState.EXPIRED,
}
TYPES = {
    OrderType.MARKET: "LIMIT",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP: "STOP_LOSS_LIMIT",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
}


class ClockedRecord(Record):
    """The log in memory; `at` is seconds of the clock since 1970."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(None)
        self._clock = clock

    def write(self, event: str, **fields: object) -> None:
        now = self._clock.now()
        told = {"sequence": len(self.events) + 1, "at": now.timestamp(), "wall": now.isoformat()}
        line = json.dumps({**told, "event": event, **fields}, default=plain)
        parsed: Event = json.loads(line)
        self.events.append(parsed)


class ClockedEngine(Engine):
    """The engine of `tests.exchanges`, but for the time."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(ClockedRecord(clock))
        self._clock = clock

    def now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


@dataclass
class Trouble:
    """What goes wrong with the next orders: how many stops are refused, how many answers lost.

    `lies`: a cancel is confirmed, and the order rests all the same; planted, to be found.
    """

    refused_stops: int = 0
    lost_answers: int = 0
    is_silent: bool = False
    lies: bool = False
    forsaken: set[str] = field(default_factory=set)


class Venue:
    """One account at the exchange, as the farm meets it. `rests`: it keeps stop orders."""

    delays = Delays(
        send_window=timedelta(seconds=5),
        clock_error=timedelta(seconds=1),
        query_lag=timedelta(seconds=2),
        between_queries=timedelta(seconds=1),
    )

    def __init__(self, *, clock: ManualClock, cash: Decimal, price: Decimal, rests: bool) -> None:
        self.clock = clock
        self.trouble = Trouble()
        self.engine = ClockedEngine(clock)
        self.size = PLENTY
        symbol = Symbol(BASE, QUOTE, TICK, LOT, Decimal(1), price, PLENTY)
        self.engine.list_symbol(symbol, ladder(price=price, tick=TICK, size=PLENTY))
        self._account = Account(
            name=OWNER,
            key="key",
            secret="secret",
            balances={QUOTE: Balance(cash), BASE: Balance(HIDDEN)},
            fee_in=QUOTE,
        )
        self.engine.open_account(self._account)
        types = set(OrderType) if rests else {OrderType.MARKET, OrderType.LIMIT}
        self.capabilities = Capabilities(
            order_types=frozenset(types), times_in_force=frozenset(TimeInForce)
        )

    # --------------------------------------------------------------------- the market's own hand

    def move(self, price: Decimal) -> None:
        """A new last price with a book around it; stops trigger, resting orders match."""
        self.engine.move(SYMBOL, ladder(price=price, tick=TICK, size=self.size))

    def open_sells(self) -> list[Order]:
        return [order for order in self.engine.open_orders() if order.terms.side == "SELL"]

    def end_stops(self) -> int:
        """The venue ends every resting stop by itself; how many."""
        stops = [order for order in self.open_sells() if order.terms.stop_price is not None]
        for order in stops:
            self.engine.cancel(order, by=VENUE, status=Status.EXPIRED)
        return len(stops)

    def fill_entry(self, part: Decimal) -> None:
        """Let a part of a resting buy trade, in whole lots, at its own price."""
        for order in self.engine.open_orders():
            if order.terms.side == "BUY":
                quantity = max((order.remaining * part) // LOT * LOT, LOT)
                self.engine.fill(order, quantity=quantity)

    @property
    def held(self) -> Decimal:
        """By the trades of the account, which is what was bought less what was sold."""
        return self.log.positions(OWNER).get(SYMBOL, Decimal(0))

    def covered(self) -> Decimal:
        """How much open sells would sell: of one that was triggered, only at a price it takes."""
        bid = self.engine.markets[SYMBOL].book.bids[0].price
        return sum(
            (
                order.remaining
                for order in self.open_sells()
                if not order.is_working or (order.terms.price or bid) <= bid
            ),
            Decimal(0),
        )

    @property
    def log(self) -> ExchangeLog:
        return ExchangeLog(self.engine.record.events)

    # ------------------------------------------------------------------------ what the farm asks

    def place(self, placing: Placing) -> Outcome:
        is_stop = placing.order_type.has_stop
        if is_stop and self.trouble.refused_stops:
            self.trouble.refused_stops -= 1
            return Outcome(OutcomeKind.REJECTED, problem="Order would trigger immediately.")
        try:
            order = self.engine.place(account=self._account, terms=_terms(placing))
        except Refused as refused:
            return Outcome(OutcomeKind.REJECTED, problem=refused.message)
        if self.trouble.lost_answers:
            self.trouble.lost_answers -= 1
            return Outcome(OutcomeKind.UNKNOWN, problem="No answer.")
        return Outcome(OutcomeKind.ACCEPTED, exchange_order_id=str(order.id))

    def reports(self, *, orders: Iterable[Sent]) -> Mapping[str, Report]:
        self._answer()
        named = {order.client_order_id: self._named(order.client_order_id) for order in orders}
        return {key: self._report(order) for key, order in named.items() if order is not None}

    def cancel(self, *, order: Sent) -> None:
        self._answer()
        found = self._named(order.client_order_id)
        if found is None or not found.is_open:
            return
        if self.trouble.lies and found.terms.stop_price is not None:
            self.trouble.forsaken.add(order.client_order_id)
            return
        self.engine.cancel(found, by="client")

    def open_orders(self, *, account_id: UUID) -> tuple[FoundOrder, ...]:
        self._answer()
        return tuple(
            _found(order)
            for order in self.engine.open_orders()
            if order.terms.client_order_id not in self.trouble.forsaken
        )

    def trades(self, *, account_id: UUID, since: datetime) -> tuple[FoundTrade, ...]:
        self._answer()
        return tuple(
            FoundTrade(
                client_order_id=told.client_order_id,
                exchange_order_id=str(told.order_id),
                symbol=BASE,
                side=Side(told.side.lower()),
                trade=self._trade(told.trade_id),
            )
            for told in self.log.trades()
            if told.wall >= since
        )

    def balances(self, *, account_id: UUID) -> Mapping[str, Decimal]:
        self._answer()
        found = {name: held.free + held.locked for name, held in self._account.balances.items()}
        found[BASE] -= HIDDEN
        return {name: amount for name, amount in found.items() if amount}

    def clock_offset(self, *, account_id: UUID) -> timedelta:
        self._answer()
        return timedelta(0)

    def arm_dead_man(self, *, account_id: UUID, timeout: timedelta) -> None:
        raise ExchangeUnavailable("It has no dead-man timer.")

    def _answer(self) -> None:
        if self.trouble.is_silent:
            raise ExchangeUnavailable("No answer.")

    def _named(self, client_order_id: str) -> Order | None:
        found = self.engine.orders_named(OWNER, client_order_id)
        return found[-1] if found else None

    def _report(self, order: Order) -> Report:
        name = order.terms.client_order_id
        state = OrderState.CANCELED if name in self.trouble.forsaken else STATES[order.status]
        trades = tuple(
            self._trade(trade.id) for trade in self.engine.trades if trade.order.id == order.id
        )
        return Report(name, str(order.id), state, trades)

    def _trade(self, trade_id: int) -> Trade:
        made = next(trade for trade in self.engine.trades if trade.id == trade_id)
        return Trade(
            trade_id=str(made.id),
            quantity=made.quantity,
            price=made.price,
            fee=made.fee,
            as_of=datetime.fromtimestamp(made.time_ms / 1000, UTC),
            fee_currency=made.fee_asset,
            is_maker=made.is_maker,
        )


def _terms(placing: Placing) -> Terms:
    is_market = placing.order_type is OrderType.MARKET
    return Terms(
        symbol=SYMBOL,
        side=placing.side.value.upper(),
        type=TYPES[placing.order_type],
        quantity=placing.quantity,
        client_order_id=placing.client_order_id,
        time_in_force="IOC" if is_market else "GTC",
        price=placing.limit_price if placing.order_type.has_limit else placing.worst_price,
        stop_price=placing.stop_price,
    )


def _found(order: Order) -> FoundOrder:
    return FoundOrder(
        client_order_id=order.terms.client_order_id,
        exchange_order_id=str(order.id),
        symbol=BASE,
        side=Side(order.terms.side.lower()),
        quantity=order.terms.quantity,
        filled_quantity=order.filled,
        order_type=OrderType.LIMIT,
        limit_price=order.terms.price,
        placed_at=datetime.fromtimestamp(order.placed_ms / 1000, UTC),
    )
