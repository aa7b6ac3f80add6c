"""What a venue says, in its own words, of one market and one account.

The shapes follow the venues' documentation; every amount is text, as it comes from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.exchanges_ccxt.connecting import HastyClock, connected
from tests.exchanges_ccxt.venue_server import Asked, VenueServer
from trading.exchanges.ccxt.exchange import CcxtExchange
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.terms import VenueTerms
from trading.exchanges.ccxt.venues import VENUES

Json = Any


def named(rows: list[Json], asked: Asked, keys: Mapping[str, str]) -> list[Json]:
    """The rows that a request names; `keys` are its fields, and the fields of a row."""
    wanted = [(key, asked.fields[field]) for field, key in keys.items() if field in asked.fields]
    return [row for row in rows if all(str(row[key]) == str(value) for key, value in wanted)]


@dataclass(frozen=True)
class Told:
    """An order as the venue tells of it; `ending` is its own word, empty for one at work."""

    order_id: str
    client_id: str
    quantity: str = "0.01"
    filled: str = "0"
    price: str = "61000"
    ending: str = ""


@dataclass(frozen=True)
class Trade:
    """A trade as the venue tells of it. The fee is in the currency that the venue takes it in."""

    trade_id: str
    order_id: str
    quantity: str = "0.01"
    price: str = "60000"
    fee: str = "0.6"


class Story:
    """One venue. `now` is the time that its clock shows."""

    venue: str
    currency = "USDT"
    fee_currency = ""
    order_ids = ("1001", "1002")
    key: dict[str, Any] = {"key": "the-key", "secret": "the-secret"}

    def __init__(self, server: VenueServer) -> None:
        self.server = server
        self.now = HastyClock().now()
        self.open_the_market()

    @property
    def terms(self) -> VenueTerms:
        return VENUES[self.venue]

    @property
    def symbol(self) -> str:
        return f"BTC/{self.currency}"

    @property
    def placing_path(self) -> str:
        return f"POST *{self.terms.order_path}"

    def connect(self) -> CcxtExchange:
        return connected(self.venue, url=self.server.url, base_currency=self.currency, **self.key)

    def known_as(self, client_order_id: str) -> str:
        return venue_id(client_order_id, terms=self.terms)

    def milliseconds(self, *, ago: timedelta = timedelta(0)) -> int:
        return int((self.now - ago).timestamp() * 1000)

    def open_the_market(self) -> None:
        """Everything that is asked for before the first order."""
        raise NotImplementedError

    def taken(self, order_id: str, client_id: str) -> Json:
        """The answer to an order that was taken."""
        raise NotImplementedError

    def refused(self, code: str) -> Json:
        """The answer to an order that was refused, or to anything else, with this code."""
        raise NotImplementedError

    def knows(self, *orders: Told) -> None:
        """From now on these are all orders that there are."""
        raise NotImplementedError

    def traded(self, *trades: Trade) -> None:
        """From now on these are all trades that there are."""
        raise NotImplementedError

    def holds(self, **balances: tuple[str, str]) -> None:
        """Assets with what is free and what is locked."""
        raise NotImplementedError

    def clock_shows(self, moment: datetime) -> None:
        raise NotImplementedError

    def cancels(self) -> None:
        """From now on a cancel succeeds."""
        raise NotImplementedError

    def key_may(self, *, withdraw: bool) -> None:
        raise NotImplementedError

    canceling_path = ""

    def sent(self) -> tuple[str, str]:
        """Quantity and price of the newest order request, as the venue read them."""
        raise NotImplementedError
