"""OKX pages backwards."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from trading.exchanges.ccxt.answers import at, text
from trading.exchanges.ccxt.asking import Answered
from trading.exchanges.ccxt.desks.desk import Desk, milliseconds
from trading.exchanges.ccxt.reading import Row


class OkxDesk(Desk):
    """Lists go backwards by the last row's id."""

    def _listed(self, page: Callable[[dict[str, Any]], list[Row]], key: str) -> list[Row]:
        def cursor(answered: Answered) -> str:
            rows = at(answered.body, "data")
            full = isinstance(rows, list) and len(rows) >= self.terms.page
            return text(rows, len(rows) - 1, key) if full and isinstance(rows, list) else ""

        return self.asker.pages(
            lambda after: page({"after": after} if after else {}), cursor=cursor
        )

    def open_orders(self) -> list[Row]:
        return self._listed(
            lambda more: self.api.fetch_open_orders(None, None, self.terms.page, more), "ordId"
        )

    def trades_of(self, row: Row) -> list[Row]:
        return self._listed(
            lambda more: self.api.fetch_order_trades(
                row["id"], row["symbol"], None, self.terms.page, more
            ),
            "billId",
        )

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        start = milliseconds(since)
        return self._listed(
            lambda more: self.api.fetch_my_trades(None, start, None, more), "billId"
        )

    def may_withdraw(self) -> bool | None:
        told = self.asker.ask(self.api.privateGetAccountConfig).body
        return "withdraw" in text(told, "data", 0, "perm").split(",")
