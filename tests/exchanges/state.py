"""What the engine keeps besides orders, trades and accounts."""

from dataclasses import dataclass
from decimal import Decimal

from tests.exchanges.books import Book
from tests.exchanges.symbols import Symbol
from tests.exchanges.terms import Order, Terms


@dataclass
class Market:
    """One symbol and what the outside market offers in it."""

    symbol: Symbol
    book: Book


@dataclass(frozen=True)
class Tweak:
    """How a fault shapes the first match of an order."""

    fraction: Decimal = Decimal(1)
    pieces: int = 1


@dataclass(frozen=True)
class Version:
    """An order as queries see it from `visible_at` on, in monotonic seconds."""

    visible_at: float
    order: Order


@dataclass
class Hidden:
    """An order that queries deny until they asked so often, or until a monotonic second."""

    looks: int
    until: float


def facts(terms: Terms) -> dict[str, object]:
    """The terms as the log writes them."""
    return {
        "client_order_id": terms.client_order_id,
        "symbol": terms.symbol,
        "side": terms.side,
        "type": terms.type,
        "quantity": terms.quantity,
        "price": terms.price,
        "stop_price": terms.stop_price,
        "time_in_force": terms.time_in_force,
    }
