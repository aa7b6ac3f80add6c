"""Curves that are continued day by day: the same figures as from all of their points."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.curves import START, day, paid
from trading.domain.daily_curves import (
    NEWEST,
    WEEKS,
    Close,
    Course,
    begun,
    placed,
    reached,
)
from trading.domain.equity_curves import (
    OutOfOrder,
    Point,
    average_equity,
    drawdown,
    growth,
    invested_share,
    total_return,
)
from trading.domain.returns import returns_of

HOUR = timedelta(hours=1)


def close(number, equity, *, invested=0, pnl=0, hours=0):
    """What there was on a day that ends at the midnight of its number."""
    return Close(
        day=day(number),
        moment=day(number) - (24 - hours) * HOUR,
        equity=Decimal(equity),
        invested=Decimal(invested),
        pnl=Decimal(pnl),
    )


def course(*equities, paid_in=()):
    """A curve that opened on the eve with the first of these."""
    opened = Course(day(0), begun(moment=day(0), equity=Decimal(equities[0])))
    found = opened
    for number, equity in enumerate(equities[1:], start=1):
        amount = dict(paid_in).get(number, 0)
        found = reached(found, close(number, equity, hours=24), paid_in=Decimal(amount))
    return found


def test_a_curve_of_one_point_has_no_return():
    found = reached(None, close(1, 100))

    assert (found.curve.total_return, found.curve.average_equity) == (None, None)
    assert (found.curve.exposure, found.all_returns, found.before) == (None, (), None)


def test_a_day_is_a_return():
    found = course(100, 110, 99)

    assert found.curve.total_return == pytest.approx(-0.01)
    assert found.all_returns == (pytest.approx(0.1), pytest.approx(-0.1))
    assert (found.curve.days, found.day) == (2, day(2))


def test_the_running_day_is_told_anew_from_the_day_before():
    yesterday = course(100, 110)

    noon = reached(yesterday, close(2, 50, hours=12))
    evening = reached(noon, close(2, 121, hours=21))

    assert evening == reached(yesterday, close(2, 121, hours=21))
    assert evening.curve.deepest == 0


def test_a_first_day_without_a_day_before_begins_anew():
    morning = reached(None, close(1, 100, hours=10))

    assert reached(morning, close(1, 90, hours=20)) == reached(None, close(1, 90, hours=20))


def test_a_deposit_is_no_return_whenever_in_the_day_it_is_told_of():
    noon = reached(course(100), close(1, 160, hours=12), paid_in=Decimal(60))

    evening = reached(noon, close(1, 170, hours=21))

    assert (evening.paid_in, evening.curve.total_return) == (60, pytest.approx(0.1))
    assert reached(evening, close(2, 170)).paid_in == 0


def test_the_deepest_fall_is_told_with_its_moments():
    found = course(100, 120, 60, 90, 120).curve

    assert (found.deepest, found.peak_at, found.trough_at) == (Decimal("0.5"), day(1), day(2))
    assert found.fallen == 0


def test_a_fall_begins_at_the_last_day_of_its_high():
    assert course(100, 120, 120, 60).curve.peak_at == day(2)


def test_how_far_it_is_below_its_high_now():
    assert course(100, 120, 60, 90).curve.fallen == Decimal("0.25")


def test_losing_everything_is_the_deepest_fall_of_all_and_ends_there():
    found = course(100, 0, 0, 50).curve

    assert (found.growth, found.deepest, found.total_return) == (0, 1, -1)


def test_exposure_is_the_invested_part_over_time():
    found = reached(course(100), close(1, 100, invested=50, hours=24))
    found = reached(found, close(3, 100, hours=24))

    assert found.curve.exposure == pytest.approx(0.5 * 2 / 3)
    assert found.curve.average_equity == 100


def test_only_the_newest_returns_are_kept():
    found = course(*range(1000, 1003 + NEWEST))

    assert len(found.all_returns) == NEWEST
    assert found.all_returns[-1] == pytest.approx(1 / (1001 + NEWEST))
    assert found.curve.days == NEWEST + 2


def test_a_week_ends_with_its_newest_pnl():
    found = reached(None, close(1, 100, pnl=5))
    for number, pnl in ((6, 7), (8, 9)):
        found = reached(found, close(number, 100, pnl=pnl))

    assert found.weeks == (("2001-W10", 7), ("2001-W11", 9))


def test_only_the_newest_weeks_are_kept():
    found = reached(None, close(1, 100, pnl=0))
    for week in range(1, WEEKS + 2):
        found = reached(found, close(1 + 7 * week, 100, pnl=week))

    assert [pnl for _, pnl in found.weeks] == list(range(2, WEEKS + 2))


def test_a_point_before_the_newest_day_is_refused():
    with pytest.raises(OutOfOrder):
        reached(course(100, 110), replace(close(2, 100), moment=day(0)))


def test_each_deposit_is_placed_where_equity_jumped_most_like_it():
    jumps = [Decimal(jump) for jump in (12, 1_003, -240, 51)]

    assert placed(jumps, [Decimal(1_000), Decimal(-200)]) == (0, 1_000, -200, 0)
    assert placed(jumps[:2], [Decimal(1_000), Decimal(1_000)]) == (1_000, 1_000)
    assert placed(jumps[:1], [Decimal(5), Decimal(6)]) == (11,)
    assert placed(jumps, []) == (0, 0, 0, 0)


# Properties

EQUITY = st.decimals(min_value="0.01", max_value=1_000_000, places=2)
CURVE = st.lists(st.tuples(EQUITY, st.integers(0, 100), st.integers(-50, 50)), max_size=15)


@given(EQUITY, CURVE)
def test_it_finds_what_all_points_say(opening, days):
    found = Course(day(0), begun(moment=START, equity=opening))
    curve = [Point(START, opening, opening)]
    for number, (equity, percent, amount) in enumerate(days, start=1):
        invested = equity * percent / 100
        found = reached(
            found,
            close(number, equity, invested=invested, hours=24),
            paid_in=Decimal(amount),
        )
        curve.append(Point(day(number), equity, equity - invested))

    movements = [paid(number, amount) for number, (*_, amount) in enumerate(days, start=1)]
    steps = growth(points=curve, movements=movements)
    expected = drawdown(start=START, steps=steps)
    assert found.all_returns == pytest.approx(tuple(returns_of(steps)), abs=1e-10)
    assert found.curve.total_return == pytest.approx(total_return(steps), nan_ok=True)
    assert float(found.curve.deepest) == pytest.approx(expected.depth)
    if expected.depth > 1e-9:
        moments = (found.curve.peak_at, found.curve.trough_at)
        assert moments == (expected.peak_at, expected.trough_at)
    assert found.curve.exposure == pytest.approx(invested_share(curve), nan_ok=True)
    assert found.curve.average_equity == pytest.approx(average_equity(curve), nan_ok=True)


@given(st.lists(EQUITY, min_size=1, max_size=6))
def test_what_was_asked_within_a_day_leaves_no_trace(equities):
    found = yesterday = course(100, 110)
    for hour, equity in enumerate(equities, start=1):
        found = reached(found, close(2, equity, hours=hour))

    assert found == reached(yesterday, close(2, equities[-1], hours=len(equities)))
