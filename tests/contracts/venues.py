"""What the contract suite needs of each exchange: the adapter, and a hand on its market.

A new exchange joins the suite by a class with the same methods, named in VENUES.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import OperationalError, connection

from market.selectors.quotes import quotes
from tests.factories import NOW, make_account, make_feed, make_instrument, make_quote, wall
from trading.domain.exchange import Exchange, Placing
from trading.domain.states import Side
from trading.exchanges.paper import PaperExchange, match


class Venue(Protocol):
    """One exchange with an account on it, and an instrument whose price is 100."""

    exchange: Exchange

    def placing(self, number: int, *, worst_price: str = "105", late: bool = False) -> Placing:
        """A buy of ten, told apart by its number. A late one is past its deadline."""

    def another_account(self) -> UUID:
        """An account that orders nothing."""

    def trade(self) -> None:
        """Let the market take what it takes at a price of 100."""

    @contextmanager
    def line_is_cut(self) -> Iterator[None]:
        """Nothing reaches the exchange inside."""


@dataclass
class PaperVenue:
    exchange: Exchange = field(default_factory=PaperExchange)

    def __post_init__(self) -> None:
        self.account = make_account()
        self.instrument = make_instrument()
        make_quote(self.instrument, "100")

    def placing(self, number: int, *, worst_price: str = "105", late: bool = False) -> Placing:
        return Placing(
            account_id=self.account.id,
            client_order_id=f"tfp{number:026}",
            instrument_id=self.instrument.id,
            symbol=self.instrument.symbol,
            side=Side.BUY,
            quantity=Decimal(10),
            worst_price=Decimal(worst_price),
            deadline=_deadline(late=late),
        )

    def another_account(self) -> UUID:
        return make_account(number=1, feed=make_feed()).id

    def trade(self) -> None:
        match(feed_name="prices", quotes=quotes(feed="prices"), now=NOW, at=wall())

    @contextmanager
    def line_is_cut(self) -> Iterator[None]:
        with connection.execute_wrapper(_refused):
            yield


def _deadline(*, late: bool) -> datetime:
    return wall() + timedelta(seconds=-1 if late else 60)


def _refused(*_: object) -> None:
    raise OperationalError("The connection is lost.")


VENUES = (PaperVenue,)
