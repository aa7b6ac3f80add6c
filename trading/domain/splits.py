"""A split of shares: more or fewer of them, at the same cost, in whole lots for each owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from trading.domain.ledger import rounded
from tradingfarm.kernel.money import MONEY, ZERO, ceil_to_step


@dataclass(frozen=True)
class Part:
    """One owner's quantity after a split, and the cash instead of what it does not get.

    The cash is negative for who got the rest of a lot that others had a part in: it pays them.
    """

    quantity: Decimal
    cash: Decimal


def divide(
    quantities: Sequence[Decimal], *, ratio: Fraction, lot_size: Decimal, price: Decimal
) -> tuple[Part, ...]:
    """What each owner has after a split into `ratio` new for each old share.

    All of them together keep every whole lot that there is; the exchange pays for the fraction
    that is left, at `price` for one new share. Lots that are made of several owners' fractions go
    to those with the largest, earlier ones first. Sums are exact: quantities to that of the whole
    position, cash to what the exchange pays.
    """
    own = [Fraction(quantity) * ratio for quantity in quantities]
    lot = Fraction(lot_size)
    lots = [part // lot for part in own]
    spare = sum(own) // lot - sum(lots)
    for place in sorted(range(len(own)), key=lambda place: lots[place] * lot - own[place])[:spare]:
        lots[place] += 1
    missing = [part - number * lot for part, number in zip(own, lots, strict=True)]
    cash = _paid(missing, price)
    return tuple(
        Part(MONEY.multiply(Decimal(number), lot_size), paid)
        for number, paid in zip(lots, cash, strict=True)
    )


def _paid(missing: Sequence[Fraction], price: Decimal) -> list[Decimal]:
    """Cash for each, rounded; the largest part bears what rounding leaves of the whole."""
    cash = [rounded(part * Fraction(price)) for part in missing]
    if cash:
        largest = max(range(len(missing)), key=lambda place: abs(missing[place]))
        cash[largest] += rounded(sum(missing) * Fraction(price)) - sum(cash, ZERO)
    return cash


def divided_price(price: Decimal, *, ratio: Fraction, tick_size: Decimal) -> Decimal:
    """The price of a new share for that of an old one, on the tick at or above it.

    A stop at it sells the position for no less than before, so a split never widens one.
    """
    scaled = MONEY.multiply(price, Decimal(ratio.denominator))
    return ceil_to_step(MONEY.divide(scaled, Decimal(ratio.numerator)), tick_size)
