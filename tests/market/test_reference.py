"""Our results against real material and the results of others."""

from datetime import date

import numpy as np
import pytest

from market.domain import indicators
from market.domain.candles import StockSplit, split_adjust
from market.models import Candle
from market.selectors.calendars import calendar_of
from market.services.samples import import_sample_candles
from tests.market.reference import bars_in, column_in, rows_of

APPLE = (
    "ohlcv/stocks_1d_splitadj/AAPL_1d_splitadj.csv.gz",
    "reference/indicators/AAPL_1d_splitadj.indicators.csv.gz",
    252,
)
ETHER = (
    "ohlcv/crypto_5m/ETHBTC_5m_20180110.csv.gz",
    "reference/indicators/ETHBTC_5m_20180110.indicators.csv.gz",
    365 * 24 * 12,
)
APPLES_SPLITS = (
    StockSplit(date(2000, 6, 21), 2, 1),
    StockSplit(date(2005, 2, 28), 2, 1),
    StockSplit(date(2014, 6, 9), 7, 1),
    StockSplit(date(2020, 8, 31), 4, 1),
)


def ours(bars, periods_per_year):
    macd, bands = indicators.macd(bars.close), indicators.bollinger(bars.close)
    return {
        "sma20": indicators.sma(bars.close),
        "sma50": indicators.sma(bars.close, period=50),
        "sma200": indicators.sma(bars.close, period=200),
        "ema20": indicators.ema(bars.close),
        "rsi14": indicators.rsi(bars.close),
        "macd": macd.line,
        "macd_signal": macd.signal,
        "macd_hist": macd.histogram,
        "bb_upper": bands.upper,
        "bb_middle": bands.middle,
        "bb_lower": bands.lower,
        "atr14": indicators.atr(bars),
        "vol30_log_ann": indicators.volatility(bars.close, periods_per_year=periods_per_year),
        "mom10": indicators.momentum(bars.close),
    }


@pytest.mark.parametrize(("candles", "expected", "year"), [APPLE, ETHER], ids=["AAPL", "ETHBTC"])
def test_indicators_agree_with_the_reference_bar_by_bar(candles, expected, year):
    found = ours(bars_in(candles), year)

    for name, values in found.items():
        np.testing.assert_allclose(
            values, column_in(expected, name), rtol=1e-7, atol=1e-12, err_msg=name
        )


def test_adjusting_apple_for_its_four_splits_gives_the_adjusted_file():
    raw = bars_in("ohlcv/stocks_1d_raw/AAPL_1d_raw.csv.gz")
    expected = bars_in("ohlcv/stocks_1d_splitadj/AAPL_1d_splitadj.csv.gz")

    adjusted = split_adjust(raw, splits=APPLES_SPLITS)

    # Its factors are rounded: 0.0357143 stands for 1/28.
    np.testing.assert_allclose(adjusted.close, expected.close, rtol=1e-5)
    np.testing.assert_allclose(adjusted.volume, expected.volume, rtol=1e-5)


def test_every_day_on_which_apple_traded_is_a_session_and_every_session_such_a_day():
    rows = rows_of("ohlcv/stocks_1d_raw/AAPL_1d_raw.csv.gz")
    traded = [date.fromisoformat(row["timestamp_utc"][:10]) for row in rows]

    sessions = calendar_of("XNYS").sessions(first=traded[0], last=traded[-1])

    assert [session.day for session in sessions] == traded


@pytest.mark.django_db
def test_the_printed_prices_of_the_sample_are_those_of_the_file():
    import_sample_candles()

    for symbol in ("AAPL", "IBM", "MSFT", "GOOG"):
        expected = bars_in(f"ohlcv/stocks_1d_bokeh/{symbol}_1d_raw.csv.gz")
        stored = Candle.objects.filter(instrument__symbol=symbol).order_by("start")
        closes = np.array(stored.values_list("raw_close", flat=True), dtype=np.float64)
        np.testing.assert_array_equal(closes, expected.close)
