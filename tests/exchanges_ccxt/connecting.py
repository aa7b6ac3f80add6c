"""The adapter connected to a server on this machine, as fast as the machine allows."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from trading.domain.credentials import Credentials
from trading.domain.exchange import Exchange, Placing, Sent
from trading.domain.states import Side
from trading.exchanges.ccxt.exchange import CcxtExchange

ACCOUNT = UUID("00000000-0000-4000-8000-0000000000aa")


class HastyClock:
    """Wall time of this machine, but waiting takes none of it; `waited` is in seconds."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - adapters are tested against real servers

    def sleep(self, seconds: float) -> None:
        self.waited += max(seconds, 0)


class Desks:
    """One adapter for each account; a call goes to the account that it names."""

    def __init__(self, exchanges: Mapping[UUID, CcxtExchange]) -> None:
        self._exchanges = dict(exchanges)
        first = next(iter(self._exchanges.values()))
        self.delays, self.capabilities = first.delays, first.capabilities

    def __getattr__(self, name: str):
        def passed_on(*arguments, **named):
            return getattr(self._of(*arguments, **named), name)(*arguments, **named)

        return passed_on

    def _of(self, *arguments, **named) -> Exchange:
        if "account_id" in named:
            return self._exchanges[named["account_id"]]
        asked = [*arguments, *named.get("orders", ()), named.get("order")]
        about = next((each for each in asked if each is not None), None)
        return self._exchanges[about.account_id] if about else next(iter(self._exchanges.values()))

    def close(self) -> None:
        for exchange in self._exchanges.values():
            exchange.close()


def connected(
    venue: str,
    *,
    url: str,
    account_id: UUID = ACCOUNT,
    key: str = "the-key",
    secret: str = "the-secret",
    password: str = "",
    wallet: str = "",
    base_currency: str = "USDT",
    symbols: Iterable[str] = (),
) -> CcxtExchange:
    """The adapter, without ccxt's own pauses between requests."""
    exchange = CcxtExchange(
        venue=venue,
        credentials=Credentials(key, secret, password=password, wallet=wallet),
        base_currency=base_currency,
        sandbox=False,
        base_url=url,
        clock=HastyClock(),
        account_id=account_id,
        symbols=symbols,
    )
    exchange._opened().api.enableRateLimit = False
    return exchange


def placing(number: int = 1, **changes) -> Placing:
    """A market buy of a hundredth at 61,000 at most."""
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "client_order_id": f"tfl{number:026}",
        "instrument_id": ACCOUNT,
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "quantity": Decimal("0.01"),
        "worst_price": Decimal(61000),
        "deadline": HastyClock().now() + timedelta(seconds=5),
    }
    return Placing(**(values | changes))


def sent(order: Placing, *, exchange_order_id: str = "") -> Sent:
    return Sent(
        account_id=order.account_id,
        client_order_id=order.client_order_id,
        exchange_order_id=exchange_order_id,
        symbol=order.symbol,
        since=order.deadline - timedelta(seconds=5),
    )
