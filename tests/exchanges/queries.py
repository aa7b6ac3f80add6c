"""The query side: it sees what the engine did, sometimes later, sometimes twice.

Binance answers these questions from a database behind the engine; a view says how far behind.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from tests.exchanges.accounts import Account, Snapshot
from tests.exchanges.engine import Engine
from tests.exchanges.terms import Order, Refused, Trade


@dataclass
class View:
    """How one request sees the books. `lag` and `trade_lag` are in seconds."""

    lag: float = 0.0
    trade_lag: float = 0.0
    copies: int = 1
    shuffled_by: Random | None = None
    price_factor: Decimal = Decimal(1)


@dataclass
class Queries:
    """Everything that one request asks; an order that a fault hides counts it as one look."""

    engine: Engine
    account: Account
    view: View

    def __post_init__(self) -> None:
        self._now = self.engine.monotonic()
        self._denied: dict[int, bool] = {}

    def order(self, *, symbol: str, order_id: int | None, client_order_id: str) -> Order:
        """The order; of several with one name the newest. Raises Refused (-2013)."""
        for order in reversed(self._named(order_id, client_order_id)):
            seen = self._seen(order.id) if order.terms.symbol == symbol else None
            if seen is not None and not self._is_denied(order.id):
                return seen
        raise Refused(-2013, "Order does not exist.")

    def _named(self, order_id: int | None, client_order_id: str) -> list[Order]:
        if order_id is None:
            return self.engine.orders_named(self.account.name, client_order_id)
        order = self.engine.orders.get(order_id)
        return [order] if order and order.account == self.account.name else []

    def all_orders(self, *, symbol: str) -> list[Order]:
        """Oldest first."""
        return [order for order in self._visible(symbol) if not self._is_denied(order.id)]

    def open_orders(self, *, symbol: str = "") -> list[Order]:
        """Oldest first, of every symbol unless one is named."""
        opened = (order for order in self._visible(symbol) if order.is_open)
        return [order for order in opened if not self._is_denied(order.id)]

    def _visible(self, symbol: str) -> Iterator[Order]:
        for id_, newest in self.engine.orders.items():
            if newest.account == self.account.name and symbol in ("", newest.terms.symbol):
                seen = self._seen(id_)
                if seen is not None:
                    yield seen

    def trades(self, *, symbol: str, order_id: int | None = None) -> list[Trade]:
        """Oldest first."""
        seen_until = self._now - max(self.view.lag, self.view.trade_lag)
        return [
            trade
            for trade in self.engine.trades
            if trade.order.account == self.account.name
            and trade.order.terms.symbol == symbol
            and order_id in (None, trade.order.id)
            and trade.visible_at <= seen_until
            and not self._is_denied(trade.order.id)
        ]

    def presented(self, trades: Iterable[Trade]) -> list[Trade]:
        """The same trades, as often and in the order that the view's faults ask for."""
        shown = [trade for trade in trades for _ in range(self.view.copies)]
        chance, before = self.view.shuffled_by, list(shown)
        while chance and shown == before and len({trade.id for trade in shown}) > 1:
            chance.shuffle(shown)
        return shown

    def balances(self) -> Snapshot:
        seen_until = self._now - self.view.lag
        history = self.account.history
        return next((state for at, state in reversed(history) if at <= seen_until), history[0][1])

    def _seen(self, order_id: int) -> Order | None:
        """The version with the newest moment that has come; the later one of two at once."""
        seen = None
        for version in self.engine.versions[order_id]:
            has_come = version.visible_at <= self._now - self.view.lag
            if has_come and (seen is None or version.visible_at >= seen.visible_at):
                seen = version
        return seen.order if seen else None

    def _is_denied(self, order_id: int) -> bool:
        if order_id not in self._denied:
            hidden = self.engine.hidden.get(order_id)
            is_denied = hidden is not None and hidden.looks > 0 and self._now < hidden.until
            if hidden and is_denied:
                hidden.looks -= 1
            self._denied[order_id] = is_denied
        return self._denied[order_id]
