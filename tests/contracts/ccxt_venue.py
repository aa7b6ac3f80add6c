"""Binance through ccxt, against the exchange of `tests.exchanges`, for the contract suite."""

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from tests.contracts.venues import PLENTY, in_decimals
from tests.exchanges.serving import ServedExchange, serve
from tests.exchanges_ccxt.connecting import Desks, connected
from tests.factories import wall
from trading.domain.exchange import Exchange, Placing
from trading.domain.states import Side

PATHS = ("order", "openOrders", "myTrades", "account", "time", "exchangeInfo")
TICK = Decimal("0.01")
HOUSE = UUID("00000000-0000-4000-8000-000000000001")


@cache
def served() -> ServedExchange:
    """One for all tests of this process; it ends with the process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(serve())


class CcxtVenue:
    """XYZ against USDT. Each account has an adapter of its own; `exchange` passes calls on."""

    currency = "USDT"

    def __init__(self) -> None:
        self._served = served()
        self._served.reset()
        self._served.do(
            "list_symbol", base="XYZ", tick=TICK, lot="0.01", min_notional="5", price="100"
        )
        self._served.account("main", balances={"USDT": "100000"})
        self._accounts = {name: uuid5(HOUSE, name) for name in ("main", "second")}
        desks = {
            account_id: connected(
                "binance",
                url=self._served.url,
                account_id=account_id,
                key=f"key-of-{name}",
                secret=f"secret-of-{name}",
                symbols=["XYZ/USDT"],
            )
            for name, account_id in self._accounts.items()
        }
        self._desks = Desks(desks)
        self.exchange: Exchange = self._desks
        self.move("100")
        # Markets are known long before an order comes, so that a cut line meets the order itself.
        self.exchange.balances(account_id=self._accounts["main"])

    def placing(self, number: int, *, late: bool = False, **terms: Any) -> Placing:
        values: dict[str, Any] = {
            "account_id": self._accounts["main"],
            "client_order_id": f"tfl{number:026}",
            "instrument_id": HOUSE,
            "symbol": "XYZ/USDT",
            "side": Side.BUY,
            "quantity": Decimal(10),
            "worst_price": Decimal(105),
            "deadline": wall() + timedelta(seconds=-1 if late else 60),
            "good_until": wall() + timedelta(hours=6),
        }
        return Placing(**(values | in_decimals(terms)))

    def another_account(self) -> UUID:
        return self._accounts["second"]

    def foreign_order(self) -> str:
        order = self._served.foreign(
            "main",
            symbol="XYZUSDT",
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity="4",
            price="90",
        )
        return str(order["orderId"])

    def move(self, price: str, *, quantity: str = PLENTY) -> None:
        bid, ask = str(Decimal(price) - TICK), price
        self._served.book("XYZUSDT", bids=[[bid, quantity]], asks=[[ask, quantity]], last=price)

    def trade(self) -> None:
        """It takes at once."""

    @contextmanager
    def line_is_cut(self) -> Iterator[None]:
        for path in PATHS:
            self._served.fault("reset_before_engine", path=f"/api/v3/{path}", times=1_000_000)
        yield
        self._served.disarm()

    def close(self) -> None:
        self._desks.close()
