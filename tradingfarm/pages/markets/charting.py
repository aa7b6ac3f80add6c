"""Candles as charts draw them: columns of plain numbers, times as Unix seconds in UTC.

They are drawn and nothing else, so floats will do; no sum of money is made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from uuid import UUID

import numpy as np

from market.domain.candles import Bars, Floats, Timeframe
from market.models import Quote
from market.selectors.candles import bars
from tradingfarm.pages.markets.studies import WARM_UP, Study

AT_ONCE = 400
PLACES = 8
Column = list[float | None]


@dataclass(frozen=True)
class ChartPart:
    """Some candles of a chart in order of time. `has_more`: older ones are stored.

    `candles` names columns of one length; `studies` has columns by indicator and line, with None
    while it is warming up.
    """

    starts: tuple[int, ...]
    candles: dict[str, Column]
    studies: dict[str, dict[str, Column]]
    has_more: bool


@dataclass(frozen=True)
class RunningCandle:
    """The candle that a quote is a part of, so far; `start` in Unix seconds."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def chart_part(
    *,
    feed_name: str,
    instrument_id: UUID,
    timeframe: Timeframe,
    until: datetime,
    studies: Sequence[Study] = (),
    limit: int = AT_ONCE,
) -> ChartPart:
    """The newest 400 candles that were complete at `until` (market time). One query."""
    warm_up = WARM_UP if studies else 1
    history = bars(
        feed=feed_name,
        instrument=instrument_id,
        timeframe=timeframe,
        until=until,
        limit=limit + warm_up,
    )
    shown = history[-limit:]
    return ChartPart(
        starts=starts_of(bars=shown),
        candles={
            name: column(getattr(shown, name))
            for name in ("open", "high", "low", "close", "volume")
        },
        studies={
            study.name: {
                line: column(values[-limit:]) for line, values in study.lines(history).items()
            }
            for study in studies
        },
        has_more=len(history) > limit,
    )


def running_candle(*, quote: Quote, timeframe: Timeframe | None) -> RunningCandle | None:
    """The day's candle so far; None where the quote does not know it, or it is not of a day."""
    if timeframe is not Timeframe.D1 or None in (quote.day_open, quote.bar_high, quote.bar_low):
        return None
    midnight = quote.as_of.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return RunningCandle(
        start=int(midnight.timestamp()),
        open=float(quote.day_open or 0),
        high=float(quote.bar_high or 0),
        low=float(quote.bar_low or 0),
        close=float(quote.last),
        volume=float(quote.volume),
    )


def starts_of(*, bars: Bars) -> tuple[int, ...]:
    """When each candle starts, in Unix seconds."""
    return tuple((bars.start.astype(np.int64) // 1_000_000).tolist())


def column(values: Floats) -> Column:
    """Numbers for JSON: no more than eight places, None for what is not a number."""
    return [round(value, PLACES) if isfinite(value) else None for value in values.tolist()]
