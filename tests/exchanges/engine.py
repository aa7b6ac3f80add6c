"""The matching engine: accepts, fills, cancels.

Every change is a new version of an order and a line in the log. Callers hold the exchange's lock.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.exchanges.accounts import Account
from tests.exchanges.books import Book, Level, affordable, in_pieces, portion, takes, triggers
from tests.exchanges.money import charge, needed, paid_asset, settle
from tests.exchanges.record import Record
from tests.exchanges.state import Hidden, Market, Tweak, Version, facts
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import CONDITIONAL, ZERO, Order, Refused, Status, Terms, Trade

CLIENT, VENUE = "client", "venue"


@dataclass
class Engine:
    record: Record
    markets: dict[str, Market] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    versions: dict[int, list[Version]] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    hidden: dict[int, Hidden] = field(default_factory=dict)
    # Set by a fault for the length of one request: the venue's clock is off by so much.
    clock_ms: int = 0
    # A campaign moves time by hand: seconds by which this exchange is ahead of the machine.
    ahead: float = 0.0

    def __post_init__(self) -> None:
        self._open: dict[int, None] = {}
        self._by_client_id: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._tweaks: dict[int, Tweak] = {}
        self._last_order, self._last_trade, self._last_name = 1000, 5000, 0
        self._delay = 0.0

    # ---------------------------------------------------------------------------- questions

    def now_ms(self) -> int:
        """Wall time as the venue believes it, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000 + int(self.ahead * 1000) + self.clock_ms

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def invented_id(self, kind: str) -> str:
        self._last_name += 1
        return f"{kind}-{self._last_name}"

    def orders_named(self, account: str, client_order_id: str) -> list[Order]:
        """Every order of this name, oldest first: a name is free again when its order ended."""
        return [self.orders[id_] for id_ in self._by_client_id[account, client_order_id]]

    def open_orders(self, *, account: str = "", symbol: str = "") -> list[Order]:
        """Oldest first; of every account and symbol unless one is named."""
        found = (self.orders[id_] for id_ in self._open)
        return [
            order
            for order in found
            if account in ("", order.account) and symbol in ("", order.terms.symbol)
        ]

    # ------------------------------------------------------------------------------- orders

    def place(
        self, *, account: Account, terms: Terms, origin: str = CLIENT, tweak: Tweak | None = None
    ) -> Order:
        """Accept and match, or raise Refused. Returns the order after its first match."""
        market = self.markets[terms.symbol]
        self._check(account, terms, market)
        self._last_order += 1
        order = Order(
            id=self._last_order,
            account=account.name,
            terms=terms,
            origin=origin,
            placed_ms=self.now_ms(),
            updated_ms=self.now_ms(),
            is_working=terms.type not in CONDITIONAL,
        )
        if terms.type != "MARKET":
            order = replace(order, locked=needed(terms, book=market.book))
            account.lock(paid_asset(terms, market.symbol), order.locked)
        if tweak:
            self._tweaks[order.id] = tweak
        self.record.write(
            "accepted", order_id=order.id, account=account.name, origin=origin, **facts(terms)
        )
        self._keep(order)
        if order.is_working:
            order = self._take(order)
        self.note_balances(account, cause="order")
        return order

    def _check(self, account: Account, terms: Terms, market: Market) -> None:
        market.symbol.check(terms, last=market.book.last)
        if any(known.is_open for known in self.orders_named(account.name, terms.client_order_id)):
            raise Refused(-2010, "Duplicate order sent.")
        if triggers(terms, market.book.last):
            raise Refused(-2010, "Order would trigger immediately.")
        if terms.type == "LIMIT_MAKER" and any(takes(terms, market.book)):
            raise Refused(-2010, "Order would immediately match and take.")
        account.require(paid_asset(terms, market.symbol), needed(terms, book=market.book))

    def cancel(self, order: Order, *, by: str, status: Status = Status.CANCELED) -> Order:
        """End an open order. Raises Refused (-2011) when it has ended already."""
        if not self.orders[order.id].is_open:
            raise Refused(-2011, "Unknown order sent.")
        order = self._end(self.orders[order.id], status, by=by)
        self.note_balances(self.accounts[order.account], cause="order")
        return order

    def cancel_hiding_fill(self, order: Order, *, quantity: Decimal, seconds: float) -> Order:
        """Fill a part, then cancel; queries see the fill only `seconds` later.

        Returns the order as the cancel reports it, without that fill.
        """
        before = self.orders[order.id]
        self._delay = seconds
        try:
            order = self.fill(before, quantity=quantity)
            if order.is_open:
                self.cancel(order, by=CLIENT)
        finally:
            self._delay = 0.0
        pretended = replace(before, status=Status.CANCELED, locked=ZERO, updated_ms=self.now_ms())
        self.versions[order.id].append(Version(self.monotonic(), pretended))
        return pretended

    # ----------------------------------------------------------------------------- matching

    def move(self, symbol: str, book: Book) -> None:
        """A new outside market: stops trigger, resting orders match, oldest first."""
        self.markets[symbol].book = book
        self.record.write(
            "market",
            symbol=symbol,
            last=book.last,
            bid=book.bids[0].price if book.bids else None,
            ask=book.asks[0].price if book.asks else None,
        )
        for order in self.open_orders(symbol=symbol):
            if order.is_working:
                self._match_resting(order)
            elif triggers(order.terms, book.last):
                self._take(self._trigger(order))
            self.note_balances(self.accounts[order.account], cause="market")

    def fill(
        self, order: Order, *, quantity: Decimal | None = None, price: Decimal | None = None
    ) -> Order:
        """Let an open order trade, wherever the market is; at its own price unless told another.

        Raises ValueError when it has ended.
        """
        order = self.orders[order.id]
        if not order.is_open:
            raise ValueError(f"Order {order.id} is {order.status}.")
        if not order.is_working:
            order = self._trigger(order)
        own = order.terms.price or order.terms.stop_price
        level = Level(
            price or own or self.markets[order.terms.symbol].book.last,
            min(quantity or order.remaining, order.remaining),
        )
        order = self._trade(order, level, is_maker=True)
        self.note_balances(self.accounts[order.account], cause="order")
        return order

    def _trigger(self, order: Order) -> Order:
        """A stop without a limit becomes a market order, which sets nothing aside."""
        self.record.write("triggered", order_id=order.id, account=order.account)
        if order.terms.price is None:
            order = self._unlock(order)
        return self._keep(replace(order, is_working=True, updated_ms=self.now_ms()))

    def _unlock(self, order: Order) -> Order:
        symbol = self.markets[order.terms.symbol].symbol
        self.accounts[order.account].release(paid_asset(order.terms, symbol), order.locked)
        return replace(order, locked=ZERO)

    def _take(self, order: Order) -> Order:
        """Match as the one who comes; what may not rest expires."""
        market = self.markets[order.terms.symbol]
        wanted = replace(order.terms, quantity=order.remaining)
        levels = list(takes(wanted, market.book))
        if order.terms.side == "BUY":
            # A stop that was jumped over may cost more than the account has.
            budget = self.accounts[order.account].free(market.symbol.quote) + order.locked
            levels = list(affordable(levels, budget=budget, lot=market.symbol.lot))
        if order.terms.time_in_force == "FOK" and _total(levels) < order.remaining:
            return self._end(order, Status.EXPIRED, by=VENUE)
        order = self._trade_all(order, levels, is_maker=False)
        if order.is_open and not order.may_rest:
            order = self._end(order, Status.EXPIRED, by=VENUE)
        return order

    def _match_resting(self, order: Order) -> None:
        """Match at the order's own price, as far as the other side of the book goes."""
        if order.terms.price is None:
            self._take(order)
            return
        available = _total(takes(order.terms, self.markets[order.terms.symbol].book))
        quantity = min(available, order.remaining)
        if quantity > 0:
            self._trade_all(order, [Level(order.terms.price, quantity)], is_maker=True)

    def _trade_all(self, order: Order, levels: list[Level], *, is_maker: bool) -> Order:
        lot = self.markets[order.terms.symbol].symbol.lot
        tweak = self._tweaks.pop(order.id, None) if levels else None
        if tweak:
            levels = list(portion(levels, fraction=tweak.fraction, lot=lot))
            levels = list(in_pieces(levels, pieces=tweak.pieces, lot=lot))
        for level in levels:
            order = self._trade(order, level, is_maker=is_maker)
        return order

    def _trade(self, order: Order, level: Level, *, is_maker: bool) -> Order:
        account = self.accounts[order.account]
        order = settle(
            order, level, account=account, symbol=self.markets[order.terms.symbol].symbol
        )
        rate = account.maker if is_maker else account.taker
        fee, asset = charge(order, level, account=account, rate=rate, markets=self.markets)
        filled = order.filled + level.quantity
        order = replace(
            order,
            filled=filled,
            cost=order.cost + level.price * level.quantity,
            status=Status.PARTIALLY_FILLED,
            updated_ms=self.now_ms(),
        )
        self._last_trade += 1
        self._write_trade(
            Trade(
                id=self._last_trade,
                order=order,
                price=level.price,
                quantity=level.quantity,
                fee=fee,
                fee_asset=asset,
                is_maker=is_maker,
                time_ms=self.now_ms(),
                visible_at=self.monotonic() + self._delay,
            )
        )
        if filled == order.terms.quantity:
            return self._end(order, Status.FILLED, by=VENUE)
        return self._keep(order)

    # ------------------------------------------------------------------------------ keeping

    def _end(self, order: Order, status: Status, *, by: str) -> Order:
        order = self._unlock(order)
        self._tweaks.pop(order.id, None)
        self.record.write(
            "ended",
            order_id=order.id,
            account=order.account,
            client_order_id=order.terms.client_order_id,
            status=status,
            filled=order.filled,
            by=by,
        )
        return self._keep(replace(order, status=status, updated_ms=self.now_ms()))

    def _keep(self, order: Order) -> Order:
        if order.id not in self.orders:
            self._by_client_id[order.account, order.terms.client_order_id].append(order.id)
            self.versions[order.id] = []
        self.orders[order.id] = order
        self.versions[order.id].append(Version(self.monotonic() + self._delay, order))
        if order.is_open:
            self._open[order.id] = None
        else:
            self._open.pop(order.id, None)
        return order

    def _write_trade(self, trade: Trade) -> None:
        self.trades.append(trade)
        self.record.write(
            "trade",
            trade_id=trade.id,
            order_id=trade.order.id,
            account=trade.order.account,
            origin=trade.order.origin,
            client_order_id=trade.order.terms.client_order_id,
            symbol=trade.order.terms.symbol,
            side=trade.order.terms.side,
            price=trade.price,
            quantity=trade.quantity,
            fee=trade.fee,
            fee_asset=trade.fee_asset,
            is_maker=trade.is_maker,
        )

    def note_balances(self, account: Account, *, cause: str) -> None:
        """Log the balances and keep them for queries, if they changed."""
        snapshot = account.snapshot()
        if account.history and account.history[-1][1] == snapshot:
            return
        account.history.append((self.monotonic(), snapshot))
        held = {asset: [free, locked] for asset, (free, locked) in snapshot.items()}
        self.record.write("balances", account=account.name, cause=cause, balances=held)

    def drift(self, account: Account, *, asset: str, amount: Decimal) -> None:
        """A balance changes without a trade. Raises ValueError rather than go below zero."""
        account.add(asset, amount)
        self.record.write("drift", account=account.name, asset=asset, amount=amount)
        self.note_balances(account, cause="drift")

    def open_account(self, account: Account) -> None:
        self.accounts[account.name] = account
        self.note_balances(account, cause="start")

    def list_symbol(self, symbol: Symbol, book: Book) -> None:
        self.markets[symbol.name] = Market(symbol, book)


def _total(levels: Iterable[Level]) -> Decimal:
    return sum((level.quantity for level in levels), ZERO)
