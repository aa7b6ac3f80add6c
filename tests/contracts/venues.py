"""What the contract suite needs of each exchange: the adapter, and a hand on its market.

A new exchange joins the suite by a class with the same methods, named in `conftest.VENUES`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.db import OperationalError, connection

from market.selectors.quotes import quotes
from tests.factories import NOW, make_account, make_feed, make_instrument, make_quote, wall
from trading.domain.exchange import Exchange, Placing
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from trading.exchanges.paper import PaperExchange, match
from trading.models import PaperOrder

PLENTY = "1000000"
NUMBERS = {"quantity", "worst_price", "limit_price", "stop_price"}


class Venue(Protocol):
    """One exchange with an account on it, and an instrument: it stands at 100, there is plenty.

    Ten of it are a sound order, and so are four; prices with two decimals lie on its tick. The
    account has money enough, holds nothing of the instrument at first, and pays in `currency`.
    """

    exchange: Exchange
    currency: str

    def placing(self, number: int, *, late: bool = False, **terms: Any) -> Placing:
        """A market buy of ten, not beyond 105, that is told apart by its number.

        A late one is past its deadline. `terms` are other fields of Placing, numbers as text.
        """

    def another_account(self) -> UUID:
        """An account that orders nothing."""

    def foreign_order(self) -> str:
        """Somebody else's buy of four at 90 rests in the account; the id that the exchange has."""

    def move(self, price: str, *, quantity: str = PLENTY) -> None:
        """Bid, ask and last come to `price`, and what rests there trades.

        One order can take `quantity` there, until the next move. Market time goes on.
        """

    def trade(self) -> None:
        """Let the market take what came since. Nothing is left to do where it takes at once."""

    @contextmanager
    def line_is_cut(self) -> Iterator[None]:
        """Nothing reaches the exchange inside."""

    def close(self) -> None:
        """Leave nothing behind."""


@dataclass
class PaperVenue:
    """Each order may take half of the volume, so twice what one can take is traded."""

    exchange: Exchange = field(default_factory=PaperExchange)
    currency: str = "USD"

    def __post_init__(self) -> None:
        self.account = make_account(participation_pct=Decimal(50))
        self.instrument = make_instrument()
        self.now = NOW
        self._quote("100", PLENTY)

    def placing(self, number: int, *, late: bool = False, **terms: Any) -> Placing:
        values: dict[str, Any] = {
            "account_id": self.account.id,
            "client_order_id": f"tfp{number:026}",
            "instrument_id": self.instrument.id,
            "symbol": self.instrument.symbol,
            "side": Side.BUY,
            "quantity": Decimal(10),
            "worst_price": Decimal(105),
            "deadline": wall() + timedelta(seconds=-1 if late else 60),
            "good_until": self.now + timedelta(hours=6),
        }
        return Placing(**(values | in_decimals(terms)))

    def another_account(self) -> UUID:
        return make_account(number=1, feed=make_feed()).id

    def foreign_order(self) -> str:
        order = PaperOrder.objects.create(
            client_order_id="of-somebody-else",
            account_key=self.account.id,
            feed_name=self.account.feed_id,
            instrument_key=self.instrument.id,
            side=Side.BUY,
            quantity=Decimal(4),
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            limit_price=Decimal(90),
            worst_price=Decimal(90),
            fee_rate=self.account.fee_rate,
            slippage_bps=self.account.slippage_bps,
            seed=self.account.seed,
            state=OrderState.OPEN,
            placed_at=wall(),
        )
        return str(order.id)

    def move(self, price: str, *, quantity: str = PLENTY) -> None:
        self.now += timedelta(minutes=1)
        self._quote(price, quantity)
        self.trade()

    def trade(self) -> None:
        feed = self.account.feed_id
        match(feed_name=feed, quotes=quotes(feed=feed), now=self.now, at=wall())

    @contextmanager
    def line_is_cut(self) -> Iterator[None]:
        with connection.execute_wrapper(_refused):
            yield

    def close(self) -> None:
        """Its rows go with the test's transaction."""

    def _quote(self, price: str, quantity: str) -> None:
        make_quote(self.instrument, price, volume=str(2 * Decimal(quantity)), as_of=self.now)


def in_decimals(terms: dict[str, Any]) -> dict[str, Any]:
    """The terms with every number that was given as text as a Decimal."""
    return {
        name: Decimal(value) if name in NUMBERS and value is not None else value
        for name, value in terms.items()
    }


def _refused(*_: object) -> None:
    raise OperationalError("The connection is lost.")
