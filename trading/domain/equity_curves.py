"""Equity curves: what there was at moments of market time, net of what was paid in and out.

Amounts are Decimal, in the account's currency. Ratios are float, for statistics and pages only;
none of them finds its way back into money. What is not defined is None, never NaN or infinite.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

from tradingfarm.kernel.money import MONEY, ZERO

ONE = Decimal(1)
MICROSECOND = timedelta(microseconds=1)
NO_TIME = timedelta()

ROUNDING = Decimal("1E-18")
"""A chain of growth rounds in its 28th digit, so what is this close to a high has reached it."""


class OutOfOrder(ValueError):
    """The points of an equity curve do not follow each other in time."""


@dataclass(frozen=True)
class Point:
    """What there was at a moment of market time. `cash` is the part that was not invested."""

    moment: datetime
    equity: Decimal
    cash: Decimal | None = None


@dataclass(frozen=True)
class Movement:
    """A deposit (positive) or withdrawal (negative) at a moment of market time."""

    moment: datetime
    amount: Decimal


@dataclass(frozen=True)
class Growth:
    """What one unit of money became in the period that ended at `moment`: 1.01 gains 1 %."""

    moment: datetime
    factor: Decimal


def growth(*, points: Sequence[Point], movements: Iterable[Movement]) -> tuple[Growth, ...]:
    """Growth from each point to the next as if nothing had been paid in or out. Raises OutOfOrder.

    Chained, they are the time-weighted return; within a period a movement counts for the time that
    it was there (modified Dietz), so one at the moment of a point leaves every return as it was. A
    period without money has no growth and is left out; none is below zero.
    """
    ordered = sorted(movements, key=lambda movement: movement.moment)
    moments = [movement.moment for movement in ordered]
    found = []
    for before, after in pairwise(points):
        if before.moment >= after.moment:
            raise OutOfOrder(f"{after.moment} does not follow {before.moment}.")
        first, last = (bisect_right(moments, point.moment) for point in (before, after))
        factor = _factor(before, after, ordered[first:last])
        if factor is not None:
            found.append(Growth(after.moment, factor))
    return tuple(found)


def _factor(before: Point, after: Point, movements: Sequence[Movement]) -> Decimal | None:
    length = after.moment - before.moment
    base, gained = before.equity, after.equity - before.equity
    for movement in movements:
        base += movement.amount * _part(after.moment - movement.moment, of=length)
        gained -= movement.amount
    return max(ONE + gained / base, ZERO) if base > 0 else None


def _part(time: timedelta, *, of: timedelta) -> Decimal:
    return Decimal(time // MICROSECOND) / Decimal(of // MICROSECOND)


def chained(steps: Iterable[Growth]) -> Decimal:
    """What one unit of money became over all periods."""
    return math.prod((step.factor for step in steps), start=ONE)


def total_return(steps: Sequence[Growth]) -> float | None:
    """The time-weighted return over all periods: 0.5 is 50 %."""
    return finite(float(chained(steps)) - 1) if steps else None


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall from a high, as a part of it from 0 to 1, and the longest time below one.

    Without any fall there is no peak and no trough. A fall that was not made good lasts until the
    last point.
    """

    depth: float = 0.0
    peak_at: datetime | None = None
    trough_at: datetime | None = None
    longest: timedelta = NO_TIME


def drawdown(*, start: datetime, steps: Iterable[Growth]) -> Drawdown:
    """The deepest and the longest fall of the time-weighted curve that is 1 at `start`."""
    value = high = ONE
    high_at, longest, was_below = start, NO_TIME, False
    depth, peak_at, trough_at = ZERO, None, None
    for step in steps:
        value *= step.factor
        fallen = ONE - value / high
        is_below = fallen > ROUNDING
        if is_below or was_below:
            longest = max(longest, step.moment - high_at)
        if not is_below:
            high, high_at = max(high, value), step.moment
        elif fallen > depth:
            depth, peak_at, trough_at = fallen, high_at, step.moment
        was_below = is_below
    return Drawdown(float(depth), peak_at, trough_at, longest)


def gain(*, points: Sequence[Point], movements: Iterable[Movement]) -> Decimal:
    """What equity gained from the first point to the last without what was paid in or out."""
    if not points:
        return ZERO
    first, last = points[0], points[-1]
    within = (it.amount for it in movements if first.moment < it.moment <= last.moment)
    with localcontext(MONEY):
        return last.equity - first.equity - sum(within, ZERO)


def invested_share(points: Sequence[Point]) -> float | None:
    """The part of equity that was not cash, averaged over time; each point holds until the next.

    Of the points whose cash is known and whose equity is positive; None without any.
    """
    known = [
        ((point.equity - point.cash) / point.equity, lasted)
        for point, lasted in _lasting(points)
        if point.cash is not None and point.equity > 0
    ]
    return _weighted(known)


def average_equity(points: Sequence[Point]) -> float | None:
    """The mean over time, each point holding until the next; None with fewer than two."""
    return _weighted([(point.equity, lasted) for point, lasted in _lasting(points)])


def _lasting(points: Sequence[Point]) -> Iterator[tuple[Point, timedelta]]:
    for point, following in pairwise(points):
        yield point, following.moment - point.moment


def _weighted(values: Sequence[tuple[Decimal, timedelta]]) -> float | None:
    total = sum((lasted for _, lasted in values), NO_TIME)
    if not total:
        return None
    return float(sum((value * _part(lasted, of=total) for value, lasted in values), ZERO))


def ratio(value: float, to: float) -> float | None:
    """One number over another; None where that is not a finite number."""
    return finite(value / to) if to else None


def finite(value: float | Decimal) -> float | None:
    """The value as float; None where it is too large for one."""
    number = float(value)
    return number if math.isfinite(number) else None
