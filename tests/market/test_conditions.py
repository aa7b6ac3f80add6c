from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.conditions import (
    Above,
    Below,
    ChangePercent,
    CrossesAbove,
    CrossesBelow,
    InvalidCondition,
    as_mapping,
    parse_condition,
    sentence,
)
from market.domain.levels import Direction, Level
from tests.market.builders import bars_closing, histories

levels = st.sampled_from([Decimal(price) for price in ("96", "97", "100", "103")])
conditions = st.one_of(
    st.builds(Above, levels),
    st.builds(Below, levels),
    st.builds(CrossesAbove, levels),
    st.builds(CrossesBelow, levels),
    st.builds(
        ChangePercent,
        st.sampled_from([Decimal(percent) for percent in ("-5", "-3", "0.5", "3", "10")]),
        st.one_of(st.just("open"), st.integers(1, 5)),
    ),
)


@given(conditions, histories())
def test_no_condition_looks_ahead(condition, bars):
    mask = condition.mask(bars)

    one_by_one = [condition.holds(bars[: place + 1]) for place in range(len(bars))]

    assert one_by_one == mask.tolist()


@given(conditions, histories())
def test_what_comes_later_changes_no_earlier_answer(condition, bars):
    half = len(bars) // 2

    assert condition.mask(bars)[:half].tolist() == condition.mask(bars[:half]).tolist()


@given(conditions)
def test_without_bars_the_answer_is_no(condition):
    nothing = bars_closing()

    assert condition.holds(nothing) is False
    assert condition.mask(nothing).tolist() == []


@given(conditions, histories())
def test_a_close_at_the_level_is_where_the_answer_turns_to_yes(condition, bars):
    if not len(bars):
        return
    for level in condition.levels(bars):
        reached = level.threshold
        away = -np.inf if level.direction is Direction.UP else np.inf
        before_it = float(np.nextafter(reached, away))

        assert not condition.holds(_with_last(bars, before_it))
        if isinstance(condition, CrossesAbove | CrossesBelow):
            came_from_there = len(bars) > 1 and not level.is_reached(float(bars.close[-2]))
            assert condition.holds(_with_last(bars, reached)) is came_from_there
        else:
            assert condition.holds(_with_last(bars, reached))


def _with_last(bars, close):
    changed = bars.close.copy()
    changed[-1] = close
    return replace(bars, close=changed)


@given(conditions)
def test_a_mapping_brings_the_same_condition_back(condition):
    assert parse_condition(as_mapping(condition)) == condition


def test_above_is_strictly_above():
    assert Above(Decimal(100)).mask(bars_closing(99, 100, 101)).tolist() == [False, False, True]


def test_below_is_strictly_below():
    assert Below(Decimal(100)).mask(bars_closing(99, 100, 101)).tolist() == [True, False, False]


def test_a_crossing_is_only_where_the_side_changes():
    closes = bars_closing(99, 101, 102, 100, 101, 99)

    up = CrossesAbove(Decimal(100)).mask(closes).tolist()
    down = CrossesBelow(Decimal(100)).mask(closes).tolist()

    assert up == [False, True, False, False, True, False]
    assert down == [False, False, False, False, False, True]


def test_a_price_that_comes_from_the_very_level_crosses_it():
    assert CrossesAbove(Decimal(100)).holds(bars_closing(100, 101))
    assert CrossesBelow(Decimal(100)).holds(bars_closing(100, 99))
    assert not CrossesAbove(Decimal(100)).holds(bars_closing(99, 100))
    assert not CrossesBelow(Decimal(100)).holds(bars_closing(101, 100))


def test_a_fall_of_three_percent_counts_from_the_open_of_the_day():
    opens_and_closes = bars_closing(99, 97, 96.99, opens=[100, 100, 100])

    assert ChangePercent(Decimal(-3)).mask(opens_and_closes).tolist() == [False, True, True]


def test_the_open_of_the_day_is_that_of_its_first_bar():
    hours = bars_closing(101, 103, 99, opens=[100, 101, 90], step=np.timedelta64(8, "h").item())

    assert ChangePercent(Decimal(3)).mask(hours).tolist() == [False, True, False]


def test_a_change_against_bars_ago_needs_that_many_bars():
    two_ago = ChangePercent(Decimal(10), 2)

    assert two_ago.mask(bars_closing(100, 100, 110, 109)).tolist() == [False, False, True, False]
    assert two_ago.levels(bars_closing(100, 100)) == ()


