"""From candles and the newest price to what a context says of a symbol. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from math import isfinite

import numpy as np

from agents.domain.contexts import Benchmark, HoursView, Indicators, SymbolView
from market.domain import indicators
from market.domain.candles import Bar, Bars, Floats

HISTORY = 320
LONG = 200
YEAR = 250
PRICE = 6
PERCENT = 2
BPS = 10_000


@dataclass(frozen=True)
class QuoteFacts:
    """A quote with what its instrument asks of orders; prices as the feed gives them."""

    symbol: str
    as_of: datetime
    last: Decimal
    bid: Decimal
    ask: Decimal
    volume: Decimal
    day_open: Decimal | None
    previous_close: Decimal | None
    bar_high: Decimal | None
    bar_low: Decimal | None
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal
    days_per_year: int = indicators.STOCK_DAYS


def known_bars(quote: QuoteFacts, bars: Bars) -> Bars:
    """Daily candles with the day that is running as the last one, as far as it has gone."""
    today = datetime.combine(quote.as_of.astimezone(UTC).date(), time.min, tzinfo=UTC)
    if len(bars) and bars.start[-1] >= np.datetime64(today.replace(tzinfo=None)):
        return bars
    high = max(quote.bar_high or quote.last, quote.last)
    low = min(quote.bar_low or quote.last, quote.last)
    opened = min(max(quote.day_open or quote.last, low), high)
    return bars.followed_by(Bar(today, opened, high, low, quote.last, quote.volume))


def symbol_view(
    *, quote: QuoteFacts, bars: Bars, benchmark: Benchmark, hours: HoursView
) -> SymbolView:
    """What a context says of one symbol. `bars` are daily candles complete at the quote's time."""
    known = indicators_of(quote=quote, bars=bars)
    change, against = known.change_20_pct, benchmark.change_20_pct
    return SymbolView(
        symbol=quote.symbol,
        as_of=quote.as_of,
        last=quote.last,
        bid=quote.bid,
        ask=quote.ask,
        spread_bps=_decimal(float((quote.ask - quote.bid) / quote.last) * BPS, PERCENT),
        tick_size=quote.tick_size,
        lot_size=quote.lot_size,
        minimum_notional=quote.minimum_notional,
        day_change_pct=_day_change(quote),
        indicators=known,
        strength_pct=None if change is None or against is None else change - against,
        hours=hours,
    )


def benchmark_of(*, pairs: Sequence[tuple[QuoteFacts, Bars]]) -> Benchmark:
    """The equal-weighted mean of all symbols that are known well enough; None where none is."""
    views = [(quote, indicators_of(quote=quote, bars=bars)) for quote, bars in pairs]
    changes = [known.change_20_pct for _, known in views if known.change_20_pct is not None]
    rising = [change > 0 for quote, _ in views if (change := _day_change(quote)) is not None]
    above = [quote.last > known.sma_20 for quote, known in views if known.sma_20 is not None]
    mean = sum(changes, Decimal(0)) / len(changes) if changes else None
    return Benchmark(
        change_20_pct=None if mean is None else round(mean, PERCENT),
        rising_today_pct=_percent_true(rising),
        above_sma_20_pct=_percent_true(above),
    )


def indicators_of(*, quote: QuoteFacts, bars: Bars) -> Indicators:
    """The newest value of every indicator over the candles and the day that is running."""
    known = known_bars(quote, bars)
    close = known.close
    histogram = indicators.macd(close).histogram
    volatility = indicators.volatility(close, periods_per_year=quote.days_per_year)
    average = indicators.volume_average(bars.volume) if len(bars) else bars.volume
    return Indicators(
        candles=len(known),
        rsi=_newest(indicators.rsi(close), PERCENT),
        macd_histogram=_newest(histogram, PRICE),
        macd_histogram_before=_newest(histogram[:-1], PRICE),
        sma_20=_newest(indicators.sma(close, period=20), PRICE),
        sma_50=_newest(indicators.sma(close, period=50), PRICE),
        sma_200=_newest(indicators.sma(close, period=LONG), PRICE),
        atr=_newest(indicators.atr(known), PRICE),
        volatility_pct=_newest(volatility * 100, PERCENT),
        change_5_pct=_change(close, 5),
        change_20_pct=_change(close, 20),
        change_200_pct=_change(close, LONG),
        below_high_pct=_below_high(known),
        average_volume=_newest(average, 0),
        last_volume=_newest(bars.volume, 0),
    )


def _day_change(quote: QuoteFacts) -> Decimal | None:
    if not quote.previous_close:
        return None
    return round((quote.last / quote.previous_close - 1) * 100, PERCENT)


def _change(close: Floats, days: int) -> Decimal | None:
    if len(close) <= days:
        return None
    return _decimal((close[-1] / close[-1 - days] - 1) * 100, PERCENT)


def _below_high(bars: Bars) -> Decimal | None:
    """How far the newest close is below the highest high of 250 days, in percent, 0 or more."""
    if len(bars) < YEAR:
        return None
    return _decimal((1 - bars.close[-1] / bars.high[-YEAR:].max()) * 100, PERCENT)


def _percent_true(claims: list[bool]) -> Decimal | None:
    return round(Decimal(100 * sum(claims)) / len(claims), PERCENT) if claims else None


def _newest(values: Floats, places: int) -> Decimal | None:
    return _decimal(values[-1], places) if len(values) and isfinite(values[-1]) else None


def _decimal(value: float, places: int) -> Decimal:
    """From the shortest text of the float, rounded half to even: the same on every platform."""
    return round(Decimal(repr(float(value))), places)
