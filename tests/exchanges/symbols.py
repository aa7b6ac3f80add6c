"""What is traded, and the filters that an order has to pass."""

from dataclasses import dataclass
from decimal import Decimal

from tests.exchanges.terms import Refused, Terms

LARGEST_PRICE = Decimal(1_000_000)


@dataclass(frozen=True)
class Symbol:
    """One pair. `tick`, `min_notional` and `price` are in quote, `lot` and `largest` in base."""

    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    price: Decimal
    largest: Decimal = Decimal(9000)

    @property
    def name(self) -> str:
        return f"{self.base}{self.quote}"

    def check(self, terms: Terms, *, last: Decimal) -> None:
        """Raise Refused (-1013) for the first filter that the terms do not pass."""
        for price in (terms.price, terms.stop_price):
            if price is not None and not self._is_price(price):
                raise _failure("PRICE_FILTER")
        if not self._is_quantity(terms.quantity):
            raise _failure("LOT_SIZE")
        if terms.quantity * (terms.price or terms.stop_price or last) < self.min_notional:
            raise _failure("NOTIONAL")

    def _is_price(self, price: Decimal) -> bool:
        return self.tick <= price <= LARGEST_PRICE and price % self.tick == 0

    def _is_quantity(self, quantity: Decimal) -> bool:
        return self.lot <= quantity <= self.largest and quantity % self.lot == 0


def _failure(name: str) -> Refused:
    return Refused(-1013, f"Filter failure: {name}")


def _symbol(base: str, tick: str, lot: str, min_notional: str, price: str) -> Symbol:
    return Symbol(base, "USDT", Decimal(tick), Decimal(lot), Decimal(min_notional), Decimal(price))


# BNB is there to pay fees with.
SYMBOLS = (
    _symbol("BTC", "0.01", "0.00001", "10", "60000"),
    _symbol("ETH", "0.05", "0.0001", "5", "3000"),
    _symbol("SOL", "0.001", "0.01", "1", "150"),
    _symbol("BNB", "0.1", "0.001", "5", "600"),
)
