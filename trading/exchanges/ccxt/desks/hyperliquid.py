"""Hyperliquid knows wallets and their agents."""

from collections.abc import Iterable
from datetime import datetime

from trading.exchanges.ccxt.asking import Answered
from trading.exchanges.ccxt.client import Misconfigured
from trading.exchanges.ccxt.desks.desk import BEFORE, MILLISECOND, Desk, milliseconds
from trading.exchanges.ccxt.reading import Row


class HyperliquidDesk(Desk):
    """Trades go forward from a moment. A wallet's own key may withdraw, an agent's may not."""

    def trades_of(self, row: Row) -> list[Row]:
        return self._forward(row["timestamp"] - BEFORE // MILLISECOND)

    def trades(self, *, since: datetime, symbols: Iterable[str]) -> list[Row]:
        return self._forward(milliseconds(since))

    def _forward(self, start: int) -> list[Row]:
        def cursor(answered: Answered) -> int:
            full = len(answered.found) >= self.terms.page
            return max(trade["timestamp"] for trade in answered.found) if full else 0

        return self.asker.pages(
            lambda after: self.api.fetch_my_trades(None, after or start), cursor=cursor
        )

    def may_withdraw(self) -> bool | None:
        try:
            owner = self.api.eth_get_address_from_private_key(self.api.privateKey)
        except ValueError as error:
            raise Misconfigured("The account's secret is no private key.") from error
        return bool(owner.lower() == self.api.walletAddress.lower())
