"""A large order in equal slices over time (TWAP): how large each is, and when the next is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tradingfarm.kernel.money import ZERO, ceil_to_step, floor_to_step

MOST_SLICES = 100


@dataclass(frozen=True)
class Slicing:
    """How an order is cut: into so many slices, so far apart in market time."""

    slices: int
    interval: timedelta


def slice_quantity(
    *, quantity: Decimal, sent: Decimal, planned: int, made: int, lot_size: Decimal
) -> Decimal:
    """The next slice: what is left by the slices that are left, in whole lots rounded up.

    The last one takes the rest. A slice is never more than what is left, so the sum of all slices
    is the quantity at most. Zero when nothing is left.
    """
    left = quantity - sent
    if left <= 0 or made >= planned:
        return ZERO
    return min(ceil_to_step(left / (planned - made), lot_size), floor_to_step(left, lot_size))


def slices_for(*, value: Decimal, largest: Decimal) -> int:
    """How many slices of at most `largest` (a value) an order worth `value` needs."""
    return min(max(int(ceil_to_step(value / largest, Decimal(1))), 1), MOST_SLICES)


def next_due(*, due_at: datetime, interval: timedelta, now: datetime) -> datetime:
    """When the slice after this one is due: those that were missed do not follow all at once."""
    return max(due_at + interval, now + interval / 2)
