"""Coinbase finds an order by its own id only."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from trading.domain.exchange import Sent
from trading.exchanges.ccxt.answers import text
from trading.exchanges.ccxt.desks.desk import BEFORE, Desk, milliseconds
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.reading import Row


class CoinbaseDesk(Desk):
    """An order is found by its client id in the list of all orders only."""

    def order(self, order: Sent) -> Row | None:
        if order.exchange_order_id:
            return super().order(order)
        told = venue_id(order.client_order_id, terms=self.terms)
        since = milliseconds(order.since - BEFORE)
        rows = self._listed(
            lambda more: self.api.fetch_orders(order.symbol, since, self.terms.page, more)
        )
        return next((row for row in rows if row["clientOrderId"] == told), None)

    def _listed(self, page: Callable[[dict[str, Any]], list[Row]]) -> list[Row]:
        return self.asker.pages(
            lambda cursor: page({"cursor": cursor} if cursor else {}),
            cursor=lambda answered: text(answered.body, "cursor"),
        )

    def open_orders(self) -> list[Row]:
        return self._listed(
            lambda more: self.api.fetch_open_orders(None, None, self.terms.page, more)
        )

    def trades_of(self, row: Row) -> list[Row]:
        return self._listed(
            lambda more: self.api.fetch_my_trades(
                None, None, self.terms.page, {"order_ids": [row["id"]], **more}
            )
        )

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        start = milliseconds(since)
        return self._listed(
            lambda more: self.api.fetch_my_trades(None, start, self.terms.page, more)
        )

    def cancel(self, order: Sent) -> None:
        """By its own id alone; what the venue does not know needs no cancel."""
        own_id = order.exchange_order_id
        if not own_id:
            row = self.order(order)
            own_id = str(row["id"]) if row else ""
        if own_id:
            self.asker.tell_unless(
                lambda: self.api.cancel_order(own_id, order.symbol),
                unless=self.terms.too_late_to_cancel,
            )

    def time(self) -> tuple[datetime, datetime]:
        """In milliseconds; ccxt reads the seconds alone."""
        answered = self.asker.ask(self.api.v3PublicGetBrokerageTime)
        return self._moments(int(answered.found["epochMillis"]), answered)

    def may_withdraw(self) -> bool | None:
        told = self.asker.ask(self.api.v3PrivateGetBrokerageKeyPermissions).found
        return bool(told["can_transfer"])
