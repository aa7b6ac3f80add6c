from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from market.domain.ticks import BadTick, refuse
from tests.market.builders import MONDAY, tick

SECOND = timedelta(seconds=1)


def test_a_sound_tick_passes():
    assert refuse(tick=tick("100", bid="99.9", ask="100.1"), previous=None, now=MONDAY) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"last": Decimal("NaN")}, BadTick.NOT_A_NUMBER),
        ({"volume": Decimal("Infinity")}, BadTick.NOT_A_NUMBER),
        ({"bid": Decimal(-1)}, BadTick.NEGATIVE),
        ({"volume": Decimal(-1)}, BadTick.NEGATIVE),
        ({"last": Decimal(0)}, BadTick.ZERO),
        ({"bid": Decimal("100.01")}, BadTick.CROSSED),
        ({"at": MONDAY + SECOND}, BadTick.EARLY),
        ({"at": MONDAY - 61 * SECOND}, BadTick.STALE),
    ],
)
def test_a_bad_tick_is_refused_with_its_reason(change, reason):
    assert refuse(tick=replace(tick(), **change), previous=None, now=MONDAY) is reason


def test_a_tick_may_be_exactly_as_old_as_allowed():
    old = tick(at=MONDAY - 5 * SECOND)

    assert refuse(tick=old, previous=None, now=MONDAY, max_age=5 * SECOND) is None


def test_a_tick_from_before_the_last_one_is_stale():
    earlier, later = tick(at=MONDAY - SECOND), tick(at=MONDAY)

    assert refuse(tick=earlier, previous=later, now=MONDAY) is BadTick.STALE
    assert refuse(tick=later, previous=later, now=MONDAY) is None


@pytest.mark.parametrize("spiked", ["1000", "10"])
def test_ten_times_or_a_tenth_of_the_last_price_is_a_spike(spiked):
    assert refuse(tick=tick(spiked), previous=tick("100"), now=MONDAY) is BadTick.SPIKE


@pytest.mark.parametrize("moved", ["999.99", "10.01", "48"])
def test_a_large_move_below_ten_fold_is_believed(moved):
    assert refuse(tick=tick(moved), previous=tick("100"), now=MONDAY) is None
