from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.candles import Bar, Bars
from market.domain.conditions import Above, Below, ChangePercent, CrossesAbove, CrossesBelow
from triggers.domain.watching import (
    PriceWatcher,
    References,
    Sighting,
    becomes_true,
    is_true,
    reference_of,
)

SPACE = UUID(int=7)
APPLE, IBM = uuid5(SPACE, "AAPL"), uuid5(SPACE, "IBM")
DIP, TOP = uuid5(SPACE, "dip"), uuid5(SPACE, "top")
TICKS_A_DAY = 4
MONDAY = datetime(2024, 5, 6, tzinfo=UTC)


def seen(price, *, day_open=None, closes=()):
    references = References(
        None if day_open is None else Decimal(day_open), tuple(Decimal(close) for close in closes)
    )
    return Sighting(Decimal(price), references)


def watcher_of(condition, *, instruments=(APPLE,)):
    watcher = PriceWatcher()
    watcher.watch(DIP, instruments=list(instruments), condition=condition)
    return watcher


def fired_at(watcher, sightings):
    return [number for number, one in enumerate(sightings) if watcher.look(APPLE, one)]


def test_it_fires_when_the_condition_becomes_true_and_again_only_after_it_was_false():
    watcher = watcher_of(Above(Decimal(100)))

    path = [seen(price) for price in (99, 100, 101, 102, 101, 100, 101)]

    assert fired_at(watcher, path) == [2, 6]


def test_a_condition_that_is_true_at_the_first_price_ever_fires():
    assert fired_at(watcher_of(Below(Decimal(100))), [seen(99), seen(98)]) == [0]


def test_a_crossing_needs_a_price_before():
    assert fired_at(watcher_of(CrossesBelow(Decimal(100))), [seen(99), seen(100), seen(99)]) == [2]


def test_touching_a_change_in_percent_is_enough():
    watcher = watcher_of(ChangePercent(Decimal(-3)))

    path = [seen(price, day_open="100") for price in ("100", "97.01", "97", "96", "98", "97")]

    assert fired_at(watcher, path) == [2, 5]


def test_a_new_bar_that_makes_a_change_true_without_a_price_move_fires():
    watcher = watcher_of(ChangePercent(Decimal(-3), against=1))

    path = [
        seen("97", closes=("99",)),
        seen("97", closes=("99", "101")),
        seen("97", closes=("99", "101", "97")),
    ]

    assert fired_at(watcher, path) == [1]


def test_a_change_that_stays_true_over_a_new_bar_does_not_fire_again():
    watcher = watcher_of(ChangePercent(Decimal(5)))

    path = [seen("105", day_open="100"), seen("111", day_open="105"), seen("120", day_open="105")]

    assert fired_at(watcher, path) == [0]


def test_a_change_fires_at_its_new_level_and_not_at_yesterdays():
    watcher = watcher_of(ChangePercent(Decimal(-10)))

    path = [
        seen("100", day_open="100"),
        seen("200", day_open="200"),
        seen("181", day_open="200"),
        seen("180", day_open="200"),
    ]

    assert fired_at(watcher, path) == [3]


def test_without_a_reference_a_change_is_not_true():
    watcher = watcher_of(ChangePercent(Decimal(3), against=2))

    assert fired_at(watcher, [seen("100", closes=("50",)), seen("200", closes=("50",))]) == []
    assert reference_of(ChangePercent(Decimal(3), against=2), References()) is None
    assert reference_of(Above(Decimal(3)), References(Decimal(1))) is None


def test_a_change_that_loses_its_reference_is_not_found_at_its_old_level():
    watcher = watcher_of(ChangePercent(Decimal(-3)))

    path = [seen("100", day_open="100"), seen("99"), seen("90")]

    assert fired_at(watcher, path) == []


def test_decimals_decide_where_the_index_is_generous():
    watcher = watcher_of(ChangePercent(Decimal(-3)))

    path = [seen("98", day_open="100"), seen("97.00000000001", day_open="100")]

    assert fired_at(watcher, path) == []


def test_a_watch_that_is_true_when_it_is_added_waits_until_it_was_false():
    watcher = PriceWatcher()
    watcher.look(APPLE, seen(120))

    watcher.watch(DIP, instruments=[APPLE, APPLE], condition=Above(Decimal(100)))

    assert fired_at(watcher, [seen(121), seen(99), seen(101)]) == [2]


def test_a_change_added_between_ticks_is_armed_at_once():
    watcher = PriceWatcher()
    watcher.look(APPLE, seen(100, day_open="100"))

    watcher.watch(DIP, instruments=[APPLE], condition=ChangePercent(Decimal(-3)))

    assert fired_at(watcher, [seen(96, day_open="100")]) == [0]


def test_a_replaced_watch_forgets_its_old_condition_and_instruments():
    watcher = watcher_of(Above(Decimal(100)), instruments=(APPLE, IBM))

    watcher.watch(DIP, instruments=[APPLE], condition=Above(Decimal(200)))

    assert len(watcher) == 1
    assert watcher.look(IBM, seen(150)) == []
    assert fired_at(watcher, [seen(150), seen(201)]) == [1]


