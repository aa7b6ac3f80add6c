import math

import numpy as np
import pytest

from market.domain import indicators
from market.domain.candles import Bars
from market.domain.snapshots import snapshot
from tests.market.builders import MONDAY, bars_closing

FLAT = bars_closing(*[50.0] * 60)


def bars_of(*, high, low, close, volume):
    history = bars_closing(*close)
    return Bars(
        history.start,
        history.open,
        *(np.array(values, dtype=np.float64) for values in (high, low, close, volume)),
    )


def test_the_simple_average_of_three_is_their_mean_and_unknown_before():
    average = indicators.sma(np.array([1.0, 2.0, 6.0, 7.0]), period=3)

    assert np.isnan(average[:2]).all()
    assert average[2:].tolist() == [3.0, 5.0]


def test_the_exponential_average_starts_from_the_simple_one():
    average = indicators.ema(np.array([1.0, 2.0, 6.0, 7.0]), period=3)

    assert average[2:].tolist() == [3.0, 5.0]
    assert indicators.ema(np.array([2.0, 4.0, 9.0]), period=2)[2] == pytest.approx(7.0)


def test_wilders_rsi_by_hand():
    close = np.array([10.0, 11.0, 10.5, 11.5, 11.0])

    strength = indicators.rsi(close, period=3)

    # Averages of three: gain 2/3, loss 0.5/3. Then gain (2/3*2 + 0)/3, loss (0.5/3*2 + 0.5)/3.
    assert strength[3] == pytest.approx(100 * (2 / 3) / (2 / 3 + 0.5 / 3))
    gain, loss = (4 / 3) / 3, (1 / 3 + 0.5) / 3
    assert strength[4] == pytest.approx(100 * gain / (gain + loss))


def test_macd_of_a_flat_price_is_zero_and_warm_after_thirty_three_bars():
    macd = indicators.macd(FLAT.close)

    assert np.isnan(macd.line[32])
    assert macd.line[33:] == pytest.approx(0)
    assert macd.histogram[33:] == pytest.approx(0)


def test_macd_is_the_fast_average_less_the_slow_one_and_its_signal_the_average_of_that():
    close = np.linspace(10, 20, 60) ** 1.5

    macd = indicators.macd(close)

    assert macd.histogram[-1] == pytest.approx(macd.line[-1] - macd.signal[-1])
    assert macd.line[-1] > 0


def test_bollinger_bands_are_two_population_deviations_away():
    bands = indicators.bollinger(np.array([2.0, 4.0, 6.0]), period=3)

    deviation = math.sqrt(8 / 3)
    assert bands.middle[2] == pytest.approx(4)
    assert bands.upper[2] == pytest.approx(4 + 2 * deviation)
    assert bands.lower[2] == pytest.approx(4 - 2 * deviation)


def test_wilders_true_range_counts_the_gap_from_the_close_before():
    bars = bars_of(
        high=[11, 16, 17, 18], low=[9, 14, 15, 15], close=[10, 15, 16, 16], volume=[1] * 4
    )

    # True ranges 6 (gap from 10 to 16), 2 and 3: first their mean, then (mean * 1 + next) / 2.
    assert indicators.atr(bars, period=2)[2:].tolist() == [4.0, 3.5]


def test_volatility_is_the_sample_deviation_of_log_returns_times_the_root_of_the_year():
    close = np.array([100.0, 110.0, 99.0, 120.0])
    returns = np.diff(np.log(close))

    stocks = indicators.volatility(close, period=3)
    crypto = indicators.volatility(close, period=3, periods_per_year=indicators.CRYPTO_DAYS)

    assert stocks[3] == pytest.approx(returns.std(ddof=1) * math.sqrt(252))
    assert crypto[3] == pytest.approx(returns.std(ddof=1) * math.sqrt(365))
    assert np.isnan(stocks[:3]).all()


def test_momentum_is_the_difference_to_the_close_some_bars_ago():
    assert indicators.momentum(np.array([5.0, 6.0, 9.0]), period=2)[2] == 4.0


def test_vwap_weighs_the_typical_price_by_volume():
    bars = bars_of(high=[12, 24], low=[9, 18], close=[9, 18], volume=[3, 1])

    assert indicators.vwap(bars, period=2)[1] == pytest.approx((10 * 3 + 20 * 1) / 4)


def test_vwap_is_unknown_where_nothing_was_traded():
    bars = bars_of(high=[12, 24], low=[9, 18], close=[9, 18], volume=[0, 0])

    assert np.isnan(indicators.vwap(bars, period=2)).all()


def test_the_average_volume_is_a_simple_one():
    assert indicators.volume_average(np.array([1.0, 3.0]), period=2)[1] == 2.0


def test_indicators_use_nothing_that_comes_later():
    generator = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.02, 120)))
    bars = bars_closing(*close)

    whole, part = indicators.atr(bars), indicators.atr(bars[:80])

    np.testing.assert_array_equal(whole[:80], part)
    np.testing.assert_array_equal(
        indicators.volatility(bars.close)[:80], indicators.volatility(bars.close[:80])
    )


def test_a_snapshot_takes_the_newest_of_everything():
    taken = snapshot(FLAT, as_of=MONDAY)

    assert (taken.close, taken.sma_20, taken.sma_50, taken.vwap) == (50.0,) * 4
    assert (taken.momentum, taken.volatility, taken.bars) == (0.0, 0.0, 60)
    assert taken.as_of == MONDAY


def test_a_snapshot_says_none_while_an_indicator_is_warming_up():
    taken = snapshot(bars_closing(1.0, 2.0), as_of=MONDAY)

    assert taken.close == 2.0
    assert taken.rsi is None
    assert taken.macd_signal is None


def test_a_snapshot_of_nothing_is_all_nones():
    taken = snapshot(bars_closing(), as_of=MONDAY)

    assert taken.close is None
    assert taken.atr is None
    assert taken.volatility is None


def test_a_hundred_and_twenty_bars_warm_every_indicator():
    generator = np.random.default_rng(3)
    bars = bars_closing(*100 * np.exp(np.cumsum(generator.normal(0, 0.02, 120))))

    taken = snapshot(bars, as_of=MONDAY)

    assert None not in vars(taken).values()
