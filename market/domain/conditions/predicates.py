"""The shared language of triggers, workflows and backtests: what may be asked of a price history.

A condition answers for one moment (`holds`: the last bar) and for a whole history (`mask`: every
bar). Both use only what was known at that bar: holds(bars[:i + 1]) == mask(bars)[i] for every i.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from market.domain.candles import Bars, Floats
from market.domain.levels import Direction, Level
from tradingfarm.kernel.errors import FarmError

Mask = npt.NDArray[np.bool_]
Reference = Literal["open"] | int

OPEN: Literal["open"] = "open"
MAX_BARS_AGO = 10_000
# The share of a level by which floats may be off; touching the level must count all the same.
TOLERANCE = 1e-12


class InvalidCondition(FarmError):
    """A condition that makes no sense; the message says what is wrong and what is allowed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Condition(Protocol):
    """A question to a price history that is answered with yes or no."""

    def holds(self, bars: Bars) -> bool:
        """The answer at the last bar. No bars, or too few to tell, is no."""

    def mask(self, bars: Bars) -> Mask:
        """The answer at every bar, each with nothing later than that bar."""

    def levels(self, bars: Bars) -> tuple[Level, ...]:
        """The prices at which the answer turns to yes while the last bar is running.

        Empty when the bars are too few to tell.
        """


@dataclass(frozen=True)
class _AgainstPrice:
    """What the four questions about one price share."""

    price: Decimal

    def __post_init__(self) -> None:
        if not self.price.is_finite() or self.price <= 0:
            raise InvalidCondition(f"{self.price} is no price; give a number above 0.")


class _Upwards(_AgainstPrice):
    def levels(self, bars: Bars) -> tuple[Level, ...]:
        return (Level(float(self.price), Direction.UP, inclusive=False),)


class _Downwards(_AgainstPrice):
    def levels(self, bars: Bars) -> tuple[Level, ...]:
        return (Level(float(self.price), Direction.DOWN, inclusive=False),)


class Above(_Upwards):
    """The close is above a price."""

    def holds(self, bars: Bars) -> bool:
        return len(bars) > 0 and bool(bars.close[-1] > float(self.price))

    def mask(self, bars: Bars) -> Mask:
        return bars.close > float(self.price)


class Below(_Downwards):
    """The close is below a price."""

    def holds(self, bars: Bars) -> bool:
        return len(bars) > 0 and bool(bars.close[-1] < float(self.price))

    def mask(self, bars: Bars) -> Mask:
        return bars.close < float(self.price)


class CrossesAbove(_Upwards):
    """The close is above a price and the close before it was not."""

    def holds(self, bars: Bars) -> bool:
        return len(bars) > 1 and bool(bars.close[-2] <= float(self.price) < bars.close[-1])

    def mask(self, bars: Bars) -> Mask:
        before = _earlier(bars.close, 1)
        return (before <= float(self.price)) & (bars.close > float(self.price))


class CrossesBelow(_Downwards):
    """The close is below a price and the close before it was not."""

    def holds(self, bars: Bars) -> bool:
        return len(bars) > 1 and bool(bars.close[-2] >= float(self.price) > bars.close[-1])

    def mask(self, bars: Bars) -> Mask:
        before = _earlier(bars.close, 1)
        return (before >= float(self.price)) & (bars.close < float(self.price))


@dataclass(frozen=True)
class ChangePercent:
    """The close moved by a signed percentage or more: -3 is a fall of 3 % or more.

    Measured against the open of the bar's day (UTC; the first bar known of that day) or, with a
    number, against the close that many bars ago.
    """

    percent: Decimal
    against: Reference = OPEN

    def __post_init__(self) -> None:
        if not self.percent.is_finite() or self.percent == 0 or self.percent <= -100:
            raise InvalidCondition(
                f"A change of {self.percent} percent is not possible;"
                " give a number above -100 that is not 0, such as -3 or 2.5."
            )
        if self.against != OPEN and not 1 <= self.against <= MAX_BARS_AGO:
            raise InvalidCondition(
                f"A change cannot be measured against {self.against!r};"
                f" use 'open' or a whole number of bars from 1 to {MAX_BARS_AGO}."
            )

    def holds(self, bars: Bars) -> bool:
        return any(level.is_reached(float(bars.close[-1])) for level in self.levels(bars))

    def mask(self, bars: Bars) -> Mask:
        line = self.line(bars)
        return bars.close >= line if self.percent > 0 else bars.close <= line

    def line(self, bars: Bars) -> Floats:
        """The price of its level at every bar; NaN where too few bars came before."""
        against = self.against
        reference = _day_opens(bars) if against == OPEN else _earlier(bars.close, against)
        line: Floats = reference * self._factor
        return line

    def levels(self, bars: Bars) -> tuple[Level, ...]:
        against = self.against
        if len(bars) <= (0 if against == OPEN else against):
            return ()
        if against == OPEN:
            return (self.level_from(float(_day_opens(bars)[-1])),)
        return (self.level_from(float(bars.close[-1 - against])),)

    def level_from(self, reference: float) -> Level:
        """The level for a known reference price, such as the day's open of a quote."""
        direction = Direction.UP if self.percent > 0 else Direction.DOWN
        return Level(reference * self._factor, direction, inclusive=True)

    @property
    def _factor(self) -> float:
        exact = 1 + float(self.percent) / 100
        return exact * (1 - TOLERANCE if self.percent > 0 else 1 + TOLERANCE)


def _earlier(values: Floats, bars: int) -> Floats:
    """`values` moved by some bars: NaN, which compares as no, where nothing came before."""
    moved = np.full(len(values), np.nan)
    moved[bars:] = values[: max(len(values) - bars, 0)]
    return moved


def _day_opens(bars: Bars) -> Floats:
    """At each bar the open of the first bar of its day."""
    days = bars.start.astype("datetime64[D]")
    is_first = np.ones(len(bars), dtype=np.bool_)
    is_first[1:] = days[1:] != days[:-1]
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(bars)), 0))
    opens: Floats = bars.open[first]
    return opens