def test_a_forgotten_trigger_fires_no_more():
    watcher = watcher_of(ChangePercent(Decimal(-3)))
    watcher.look(APPLE, seen(100, day_open="100"))

    watcher.forget(DIP)
    watcher.forget(TOP)

    assert len(watcher) == 0
    assert watcher.look(APPLE, seen(50, day_open="100")) == []


def test_a_primed_instrument_goes_on_from_where_it_was():
    watcher = watcher_of(Above(Decimal(100)))

    watcher.prime(APPLE, seen(101))

    assert watcher.before(APPLE) == seen(101)
    assert watcher.before(IBM) is None
    assert fired_at(watcher, [seen(102), seen(100), seen(101)]) == [2]


def test_several_triggers_fire_in_the_order_of_their_ids():
    watcher = PriceWatcher()
    for trigger in (DIP, TOP):
        watcher.watch(trigger, instruments=[APPLE], condition=Above(Decimal(100)))

    hits = watcher.look(APPLE, seen(101))

    assert hits == sorted([(DIP, APPLE), (TOP, APPLE)])
    assert watcher.condition(hits[0]) == Above(Decimal(100))


def test_it_says_how_many_earlier_closes_its_changes_need():
    watcher = watcher_of(ChangePercent(Decimal(-3), against=5))
    watcher.watch(TOP, instruments=[APPLE], condition=ChangePercent(Decimal(3)))

    assert watcher.bars_needed(APPLE) == 5
    assert watcher.bars_needed(IBM) == 0


def test_a_condition_that_is_no_question_about_one_price_is_refused():
    with pytest.raises(TypeError, match="cannot be watched"):
        is_true(Unknown(), seen(1))


class Unknown:
    def holds(self, bars):
        return False

    def mask(self, bars):
        return np.zeros(len(bars), dtype=np.bool_)

    def levels(self, bars):
        return ()


def cents(low, high):
    return st.integers(low, high).map(lambda number: Decimal(number) / 100)


CONDITIONS = st.one_of(
    st.builds(Above, cents(9_500, 10_500)),
    st.builds(Below, cents(9_500, 10_500)),
    st.builds(CrossesAbove, cents(9_500, 10_500)),
    st.builds(CrossesBelow, cents(9_500, 10_500)),
    st.builds(ChangePercent, st.sampled_from([Decimal(n) / 2 for n in (-6, -2, -1, 1, 2, 6)])),
    st.builds(
        ChangePercent,
        st.sampled_from([Decimal(n) / 2 for n in (-6, -2, 2, 6)]),
        st.integers(1, 3),
    ),
)


def ticks_as_bars(prices):
    """Each tick as a bar of its own; the first of a day opens it."""
    spans = [
        MONDAY + timedelta(days=number // TICKS_A_DAY, hours=number % TICKS_A_DAY)
        for number in range(len(prices))
    ]
    return Bars.of(
        [
            Bar(at, price, price, price, price, Decimal(1))
            for at, price in zip(spans, prices, strict=True)
        ]
    )


def sightings(prices):
    return [
        Sighting(
            price,
            References(
                prices[number - number % TICKS_A_DAY], tuple(prices[max(number - 3, 0) : number])
            ),
        )
        for number, price in enumerate(prices)
    ]


@given(condition=CONDITIONS, prices=st.lists(cents(9_400, 10_600), min_size=1, max_size=40))
def test_it_fires_exactly_where_the_mask_of_the_whole_path_turns_true(condition, prices):
    watcher = watcher_of(condition)

    fired = fired_at(watcher, sightings(prices))

    mask = condition.mask(ticks_as_bars(prices))
    assert fired == list(np.flatnonzero(mask & ~np.r_[False, mask[:-1]]))


@given(
    conditions=st.lists(CONDITIONS, min_size=1, max_size=5),
    prices=st.lists(cents(9_400, 10_600), min_size=2, max_size=30),
    data=st.data(),
)
def test_a_restart_between_any_two_ticks_changes_nothing(conditions, prices, data):
    stop = data.draw(st.integers(1, len(prices) - 1))
    path = sightings(prices)

    def watcher():
        made = PriceWatcher()
        for number, condition in enumerate(conditions):
            made.watch(UUID(int=number), instruments=[APPLE], condition=condition)
        return made

    whole = watcher()
    expected = [whole.look(APPLE, one) for one in path]
    first, second = watcher(), watcher()
    before = [first.look(APPLE, one) for one in path[:stop]]
    second.prime(APPLE, path[stop - 1])
    after = [second.look(APPLE, one) for one in path[stop:]]

    assert before + after == expected


@given(condition=CONDITIONS, prices=st.lists(cents(9_400, 10_600), min_size=2, max_size=30))
def test_the_index_finds_whatever_asking_every_condition_finds(condition, prices):
    watcher = watcher_of(condition)
    path = sightings(prices)

    fired = fired_at(watcher, path)

    asked = [
        number
        for number, now in enumerate(path)
        if becomes_true(condition, before=path[number - 1] if number else None, now=now)
    ]
    assert fired == asked
