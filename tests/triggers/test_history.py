"""Where a trigger would have fired is where the watcher fires on the same ticks."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.candles import Bars
from market.domain.conditions import Above, Below, ChangePercent, CrossesAbove, CrossesBelow
from market.domain.replaying import extremes
from tests.market.builders import DAY, MONDAY, bar, prices, sound_bars
from triggers.domain.history import look_back, path
from triggers.domain.watching import References, Sighting, becomes_true

conditions = st.one_of(
    *(st.builds(kind, prices) for kind in (Above, Below, CrossesAbove, CrossesBelow)),
    st.builds(
        ChangePercent,
        st.sampled_from([Decimal("-50"), Decimal("-3"), Decimal("0.7"), Decimal("12.5")]),
        st.sampled_from(["open", 1, 2]),
    ),
)


class Odd:
    """A condition of a kind that nobody watches."""

    def holds(self, bars):
        return True

    def mask(self, bars):
        return bars.close > 0

    def levels(self, bars):
        return ()


def history(*days):
    """Daily candles of four prices each."""
    return [bar(MONDAY + DAY * number, prices=one) for number, one in enumerate(days)]


def ticks_of(candle):
    return (candle.open, *extremes(candle), candle.close)


def fired_by_the_watcher(condition, candles):
    """The candles with a tick that makes the condition true, asked one by one in Decimals."""
    before, found = None, []
    for number, candle in enumerate(candles):
        closes = tuple(one.close for one in candles[:number])
        fires = False
        for price in ticks_of(candle):
            now = Sighting(price, References(day_open=candle.open, closes=closes))
            fires |= before is not None and becomes_true(condition, before=before, now=now)
            before = now
        found.append(fires)
    return found


@given(st.lists(sound_bars(), max_size=12), conditions)
def test_it_fires_where_the_watcher_fires(drawn, condition):
    candles = [
        bar(
            MONDAY + DAY * number,
            prices=tuple(str(getattr(one, name)) for name in ("open", "high", "low", "close")),
        )
        for number, one in enumerate(drawn)
    ]

    found = look_back(condition=condition, bars=Bars.of(candles))

    assert found.fired.tolist() == fired_by_the_watcher(condition, candles)


@given(st.lists(sound_bars(), min_size=1, max_size=12))
def test_the_path_is_the_one_that_a_replay_plays(candles):
    found = path(Bars.of(candles))

    assert found.tolist() == [[float(price) for price in ticks_of(one)] for one in candles]


def test_it_says_at_which_price_it_fired_and_what_it_waited_for():
    candles = history(("100", "101", "96", "99"), ("100", "100", "98", "98"))

    found = look_back(condition=ChangePercent(Decimal("-3")), bars=Bars.of(candles))

    assert found.line.tolist() == pytest.approx([97, 97])
    assert found.fired.tolist() == [True, False]
    assert found.fired_at[0] == 96


def test_what_is_true_from_the_first_tick_on_has_not_become_true():
    found = look_back(
        condition=Above(Decimal(10)), bars=Bars.of(history(("20", "21", "19", "20")))
    )

    assert found.fired.tolist() == [False]


def test_a_change_against_the_open_can_fire_each_day():
    falls = [("100", "100", "95", "95")] * 3

    found = look_back(condition=ChangePercent(Decimal("-3")), bars=Bars.of(history(*falls)))

    assert found.fired.tolist() == [True, True, True]


def test_without_candles_there_is_nothing():
    found = look_back(condition=Above(Decimal(10)), bars=Bars.of([]))

    assert (len(found.line), len(found.fired)) == (0, 0)


def test_a_condition_that_no_tick_can_answer_is_refused():
    with pytest.raises(TypeError, match="tick by tick"):
        look_back(condition=Odd(), bars=Bars.of(history(("1", "2", "1", "2"))))


def test_the_first_bars_have_no_line_against_earlier_ones():
    found = look_back(
        condition=ChangePercent(Decimal(5), 1),
        bars=Bars.of(history(("10", "10", "10", "10"), ("10", "11", "10", "11"))),
    )

    assert np.isnan(found.line[0])
    assert found.fired.tolist() == [False, True]
