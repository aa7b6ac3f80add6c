"""An equity curve with a point for each market day, continued day by day.

What `trading.domain.equity_curves` finds in all points of a curve, from where it stood on the day
before and the newest point. So a snapshot costs the same however long an account has been trading.

A day's point moves until the day is over. That is why a course remembers the day before: every
point of the running day continues from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.domain.equity_curves import (
    MICROSECOND,
    ONE,
    ROUNDING,
    Growth,
    Movement,
    Point,
    growth,
)
from tradingfarm.kernel.money import ZERO

NEWEST = 400
"""So many daily returns are kept: what is said of their distribution is said of these days."""
PLACES = 10
"""Of a return that is kept."""
WEEKS = 104
"""So many ends of weeks are kept, for a small line of P&L."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Curve:
    """An equity curve as far as it has come. Moments are market time, amounts the account's.

    `growth` is what one unit of money became without what was paid in or out, `factor` the last
    day's part of it, `high` the most it was. `deepest` is the deepest fall from a high, 0 to 1.
    `equity_days` and `share_days` are sums over time: of equity, and of its invested part (each
    point holds until the next one), the latter over `known_days` of positive equity.
    """

    began_at: datetime
    moment: datetime
    equity: Decimal
    invested: Decimal
    high_at: datetime
    days: int = 0
    factor: Decimal = ONE
    growth: Decimal = ONE
    high: Decimal = ONE
    deepest: Decimal = ZERO
    peak_at: datetime | None = None
    trough_at: datetime | None = None
    equity_days: Decimal = ZERO
    share_days: Decimal = ZERO
    known_days: Decimal = ZERO

    @property
    def fallen(self) -> Decimal:
        """How far it is below its high now, 0 to 1."""
        fallen = ONE - self.growth / self.high
        return fallen if fallen > ROUNDING else ZERO

    @property
    def total_return(self) -> float | None:
        """The time-weighted return: 0.5 is 50 %. None on the first day."""
        return float(self.growth - ONE) if self.days else None

    @property
    def average_equity(self) -> float | None:
        """The mean over time."""
        length = _in_days(self.moment - self.began_at)
        return float(self.equity_days / length) if length else None

    @property
    def exposure(self) -> float | None:
        """The part of equity that was invested, averaged over time, 0 to 1."""
        return float(self.share_days / self.known_days) if self.known_days else None


def begun(*, moment: datetime, equity: Decimal, invested: Decimal = ZERO) -> Curve:
    """A curve of one point."""
    return Curve(began_at=moment, moment=moment, equity=equity, invested=invested, high_at=moment)


def extended(
    curve: Curve, *, moment: datetime, equity: Decimal, invested: Decimal, paid_in: Decimal
) -> Curve:
    """The curve with one point more. Raises OutOfOrder.

    `paid_in` (negative: paid out) came at the end of the time between the two points, so it earned
    nothing in it.
    """
    points = (Point(curve.moment, curve.equity), Point(moment, equity))
    steps = growth(points=points, movements=[Movement(moment, paid_in)])
    lasted, is_known = _in_days(moment - curve.moment), curve.equity > 0
    share = curve.invested / curve.equity if is_known else ZERO
    return _grown(
        replace(
            curve,
            moment=moment,
            equity=equity,
            invested=invested,
            days=curve.days + 1,
            equity_days=curve.equity_days + curve.equity * lasted,
            share_days=curve.share_days + share * lasted,
            known_days=curve.known_days + lasted * is_known,
        ),
        steps[0] if steps else Growth(moment, ONE),
    )


def _grown(curve: Curve, step: Growth) -> Curve:
    curve = replace(curve, factor=step.factor, growth=curve.growth * step.factor)
    if not curve.fallen:
        return replace(curve, high=max(curve.high, curve.growth), high_at=step.moment)
    if curve.fallen > curve.deepest:
        return replace(curve, deepest=curve.fallen, peak_at=curve.high_at, trough_at=step.moment)
    return curve


def _in_days(length: timedelta) -> Decimal:
    return Decimal(length // MICROSECOND) / Decimal(ONE_DAY // MICROSECOND)


@dataclass(frozen=True)
class Course:
    """A curve on one of its days. `day` is the moment at which that market day ends.

    `before` is the curve at the end of the day before, None where it began on this one, and
    `returns` are those of all days until then, the newest NEWEST. `paid_in` is what was paid in
    since, and `weeks` the P&L at the end of each of the newest weeks, by their name.
    """

    day: datetime
    curve: Curve
    before: Curve | None = None
    returns: tuple[float, ...] = ()
    paid_in: Decimal = ZERO
    weeks: tuple[tuple[str, Decimal], ...] = ()

    @property
    def all_returns(self) -> tuple[float, ...]:
        """Those of `returns` and this day's."""
        if self.before is None:
            return self.returns
        return (*self.returns, round(float(self.curve.factor - ONE), PLACES))[-NEWEST:]


@dataclass(frozen=True)
class Close:
    """What there was at the newest known moment of a market day; `pnl` is since the beginning."""

    day: datetime
    moment: datetime
    equity: Decimal
    invested: Decimal
    pnl: Decimal


def reached(course: Course | None, close: Close, *, paid_in: Decimal = ZERO) -> Course:
    """The course at a day's close, or at a later moment of the day that it is on already.

    `paid_in` is what was paid in since this was asked last. Raises OutOfOrder.
    """
    course = _on(course, close)
    paid_in = course.paid_in + paid_in
    if course.before is None:
        curve = begun(moment=close.moment, equity=close.equity, invested=close.invested)
    else:
        curve = extended(
            course.before,
            moment=close.moment,
            equity=close.equity,
            invested=close.invested,
            paid_in=paid_in,
        )
    weeks = _with_week(course.weeks, close)
    return replace(course, curve=curve, paid_in=paid_in, weeks=weeks)


def _on(course: Course | None, close: Close) -> Course:
    """The course on the day of the close, before anything is known of that day."""
    if course is None:
        return Course(close.day, begun(moment=close.moment, equity=close.equity))
    if course.day == close.day:
        return course
    return Course(
        day=close.day,
        curve=course.curve,
        before=course.curve,
        returns=course.all_returns,
        weeks=course.weeks,
    )


def _with_week(
    weeks: Sequence[tuple[str, Decimal]], close: Close
) -> tuple[tuple[str, Decimal], ...]:
    """The weeks with the P&L of the one that the close is in."""
    year, week, _ = close.moment.isocalendar()
    name = f"{year}-W{week:02}"
    kept = weeks[:-1] if weeks and weeks[-1][0] == name else weeks
    return (*kept, (name, close.pnl))[-WEEKS:]


def placed(jumps: Sequence[Decimal], amounts: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """How much of the amounts was paid in during each of the periods in which equity `jumps`.

    A deposit has wall time only, and a replay plays many market days in a minute. So each amount
    is taken to have come in the period whose jump is nearest to it. A large one is found so, and
    a small one does no harm wherever it is taken. Raises ValueError without any period.
    """
    left, paid = list(jumps), [ZERO] * len(jumps)
    for amount in amounts:
        nearest = min(range(len(left)), key=[abs(jump - amount) for jump in left].__getitem__)
        left[nearest] -= amount
        paid[nearest] += amount
    return tuple(paid)
