"""Figures as they are stored: text with a fixed precision, null where nothing is defined."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.curves import day, points
from tests.trading.test_daily_curves import close, course
from tests.trading.test_round_trips import bought, sold
from tests.trading.test_track_records import recorded
from trading.domain.daily_curves import Course, begun, reached
from trading.domain.figures import ENOUGH, Money, figures, together
from trading.domain.performance import performance
from trading.domain.round_trips import RoundTrips
from trading.domain.track_records import TrackRecord

MONEY = Money(realised=Decimal("12.50"), unrealised=Decimal("-2.5"), fees=Decimal(3))
NOTHING = TrackRecord()
RISK = ("cagr", "volatility", "sharpe", "sortino", "calmar")
TAIL = ("value_at_risk_95", "expected_shortfall_95")


def told(found, record=NOTHING, money=MONEY):
    return figures(course=found, record=record, money=money)


def test_money_is_plain_text():
    found = told(course(100, 110), money=replace(MONEY, model_cost=Decimal("0.75")))

    assert (found["pnl"], found["realised"], found["unrealised"]) == ("10", "12.5", "-2.5")
    assert (found["model_cost"], found["pnl_net_of_model_cost"]) == ("0.75", "9.25")
    assert found["fees"] == "3"


def test_what_models_cost_in_another_currency_is_not_known():
    found = told(course(100, 110))

    assert (found["model_cost"], found["pnl_net_of_model_cost"]) == (None, None)


def test_ratios_have_six_places():
    found = told(
        course(300, 100, 150),
        recorded(bought(0, 1, 100), sold(10, 1, 130), bought(20, 3, 10), sold(40, 3, 9)),
    )

    assert (found["total_return"], found["day_return"]) == ("-0.500000", "0.500000")
    assert (found["max_drawdown"], found["drawdown"]) == ("0.666667", "0.500000")
    assert found["drawdown_from"] == day(0).isoformat()
    assert found["drawdown_to"] == day(1).isoformat()
    assert (found["win_rate"], found["profit_factor"]) == ("0.500000", "10.000000")
    assert (found["expectancy"], found["average_duration_seconds"]) == ("13.5", 900)
    assert (found["trades"], found["round_trips"], found["points"]) == (4, 2, 3)
    assert found["turnover"] == "0.717500"  # (230 + 57) / 2 over an average of 200


def test_a_fall_that_rounds_to_nothing_has_no_sign():
    assert told(course(10_000_000, "9999999.99"))["total_return"] == "0.000000"


def test_without_a_trip_or_a_day_nothing_is_defined_but_what_is_counted():
    found = told(Course(day(0), begun(moment=day(0), equity=Decimal(100))))

    defined = {name for name, value in found.items() if value is not None}
    assert defined == {
        *("pnl", "realised", "unrealised", "fees", "won", "lost", "traded_value"),
        *("trades", "round_trips", "open_trips", "wins", "losses", "points", "paid_in"),
        *("began_at", "moment", "equity", "invested", "drawdown", "max_drawdown"),
    }


@pytest.mark.parametrize(("days", "defined"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_risk_and_a_years_growth_are_told_of_twenty_days_and_not_of_fewer(days, defined):
    equities = [100 + number % 3 for number in range(days + 1)]

    found = told(course(*equities))

    assert {name for name in (*RISK, *TAIL) if (found[name] is not None) != defined} == set()


@pytest.mark.parametrize(("spacing", "year"), [(1, 365), (1.45, 252)])
def test_they_are_those_of_the_whole_curve(spacing, year):
    equities = [Decimal(100 + (number * 7919) % 31) for number in range(60)]
    found = Course(day(0), begun(moment=day(0), equity=equities[0]))
    for number, equity in enumerate(equities[1:], start=1):
        found = reached(found, close(number * spacing, equity, hours=24))

    curve = [replace(each, moment=day(n * spacing)) for n, each in enumerate(points(*equities))]
    whole = performance(
        points=curve,
        movements=[],
        trips=RoundTrips(),
        fees=Decimal(0),
        model_cost=Decimal(0),
        periods_per_year=year,
    )
    said = told(found)
    assert whole.drawdown
    assert whole.historical
    for name in ("total_return", *RISK):
        assert float(said[name]) == pytest.approx(getattr(whole, name), abs=1e-6), name
    assert float(said["max_drawdown"]) == pytest.approx(whole.drawdown.depth, abs=1e-6)
    assert float(said["value_at_risk_95"]) == pytest.approx(
        whole.historical.value_at_risk, abs=1e-6
    )
    assert float(said["expected_shortfall_95"]) == pytest.approx(
        whole.historical.expected_shortfall, abs=1e-6
    )


def test_what_is_beyond_all_numbers_is_not_defined():
    found = told(course(*(Decimal(10) ** (15 * number) for number in range(ENOUGH + 2))))

    assert (found["cagr"], found["total_return"], found["drawdown"]) == (None, None, "0.000000")


# Several agents together


def part(*trips, cost="0"):
    """The figures of an agent with trips of so much profit and so many minutes."""
    booked = []
    for start, (profit, minutes) in enumerate(trips):
        booked += [bought(start * 100, 1, 100), sold(start * 100 + minutes, 1, 100 + profit)]
    record = recorded(*booked)
    money = Money(record.realised, Decimal(1), record.fees, cost and Decimal(cost))
    return told(course(100, 100), record, money)


def test_together_money_and_trips_are_summed_and_ratios_follow_from_the_sums():
    found = together([part((30, 10), (-10, 20), cost="0.5"), part((-5, 60))])

    assert (found["pnl"], found["realised"], found["unrealised"]) == ("17", "15", "2")
    assert (found["model_cost"], found["pnl_net_of_model_cost"]) == ("0.5", "16.5")
    assert (found["trades"], found["round_trips"], found["wins"]) == (6, 3, 1)
    assert (found["win_rate"], found["profit_factor"]) == ("0.333333", "2.000000")
    assert (found["expectancy"], found["average_loss"]) == ("5", "-7.5")
    assert found["average_duration_seconds"] == timedelta(minutes=30).total_seconds()
    assert found["traded_value"] == "615"


def test_together_says_nothing_of_curves():
    assert not {*RISK, *TAIL, "max_drawdown", "total_return"} & set(together([part()]))


def test_where_one_models_cost_is_not_known_that_of_all_is_not():
    assert together([part(), part(cost=None)])["model_cost"] is None


def test_nobody_together_has_done_nothing():
    found = together([])

    assert (found["pnl"], found["trades"], found["win_rate"]) == ("0", 0, None)
