"""Indicators by TA-Lib: float64 arrays in, arrays of the same length out, NaN while warming up.

RSI and ATR use Wilder's smoothing (New Concepts in Technical Trading Systems, 1978).
"""

from dataclasses import dataclass

import numpy as np
import talib

from market.domain.candles import Bars, Floats

STOCK_DAYS = 252
CRYPTO_DAYS = 365


@dataclass(frozen=True, eq=False)
class Macd:
    """Difference of a fast and a slow EMA, its own EMA (the signal) and the gap between them."""

    line: Floats
    signal: Floats
    histogram: Floats


@dataclass(frozen=True, eq=False)
class Bands:
    """A moving average and the bands above and below it."""

    upper: Floats
    middle: Floats
    lower: Floats


def rsi(close: Floats, *, period: int = 14) -> Floats:
    """Wilder's relative strength index, 0 to 100."""
    return talib.RSI(close, timeperiod=period)


def macd(close: Floats, *, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence divergence, in units of price."""
    return Macd(*talib.MACD(close, fastperiod=fast, slowperiod=slow, signalperiod=signal))


def sma(close: Floats, *, period: int = 20) -> Floats:
    """Simple moving average."""
    return talib.SMA(close, timeperiod=period)


def ema(close: Floats, *, period: int = 20) -> Floats:
    """Exponential moving average that starts from the simple one; weight 2 / (period + 1)."""
    return talib.EMA(close, timeperiod=period)


def bollinger(close: Floats, *, period: int = 20, deviations: float = 2.0) -> Bands:
    """Bollinger bands: the SMA and so many population standard deviations to both sides."""
    return Bands(*talib.BBANDS(close, timeperiod=period, nbdevup=deviations, nbdevdn=deviations))


def atr(bars: Bars, *, period: int = 14) -> Floats:
    """Wilder's average true range, in units of price."""
    return talib.ATR(bars.high, bars.low, bars.close, timeperiod=period)


def volatility(close: Floats, *, period: int = 30, periods_per_year: float = STOCK_DAYS) -> Floats:
    """Annualised sample standard deviation of the last `period` log returns: 0.3 is 30 % a year.

    Daily candles have 252 periods a year for stocks and 365 for crypto.
    """
    returns = np.full(len(close), np.nan)
    returns[1:] = np.diff(np.log(close))
    deviation = np.full(len(close), np.nan)
    if len(close) > period:
        windows = np.lib.stride_tricks.sliding_window_view(returns[1:], period)
        deviation[period:] = windows.std(axis=1, ddof=1)
    annual: Floats = deviation * np.sqrt(periods_per_year)
    return annual


def momentum(close: Floats, *, period: int = 10) -> Floats:
    """The close less the close `period` bars ago, in units of price."""
    return talib.MOM(close, timeperiod=period)


def volume_average(volume: Floats, *, period: int = 20) -> Floats:
    """Simple moving average of the volume."""
    return talib.SMA(volume, timeperiod=period)


def vwap(bars: Bars, *, period: int = 20) -> Floats:
    """Typical price, (high + low + close) / 3, weighted by volume over the last `period` bars.

    NaN where nothing was traded in all of them.
    """
    typical = talib.TYPPRICE(bars.high, bars.low, bars.close)
    volume = talib.SUM(bars.volume, timeperiod=period)
    turnover = talib.SUM(typical * bars.volume, timeperiod=period)
    average = np.full(len(bars), np.nan)
    np.divide(turnover, volume, out=average, where=volume > 0)
    return average