def test_touching_a_percentage_counts_whatever_floats_do():
    for cents in range(1, 20_000, 7):
        opened = Decimal(cents) / 100
        closed = opened * Decimal("0.97")
        touched = bars_closing(float(closed), opens=[float(opened)])

        assert ChangePercent(Decimal(-3)).holds(touched)


def test_a_condition_on_the_last_close_alone_looks_at_the_last_close():
    rising = bars_closing(99, 101)

    assert Above(Decimal(100)).holds(rising)
    assert not Above(Decimal(101)).holds(rising)
    assert Below(Decimal(102)).holds(rising)
    assert not Below(Decimal(101)).holds(rising)


def test_a_change_against_bars_ago_waits_at_a_level_from_that_close():
    (level,) = ChangePercent(Decimal(10), 2).levels(bars_closing(100, 105, 107))

    assert level.price == pytest.approx(110)
    assert (level.direction, level.inclusive) == (Direction.UP, True)


def test_a_percentage_becomes_a_level_from_any_reference():
    level = ChangePercent(Decimal(-3)).level_from(200.0)

    assert level.price == pytest.approx(194)
    assert (level.direction, level.inclusive) == (Direction.DOWN, True)


def test_above_becomes_a_level_that_must_be_passed():
    assert Above(Decimal("12.5")).levels(bars_closing(1)) == (
        Level(12.5, Direction.UP, inclusive=False),
    )


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ({}, "None is no condition; use one of above, below"),
        ({"condition": "touches", "threshold": 1}, "'touches' is no condition"),
        ({"condition": ["above"], "threshold": 1}, "is no condition"),
        ({"condition": "above"}, "threshold None is not a number"),
        ({"condition": "above", "threshold": "ten"}, "'ten' is not a number"),
        ({"condition": "above", "threshold": "NaN"}, "not a finite number"),
        ({"condition": "above", "threshold": True}, "True is not a number"),
        ({"condition": "above", "threshold": 0}, "0 is no price"),
        ({"condition": "below", "threshold": "-5"}, "-5 is no price"),
        ({"condition": "above", "threshold": 1, "against": "open"}, "above does not know"),
        ({"condition": "change_percent", "threshold": 0}, "change of 0 percent"),
        ({"condition": "change_percent", "threshold": -100}, "change of -100 percent"),
        ({"condition": "change_percent", "threshold": 1, "against": "close"}, "'close'"),
        ({"condition": "change_percent", "threshold": 1, "against": True}, "against True"),
        ({"condition": "change_percent", "threshold": 1, "against": 0}, "from 1 to 10000"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_what_is_allowed(mapping, complaint):
    with pytest.raises(InvalidCondition, match=complaint) as refused:
        parse_condition(mapping)

    assert refused.value.permanent


def test_a_number_from_json_keeps_its_digits():
    parsed = parse_condition({"condition": "above", "threshold": 120.1})

    assert parsed == Above(Decimal("120.1"))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Above(Decimal("120.50")), "AAPL is above 120.5"),
        (Below(Decimal(7)), "AAPL is below 7"),
        (CrossesAbove(Decimal(7)), "AAPL crosses above 7"),
        (CrossesBelow(Decimal(7)), "AAPL crosses below 7"),
        (ChangePercent(Decimal(-3)), "AAPL falls 3 % or more from the day's open"),
        (ChangePercent(Decimal(2), 1), "AAPL rises 2 % or more from the close of the bar before"),
        (ChangePercent(Decimal(2), 5), "AAPL rises 2 % or more from the close 5 bars ago"),
    ],
)
def test_a_condition_reads_as_a_sentence(condition, words):
    assert sentence(condition, symbol="AAPL") == words


class Unheard:
    """A condition of a kind that has no words yet."""

    def holds(self, bars):
        return False

    def mask(self, bars):
        return np.zeros(len(bars), dtype=np.bool_)

    def levels(self, bars):
        return ()


def test_an_unknown_kind_of_condition_has_neither_mapping_nor_sentence():
    with pytest.raises(TypeError, match="no mapping"):
        as_mapping(Unheard())
    with pytest.raises(TypeError, match="no sentence"):
        sentence(Unheard(), symbol="AAPL")
