"""Bybit keeps open and ended orders in two lists, by the week."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from trading.domain.exchange import Sent
from trading.exchanges.ccxt.answers import at, text
from trading.exchanges.ccxt.desks.desk import BEFORE, Desk
from trading.exchanges.ccxt.reading import EPOCH, Row


class BybitDesk(Desk):
    """Open orders and ended ones are two lists, and each question spans a week at most."""

    def order(self, order: Sent) -> Row | None:
        names = self._names(order) or {"orderId": order.exchange_order_id}
        rows = self.asker.ask(
            lambda: self.api.fetch_open_orders(order.symbol, None, None, dict(names))
        ).found
        return rows[0] if rows else self._ended(order, names)

    def _ended(self, order: Sent, names: dict[str, Any]) -> Row | None:
        for start, until in self._windows(order.since - BEFORE):
            ended = partial(self.api.fetch_canceled_and_closed_orders, order.symbol, start, None)
            rows = self.asker.ask(partial(ended, {**names, **until})).found
            if rows:
                row: Row = rows[0]
                return row
        return None

    def _listed(self, page: Callable[[dict[str, Any]], list[Row]]) -> list[Row]:
        return self.asker.pages(
            lambda cursor: page({"cursor": cursor} if cursor else {}),
            cursor=lambda answered: (
                text(answered.body, "result", "nextPageCursor")
                if at(answered.body, "result", "list")
                else ""
            ),
        )

    def open_orders(self) -> list[Row]:
        return self._listed(
            lambda more: self.api.fetch_open_orders(None, None, self.terms.page, more)
        )

    def trades_of(self, row: Row) -> list[Row]:
        placed_at = EPOCH + timedelta(milliseconds=row["timestamp"])
        return self._spanned(placed_at - BEFORE, row["symbol"], {"orderId": row["id"]})

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        return self._spanned(since, None, {})

    def _spanned(self, since: datetime, symbol: str | None, names: dict[str, Any]) -> list[Row]:
        rows: list[Row] = []
        for start, until in self._windows(since):
            asked = {**names, **until}
            rows += self._listed(partial(self._executions, symbol, start, asked))
        return rows

    def _executions(
        self, symbol: str | None, start: int, asked: dict[str, Any], more: dict[str, Any]
    ) -> list[Row]:
        rows: list[Row] = self.api.fetch_my_trades(
            symbol, start, self.terms.page, {**asked, **more}
        )
        return rows

    def may_withdraw(self) -> bool | None:
        told = self.asker.ask(self.api.privateGetV5UserQueryApi).body
        wallet = at(told, "result", "permissions", "Wallet")
        reads_only = text(told, "result", "readOnly") == "1"
        return not reads_only and isinstance(wallet, list) and "Withdraw" in wallet
