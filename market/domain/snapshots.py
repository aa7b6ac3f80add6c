"""The newest value of every indicator, as one frozen value for contexts and pages."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from market.domain import indicators
from market.domain.candles import Bars, Floats


@dataclass(frozen=True)
class IndicatorSnapshot:
    """Indicators at the last bar known at `as_of`; None while one is warming up.

    Prices, MACD, ATR, momentum and VWAP are in units of price; RSI is 0 to 100; volatility is a
    share per year (0.3 is 30 %).
    """

    as_of: datetime
    bars: int
    close: float | None
    rsi: float | None
    macd: float | None
    macd_signal: float | None
    macd_histogram: float | None
    sma_20: float | None
    sma_50: float | None
    ema_20: float | None
    bollinger_upper: float | None
    bollinger_middle: float | None
    bollinger_lower: float | None
    atr: float | None
    volatility: float | None
    momentum: float | None
    volume: float | None
    volume_average: float | None
    vwap: float | None


def snapshot(
    bars: Bars, *, as_of: datetime, periods_per_year: float = indicators.STOCK_DAYS
) -> IndicatorSnapshot:
    """Every indicator with its usual period. `bars` holds nothing later than `as_of`.

    120 bars are enough for all of them to be warm; no bars give Nones.
    """
    macd = indicators.macd(bars.close)
    bands = indicators.bollinger(bars.close)
    volatility = indicators.volatility(bars.close, periods_per_year=periods_per_year)
    return IndicatorSnapshot(
        as_of=as_of,
        bars=len(bars),
        close=_newest(bars.close),
        rsi=_newest(indicators.rsi(bars.close)),
        macd=_newest(macd.line),
        macd_signal=_newest(macd.signal),
        macd_histogram=_newest(macd.histogram),
        sma_20=_newest(indicators.sma(bars.close)),
        sma_50=_newest(indicators.sma(bars.close, period=50)),
        ema_20=_newest(indicators.ema(bars.close)),
        bollinger_upper=_newest(bands.upper),
        bollinger_middle=_newest(bands.middle),
        bollinger_lower=_newest(bands.lower),
        atr=_newest(indicators.atr(bars)),
        volatility=_newest(volatility),
        momentum=_newest(indicators.momentum(bars.close)),
        volume=_newest(bars.volume),
        volume_average=_newest(indicators.volume_average(bars.volume)),
        vwap=_newest(indicators.vwap(bars)),
    )


def _newest(values: Floats) -> float | None:
    return float(values[-1]) if len(values) and isfinite(values[-1]) else None
