"""The outside market: what one order finds when it arrives.

Liquidity comes back after every order, so that what one account does never changes what another
one gets. Orders of accounts meet this book only, not each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from tests.exchanges.terms import PRICED, STOPS, ZERO, Terms

LEVELS = 10


@dataclass(frozen=True)
class Level:
    """So much base at this price."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True)
class Book:
    """The last price, and both sides with the best level first."""

    last: Decimal
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    def __post_init__(self) -> None:
        prices = [self.last, *(level.price for level in (*self.bids, *self.asks))]
        if min(prices) <= 0:
            raise ValueError("Prices are above zero; the fault bad_tick shows others.")
        if self.bids and self.asks and self.bids[0].price >= self.asks[0].price:
            raise ValueError("The best bid is below the best ask.")

    def against(self, side: str) -> tuple[Level, ...]:
        """What an order of this side can take."""
        return self.asks if side == "BUY" else self.bids


def ladder(*, price: Decimal, tick: Decimal, size: Decimal, levels: int = LEVELS) -> Book:
    """A book around `price`: levels one tick apart, each with `size`."""
    steps = range(1, levels + 1)
    return Book(
        last=price,
        bids=tuple(Level(price - tick * step, size) for step in steps if price > tick * step),
        asks=tuple(Level(price + tick * step, size) for step in steps),
    )


def taken(
    levels: Iterable[Level], *, side: str, quantity: Decimal, limit: Decimal | None
) -> Iterator[Level]:
    """What an order takes, best price first, no further than its limit."""
    for level in levels:
        size = min(quantity, level.quantity)
        if size <= 0 or not _reaches(side, level.price, limit):
            return
        yield Level(level.price, size)
        quantity -= size


def _reaches(side: str, price: Decimal, limit: Decimal | None) -> bool:
    if limit is None:
        return True
    return price <= limit if side == "BUY" else price >= limit


def affordable(levels: Iterable[Level], *, budget: Decimal, lot: Decimal) -> Iterator[Level]:
    """As much of the levels as `budget` pays for, in whole lots."""
    for level in levels:
        size = min(level.quantity, whole(budget / level.price, lot))
        if size <= 0:
            return
        yield Level(level.price, size)
        budget -= level.price * size


def portion(levels: Iterable[Level], *, fraction: Decimal, lot: Decimal) -> Iterator[Level]:
    """A fraction of everything that would be taken, in whole lots, at least one."""
    everything = list(levels)
    total = sum((level.quantity for level in everything), ZERO)
    allowed = max(whole(total * fraction, lot), min(lot, total))
    return taken(everything, side="BUY", quantity=allowed, limit=None)


def in_pieces(levels: Iterable[Level], *, pieces: int, lot: Decimal) -> Iterator[Level]:
    """Each level as several smaller trades; the last one takes what does not divide."""
    for level in levels:
        left = level.quantity
        for _ in range(pieces - 1):
            size = whole(level.quantity / pieces, lot)
            if size:
                yield Level(level.price, size)
                left -= size
        yield Level(level.price, left)


def whole(quantity: Decimal, lot: Decimal) -> Decimal:
    """The quantity in whole lots, rounded down."""
    return (quantity / lot).quantize(Decimal(1), rounding=ROUND_DOWN) * lot


def takes(terms: Terms, book: Book) -> Iterator[Level]:
    """What an order of these terms would take from the book at once."""
    limit = terms.price if terms.type in PRICED else None
    return taken(book.against(terms.side), side=terms.side, quantity=terms.quantity, limit=limit)


def triggers(terms: Terms, last: Decimal) -> bool:
    """Whether the last price has reached the stop price.

    The stop of a buy and the target of a sale lie above the market, the others below.
    """
    if terms.stop_price is None:
        return False
    if (terms.side == "BUY") == (terms.type in STOPS):
        return last >= terms.stop_price
    return last <= terms.stop_price
