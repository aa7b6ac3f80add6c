"""Curves net of what was paid in and out: their returns, and how far they fell."""

from datetime import timedelta

import pytest

from tests.trading.curves import START, day, paid, points
from trading.domain.equity_curves import Drawdown, OutOfOrder, drawdown, growth, total_return
from trading.domain.returns import returns_of


def steps(*equities, movements=()):
    return growth(points=points(*equities), movements=movements)


def returns(*equities, movements=()):
    return returns_of(steps(*equities, movements=movements)).tolist()


def fallen(*equities):
    return drawdown(start=START, steps=steps(*equities))


# Returns net of deposits


def test_a_return_is_what_equity_gained_over_what_it_was():
    assert returns(100, 110, 99) == [0.1, -0.1]


def test_a_deposit_is_no_profit_and_a_withdrawal_no_loss():
    assert returns(100, 150, 110, movements=[paid(1, 50), paid(2, -40)]) == [0, 0]


def test_a_deposit_at_the_end_of_a_period_has_earned_nothing_in_it():
    assert returns(100, 160, movements=[paid(1, 50)]) == [0.1]


def test_a_deposit_within_a_period_counts_for_the_time_that_it_was_there():
    assert returns(100, 165, movements=[paid(0.5, 50)]) == [0.12]


def test_movements_at_or_before_the_first_point_and_after_the_last_are_not_of_the_curve():
    assert returns(100, 110, movements=[paid(-1, 70), paid(0, 100), paid(2, 10)]) == [0.1]


def test_movements_come_in_any_order():
    assert returns(100, 210, 160, movements=[paid(2, -50), paid(1, 110)]) == [0, 0]


def test_a_period_that_begins_without_money_has_no_return():
    assert returns(0, 100, 110, movements=[paid(1, 100)]) == [0.1]
    assert returns(100, 0, 0, movements=[paid(1, -100)]) == [0]
    assert returns(-10, -20, 5) == []


def test_more_than_everything_cannot_be_lost():
    assert returns(100, -20) == [-1]


def test_a_point_that_does_not_follow_the_one_before_is_refused():
    with pytest.raises(OutOfOrder, match="does not follow"):
        growth(points=[*points(100), *points(100)], movements=[])


def test_the_total_return_is_chained_over_all_periods():
    assert total_return(steps(100, 110, 200, 220, movements=[paid(2, 90)])) == pytest.approx(0.21)
    assert total_return(steps(100, 90, 100)) == 0


# Drawdown


def test_the_deepest_fall_is_measured_from_the_last_high_before_it():
    found = fallen(100, 120, 90, 130, 91, 140)

    assert found.depth == pytest.approx(0.3)
    assert (found.peak_at, found.trough_at) == (day(3), day(4))
    assert found.longest == timedelta(days=2)


def test_a_curve_that_never_falls_has_no_drawdown():
    assert fallen(100, 100, 110, 110) == Drawdown()


def test_a_fall_lasts_until_the_high_is_reached_again_though_its_growth_is_no_finite_decimal():
    assert fallen(100, 90, 95, 100, 100, 100).longest == timedelta(days=3)
    assert fallen(3, 1, 3, 3).longest == timedelta(days=2)


def test_a_fall_begins_at_the_last_moment_of_a_level_high():
    assert fallen(100, 100, 100, 90, 80).peak_at == day(2)


def test_a_fall_that_is_not_made_good_lasts_until_the_end():
    found = fallen(100, 50, 60, 55, 70)

    assert (found.trough_at, found.longest) == (day(1), timedelta(days=4))


def test_the_longest_fall_may_be_another_than_the_deepest():
    found = fallen(100, 50, 100, 99, 98, 99, 100)

    assert (found.depth, found.longest) == (0.5, timedelta(days=4))


def test_a_withdrawal_is_no_fall():
    steps = growth(points=points(100, 20, 22), movements=[paid(1, -80)])

    assert drawdown(start=START, steps=steps) == Drawdown()
