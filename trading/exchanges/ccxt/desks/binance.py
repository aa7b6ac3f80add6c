"""Binance tells trades by symbol."""

from collections.abc import Iterable
from datetime import datetime

from trading.exchanges.ccxt.asking import Answered, Cursor
from trading.exchanges.ccxt.desks.desk import Desk
from trading.exchanges.ccxt.reading import Row


class BinanceDesk(Desk):
    """Trades are asked for by symbol."""

    def trades_of(self, row: Row) -> list[Row]:
        def page(after: Cursor) -> list[Row]:
            more = {} if after is None else {"fromId": after}
            rows: list[Row] = self.api.fetch_order_trades(
                row["id"], row["symbol"], None, self.terms.page, more
            )
            return rows

        return self.asker.pages(page, cursor=self._following_id)

    def _following_id(self, answered: Answered) -> int | None:
        if len(answered.found) < self.terms.page:
            return None
        return max(int(trade["id"]) for trade in answered.found) + 1

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        rows: list[Row] = []
        for symbol in sorted(symbols):
            for start, until in self._windows(since):
                rows.extend(self._window(symbol, start, until))
        return rows

    def _window(self, symbol: str, start: int, until: dict[str, int]) -> list[Row]:
        def page(after: Cursor) -> list[Row]:
            rows: list[Row] = self.api.fetch_my_trades(
                symbol, start if after is None else after, self.terms.page, until
            )
            return rows

        def cursor(answered: Answered) -> int | None:
            full = len(answered.found) >= self.terms.page
            return max(trade["timestamp"] for trade in answered.found) if full else None

        return self.asker.pages(page, cursor=cursor)

    def may_withdraw(self) -> bool | None:
        answered = self.asker.ask(self.api.sapiGetAccountApiRestrictions)
        return bool(answered.found["enableWithdrawals"])
