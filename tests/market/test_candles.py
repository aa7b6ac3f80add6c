from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.candles import (
    BadBar,
    Bars,
    StockSplit,
    Timeframe,
    refuse_bar,
    split_adjust,
    split_adjust_bar,
    split_ratio,
)
from tests.market.builders import DAY, MONDAY, bar, bars_closing, sound_bars

TWO_FOR_ONE = StockSplit(date(2001, 3, 7), 2, 1)


def test_a_day_lasts_twenty_four_hours_and_a_minute_sixty_seconds():
    assert Timeframe.D1.duration == timedelta(days=1)
    assert Timeframe("1m").duration == timedelta(seconds=60)


def test_candles_become_arrays_in_the_order_given():
    history = Bars.of([bar(), bar(MONDAY + DAY, prices=("11", "13", "10", "12"))])

    assert history.close.tolist() == [11.0, 12.0]
    days = [datetime(2001, 3, 5), datetime(2001, 3, 6)]  # noqa: DTZ001 - numpy knows no zones
    assert history.start.tolist() == days


def test_a_start_in_another_zone_is_turned_into_utc():
    tokyo = datetime(2001, 3, 5, 9, tzinfo=timezone(timedelta(hours=9)))

    history = Bars.of([bar(tokyo)])

    assert history.start[0] == np.datetime64("2001-03-05T00:00")


def test_a_start_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs a time zone"):
        Bars.of([bar(datetime(2001, 3, 5))])  # noqa: DTZ001 - the naive moment is refused


def test_arrays_of_different_lengths_are_no_history():
    history = bars_closing(1, 2, 3)

    with pytest.raises(ValueError, match="one length"):
        replace(history, close=history.close[:2])


def test_a_slice_of_a_history_is_a_history():
    history = bars_closing(1, 2, 3, 4)

    assert history[1:3].close.tolist() == [2.0, 3.0]
    assert len(history[:0]) == 0


def test_a_running_candle_can_be_put_behind_a_history():
    history = Bars.of([bar()]).followed_by(bar(MONDAY + DAY, prices=("11", "11", "11", "11")))

    assert history.close.tolist() == [11.0, 11.0]
    assert history.start[1] == np.datetime64("2001-03-06")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"close": None}, BadBar.MISSING),
        ({"volume": Decimal("NaN")}, BadBar.NOT_A_NUMBER),
        ({"high": Decimal("Infinity")}, BadBar.NOT_A_NUMBER),
        ({"low": Decimal(0)}, BadBar.NOT_POSITIVE),
        ({"volume": Decimal(-1)}, BadBar.NOT_POSITIVE),
        ({"open": Decimal("8.99")}, BadBar.OUT_OF_RANGE),
        ({"close": Decimal("12.01")}, BadBar.OUT_OF_RANGE),
    ],
)
def test_a_bad_candle_is_refused_with_its_reason(change, reason):
    assert refuse_bar(replace(bar(), **change)) is reason


@given(sound_bars())
def test_a_sound_candle_is_not_refused(candle):
    assert refuse_bar(candle) is None


def test_the_ratio_multiplies_only_the_splits_that_come_later():
    splits = (TWO_FOR_ONE, StockSplit(date(2005, 1, 3), 3, 2))

    assert split_ratio(on=date(2001, 3, 6), splits=splits) == 3
    assert split_ratio(on=date(2001, 3, 7), splits=splits) == Fraction(3, 2)
    assert split_ratio(on=date(2005, 1, 3), splits=splits) == 1


def test_a_candle_before_a_split_has_half_the_price_and_twice_the_volume():
    adjusted = split_adjust_bar(bar(), splits=(TWO_FOR_ONE,))

    assert adjusted == bar(prices=("5", "6", "4.5", "5.5"), volume="2000")


def test_a_candle_on_the_day_of_its_split_stays():
    on_the_day = bar(datetime(2001, 3, 7, tzinfo=UTC))

    assert split_adjust_bar(on_the_day, splits=(TWO_FOR_ONE,)) == on_the_day


@given(
    st.lists(sound_bars(), min_size=1, max_size=5),
    st.lists(
        st.builds(
            StockSplit,
            st.dates(date(2001, 3, 1), date(2001, 3, 12)),
            st.integers(1, 7),
            st.integers(1, 7),
        ),
        max_size=3,
    ),
)
def test_arrays_and_decimals_are_adjusted_alike_and_turnover_stays(candles, splits):
    days = [replace(candle, start=MONDAY + DAY * place) for place, candle in enumerate(candles)]

    arrays = split_adjust(Bars.of(days), splits=splits)
    adjusted = [split_adjust_bar(day, splits=splits) for day in days]

    np.testing.assert_allclose(arrays.high, Bars.of(adjusted).high, rtol=1e-12)
    np.testing.assert_allclose(arrays.volume, Bars.of(adjusted).volume, rtol=1e-12)
    turnover = [float(day.close * day.volume) for day in days]
    np.testing.assert_allclose(arrays.close * arrays.volume, turnover, rtol=1e-12)
    assert all(refuse_bar(day) is None for day in adjusted)
