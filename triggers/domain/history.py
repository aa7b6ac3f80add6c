"""Where a price trigger would have fired: its condition over candles, each played as four ticks.

A candle goes from its open through its extremes to its close, in the order in which a replay plays
it (`market.domain.replaying.extremes`). What an engine fires on a replay is therefore the same; on
a stream the true path inside of a candle is not known, and this one stands for it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from market.domain.candles import Bars, Floats
from market.domain.conditions import (
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
)

Truth = npt.NDArray[np.bool_]
PATH = 4
Priced = Above | Below | CrossesAbove | CrossesBelow


@dataclass(frozen=True, eq=False)
class LookBack:
    """One entry for each candle.

    `line` is the price that the condition waited for, `fired_at` the price at which it became true
    first within the candle; NaN where there was none.
    """

    line: Floats
    fired_at: Floats

    @property
    def fired(self) -> Truth:
        """The candles within which it would have fired."""
        return ~np.isnan(self.fired_at)


def look_back(*, condition: Condition, bars: Bars) -> LookBack:
    """Where `condition` became true in a history, oldest first. What was true at first is not."""
    prices = path(bars)
    line = _line(condition, bars)
    truth = _truth(condition, prices, line[:, None])
    before = np.concatenate([np.ones(min(1, truth.size), dtype=np.bool_), truth.ravel()[:-1]])
    edges = truth & ~before.reshape(truth.shape)
    first = np.argmax(edges, axis=1)
    at_first = prices[np.arange(len(bars)), first]
    return LookBack(line, np.where(edges.any(axis=1), at_first, np.nan))


def path(bars: Bars) -> Floats:
    """The four prices of each candle in order: open, the two extremes, close; one row each."""
    rises = bars.close >= bars.open
    early, late = np.where(rises, bars.low, bars.high), np.where(rises, bars.high, bars.low)
    return np.column_stack([bars.open, early, late, bars.close]).reshape(-1, PATH)


def _line(condition: Condition, bars: Bars) -> Floats:
    if isinstance(condition, ChangePercent):
        return condition.line(bars)
    return np.full(len(bars), float(_priced(condition).price))


def _truth(condition: Condition, prices: Floats, line: "npt.NDArray[Any]") -> Truth:
    """As `watching.is_true` sees it: crossings are read as lying beyond the price."""
    if isinstance(condition, ChangePercent):
        return prices >= line if condition.percent > 0 else prices <= line
    is_above = isinstance(condition, Above | CrossesAbove)
    return prices > line if is_above else prices < line


def _priced(condition: Condition) -> Priced:
    if isinstance(condition, Above | Below | CrossesAbove | CrossesBelow):
        return condition
    raise TypeError(f"{condition!r} cannot be watched tick by tick.")
