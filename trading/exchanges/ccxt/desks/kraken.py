"""Kraken keeps open and ended orders in two lists."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from trading.domain.exchange import Sent
from trading.exchanges.ccxt.answers import at, text
from trading.exchanges.ccxt.asking import Answered, Cursor
from trading.exchanges.ccxt.desks.desk import BEFORE, Desk, milliseconds
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.reading import Row


class KrakenDesk(Desk):
    """Orders are looked up in lists: its own id by twenty, a client id among open and closed."""

    BATCH = 20
    WITH_TRADES = {"trades": "true"}

    def orders(self, orders: Sequence[Sent]) -> Mapping[str, Row]:
        named = [order for order in orders if order.exchange_order_id]
        unnamed = [order for order in orders if not order.exchange_order_id]
        found: dict[str, Row] = {}
        for first in range(0, len(named), self.BATCH):
            found |= self._by_own_id(named[first : first + self.BATCH])
        return found | self._by_client_id(unnamed)

    def order(self, order: Sent) -> Row | None:
        return self.orders([order]).get(order.client_order_id)

    def _by_own_id(self, orders: Sequence[Sent]) -> dict[str, Row]:
        ids = [order.exchange_order_id for order in orders]
        answered = self.asker.ask_unless(
            lambda: self.api.fetch_orders_by_ids(ids, None, dict(self.WITH_TRADES)),
            unless=self.terms.absent,
        )
        if answered is None and len(orders) > 1:  # one unknown id spoils the batch
            return {
                name: row for order in orders for name, row in self._by_own_id([order]).items()
            }
        rows = {row["id"]: row for row in answered.found} if answered else {}
        return {
            order.client_order_id: rows[order.exchange_order_id]
            for order in orders
            if order.exchange_order_id in rows
        }

    def _by_client_id(self, orders: Sequence[Sent]) -> dict[str, Row]:
        """Open orders first: an order may move from there to the closed ones, not back."""
        if not orders:
            return {}
        found = {row["clientOrderId"]: row for row in self.open_orders()}
        rows: dict[str, Row] = {}
        for order in orders:
            told = venue_id(order.client_order_id, terms=self.terms)
            row = found.get(told) or self._closed(told, since=order.since - BEFORE)
            if row is not None:
                rows[order.client_order_id] = row
        return rows

    def _closed(self, told: str, *, since: datetime) -> Row | None:
        rows = self.asker.ask(
            lambda: self.api.fetch_closed_orders(
                None, milliseconds(since), None, {**self.WITH_TRADES, "clientOrderId": told}
            )
        ).found
        return next((row for row in rows if row["clientOrderId"] == told), None)

    def open_orders(self) -> list[Row]:
        rows: list[Row] = self.asker.ask(
            lambda: self.api.fetch_open_orders(None, None, None, dict(self.WITH_TRADES))
        ).found
        return rows

    def trades_of(self, row: Row) -> list[Row]:
        ids = row["info"].get("trades") or []
        if not ids:
            return []
        rows: list[Row] = self.asker.ask(
            lambda: self.api.fetch_order_trades(row["id"], None, None, None, {"trades": ids})
        ).found
        return rows

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        read = 0

        def page(after: Cursor) -> list[Row]:
            start = milliseconds(since - timedelta(seconds=1))  # the start itself is left out
            rows: list[Row] = self.api.fetch_my_trades(None, start, None, {"ofs": after or 0})
            return rows

        def cursor(answered: Answered) -> int:
            nonlocal read
            rows = at(answered.body, "result", "trades")
            more = len(rows) if isinstance(rows, dict) else 0
            read += more
            return read if more and read < int(text(answered.body, "result", "count") or 0) else 0

        return self.asker.pages(page, cursor=cursor)

    def may_withdraw(self) -> bool | None:
        told = self.asker.ask(self.api.privatePostGetApiKeyInfo).body
        return "withdraw" in str(at(told, "result", "permissions")).lower()
