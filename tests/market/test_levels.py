import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.levels import Direction, Level, LevelIndex
from tests.market.builders import APPLE, IBM

UP, DOWN = Direction.UP, Direction.DOWN
few_prices = st.sampled_from([1.0, 1.5, 2.0, 2.5, 3.0, 4.0])
some_levels = st.builds(Level, few_prices, st.sampled_from(Direction), st.booleans())
entries = st.lists(st.tuples(st.sampled_from([APPLE, IBM]), some_levels), max_size=30)


def index_of(*levels, instrument=APPLE):
    index = LevelIndex()
    for number, level in enumerate(levels):
        index.add(number, instrument_id=instrument, level=level)
    return index


@given(entries, st.lists(few_prices, min_size=1, max_size=20), st.data())
def test_it_finds_what_a_loop_over_everything_finds(stored, path, data):
    index = LevelIndex()
    for key, (instrument, level) in enumerate(stored):
        index.add(key, instrument_id=instrument, level=level)
    gone = data.draw(st.sets(st.integers(0, max(len(stored) - 1, 0))))
    for key in gone:
        index.discard(key)

    previous = None
    for price in path:
        hits = index.hits(instrument_id=APPLE, previous=previous, price=price)
        expected = [
            key
            for key, (instrument, level) in enumerate(stored)
            if key not in gone
            and instrument == APPLE
            and _is_newly_reached(level, previous, price)
        ]
        assert sorted(hits) == expected
        previous = price


def _is_newly_reached(level, previous, price):
    return level.is_reached(price) and (previous is None or not level.is_reached(previous))


@pytest.mark.parametrize(
    ("direction", "inclusive", "reached"),
    [
        (UP, True, [False, True, True]),
        (UP, False, [False, False, True]),
        (DOWN, True, [True, True, False]),
        (DOWN, False, [True, False, False]),
    ],
)
def test_a_level_is_reached_from_its_side(direction, inclusive, reached):
    level = Level(100.0, direction, inclusive=inclusive)

    assert [level.is_reached(price) for price in (99.99, 100.0, 100.01)] == reached


def test_a_protection_is_hit_at_its_level_and_a_condition_only_beyond():
    index = index_of(Level(100.0, UP, inclusive=True), Level(100.0, UP, inclusive=False))

    assert index.hits(instrument_id=APPLE, previous=99.0, price=100.0) == [0]
    assert index.hits(instrument_id=APPLE, previous=100.0, price=100.01) == [1]


def test_a_gap_over_several_levels_hits_them_in_the_order_of_the_way():
    rising = index_of(Level(3.0, UP, inclusive=True), Level(2.0, UP, inclusive=True))
    falling = index_of(Level(2.0, DOWN, inclusive=True), Level(3.0, DOWN, inclusive=True))

    assert rising.hits(instrument_id=APPLE, previous=1.0, price=9.0) == [1, 0]
    assert falling.hits(instrument_id=APPLE, previous=9.0, price=1.0) == [1, 0]


def test_a_price_that_stays_beyond_a_level_hits_it_once():
    index = index_of(Level(100.0, DOWN, inclusive=True))

    assert index.hits(instrument_id=APPLE, previous=101.0, price=99.0) == [0]
    assert index.hits(instrument_id=APPLE, previous=99.0, price=98.0) == []
    assert index.hits(instrument_id=APPLE, previous=98.0, price=98.0) == []


def test_the_first_tick_hits_everything_it_is_already_beyond():
    index = index_of(Level(90.0, UP, inclusive=True), Level(110.0, DOWN, inclusive=True))

    assert index.hits(instrument_id=APPLE, previous=None, price=100.0) == [0, 1]


def test_another_instrument_hits_nothing():
    index = index_of(Level(100.0, UP, inclusive=True), instrument=IBM)

    assert index.hits(instrument_id=APPLE, previous=None, price=500.0) == []


def test_a_key_that_is_added_again_moves():
    index = index_of(Level(100.0, UP, inclusive=True))

    index.add(0, instrument_id=APPLE, level=Level(105.0, UP, inclusive=True))

    assert len(index) == 1
    assert index.hits(instrument_id=APPLE, previous=99.0, price=104.0) == []
    assert index.hits(instrument_id=APPLE, previous=104.0, price=105.0) == [0]


def test_a_discarded_key_is_forgotten_and_an_unknown_one_changes_nothing():
    index = index_of(Level(100.0, UP, inclusive=True), Level(100.0, UP, inclusive=True))

    index.discard(0)
    index.discard("never added")

    assert 0 not in index
    assert 1 in index
    assert index.hits(instrument_id=APPLE, previous=99.0, price=100.0) == [1]


def test_a_level_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        index_of(Level(math.nan, UP, inclusive=True))
