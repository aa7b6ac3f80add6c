"""Figures of a curve: deposits are no profit, nothing is NaN, and others find the same."""

import csv
import math
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from itertools import accumulate

import empyrical
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.market.reference import FOLDER, rows_of
from tests.trading.books import APPLE, IBM
from tests.trading.curves import START, day, paid, points
from trading.domain.equity_curves import Drawdown, Point, growth
from trading.domain.ledger import TradeReport
from trading.domain.performance import performance
from trading.domain.returns import (
    cagr,
    calmar,
    historical_risk,
    parametric_risk,
    sharpe,
    sortino,
    volatility,
)
from trading.domain.round_trips import RoundTrips, round_trips
from trading.domain.states import Side

DAYS = 252
NO_TRIPS = RoundTrips()


def grown(*equities):
    return growth(points=points(*equities), movements=[])


def judged(curve, movements=(), trips=NO_TRIPS, fees="0", model_cost="0", year=DAYS):
    return performance(
        points=curve,
        movements=movements,
        trips=trips,
        fees=Decimal(fees),
        model_cost=Decimal(model_cost),
        periods_per_year=year,
    )


# Statistics


def test_growth_a_year_follows_from_the_number_of_periods():
    assert cagr(grown(100, 110, 121), periods_per_year=4) == pytest.approx(1.1**4 - 1)
    assert cagr(grown(100, 0), periods_per_year=4) == -1


def test_growth_beyond_all_numbers_is_not_defined_and_neither_is_calmar():
    assert cagr(grown(1, 10**15), periods_per_year=DAYS) is None
    assert judged(points(1, 10**15)).calmar is None


def test_without_two_returns_there_is_no_deviation():
    for few in (np.array([]), np.array([0.1])):
        assert volatility(few, periods_per_year=DAYS) is None
        assert sharpe(few, periods_per_year=DAYS) is None
        assert sortino(few, periods_per_year=DAYS) is None
        assert parametric_risk(few) is None
    assert historical_risk(np.array([])) is None


def test_equal_returns_have_no_deviation_although_their_mean_is_rounded():
    equal = np.full(7, 0.1)

    assert volatility(equal, periods_per_year=DAYS) == 0
    assert sharpe(equal, periods_per_year=DAYS) is None


def test_without_a_loss_there_is_no_sortino_and_without_a_fall_no_calmar():
    assert sortino(np.array([0.0, 0.1, 0.2]), periods_per_year=DAYS) is None
    assert calmar(cagr=0.3, depth=0.0) is None


def test_a_ratio_beyond_all_numbers_is_not_defined():
    assert calmar(cagr=1e300, depth=1e-10) is None


def test_the_parametric_risk_is_that_of_a_normal_distribution():
    found = parametric_risk(np.array([0.01, 0.03]))

    # Both numbers stand in tables of the normal distribution at 5 %.
    deviation = 0.01 * math.sqrt(2)
    assert found
    assert found.value_at_risk == pytest.approx(1.6448536 * deviation - 0.02)
    assert found.expected_shortfall == pytest.approx(2.0627128 * deviation - 0.02)


def test_the_expected_shortfall_of_twenty_returns_is_the_worst_and_of_21_the_mean_of_two():
    worst = [-0.5, -0.3]

    for calm, shortfall in ((18, 0.5), (19, 0.4)):
        found = historical_risk(np.array([0.1] * calm + worst))
        assert found
        assert found.expected_shortfall == pytest.approx(shortfall)


def test_value_at_risk_is_negative_where_even_bad_periods_gained():
    found = historical_risk(np.array([0.01, 0.02]))

    assert found
    assert found.value_at_risk == pytest.approx(-0.0105)
    assert found.expected_shortfall == -0.01


# Everything together


def test_profit_is_net_of_deposits_fees_and_model_cost():
    profit = judged(points(100, 180), [paid(0, 100), paid(1, 50)], fees="4", model_cost="7").profit

    assert (profit.before_fees, profit.net_of_fees, profit.net) == (34, 30, 23)
    assert (profit.fees, profit.model_cost) == (4, 7)


def test_a_curve_without_points_has_no_figures_and_still_its_model_cost():
    figures = judged([], model_cost="7")

    defined = {name for name, value in asdict(figures).items() if value is not None}
    assert defined == {"profit", "exposure", "trips"}
    assert figures.profit.net == -7
    assert (figures.exposure.time, figures.exposure.invested) == (None, None)


def test_a_single_point_has_no_returns():
    figures = judged(points(100))

    assert (figures.start, figures.end) == (START, START)
    assert (figures.total_return, figures.cagr, figures.turnover) == (None, None, None)
    assert figures.drawdown == Drawdown()


def filled(number, side, *, of=APPLE):
    return day(number), TradeReport(of, side, Decimal(1), Decimal(100), Decimal(0))


def test_time_with_several_positions_counts_once():
    trips = round_trips(
        [
            filled(-1, Side.BUY),
            filled(0.5, Side.BUY, of=IBM),
            filled(1, Side.SELL),
            filled(2, Side.SELL, of=IBM),
            filled(3, Side.BUY),
        ]
    )

    exposure = judged(points(100, 100, 100, 100, 100), trips=trips).exposure

    assert exposure.time == 3 / 4


def test_trips_before_and_after_the_curve_are_no_exposure():
    trips = round_trips(filled(number, side) for number in (-3, 9) for side in Side)

    assert judged(points(100, 100), trips=trips).exposure.time == 0


def test_a_trip_that_lasts_beyond_the_curve_is_exposed_for_all_of_it():
    trips = round_trips([filled(-3, Side.BUY), filled(9, Side.SELL)])

    assert judged(points(100, 100), trips=trips).exposure.time == 1


def test_the_invested_share_is_averaged_over_time():
    curve = [
        Point(day(0), Decimal(100), Decimal(100)),
        Point(day(3), Decimal(200), Decimal(50)),
        Point(day(4), Decimal(100), Decimal(0)),
    ]

    assert judged(curve).exposure.invested == pytest.approx(0.75 / 4)


def test_points_without_known_cash_or_equity_say_nothing_of_the_invested_share():
    curve = [
        Point(day(0), Decimal(100)),
        Point(day(1), Decimal(0), Decimal(0)),
        Point(day(2), Decimal(100), Decimal(50)),
        Point(day(3), Decimal(100)),
    ]

    assert judged(curve).exposure.invested == 0.5
    assert judged(curve[:2]).exposure.invested is None


def test_turnover_is_half_of_what_was_traded_over_the_average_equity():
    trips = round_trips([filled(0, Side.BUY), filled(1, Side.SELL), filled(1, Side.BUY)])

    assert judged(points(200, 400, 100), trips=trips).turnover == 0.5
    assert judged(points(0, 0), trips=trips).turnover is None


# Properties

EQUITY = st.decimals(min_value="0.01", max_value=1_000_000, places=2)
CURVE = st.lists(EQUITY, min_size=2, max_size=12)
FACTOR = st.decimals(min_value="0.5", max_value="1.5", places=3)


def numbers(figures):
    """Every figure that a float stands for and that is defined, by its name."""
    names = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "turnover")
    flat = {name: getattr(figures, name) for name in names}
    for name in ("historical", "parametric"):
        tail = getattr(figures, name)
        flat |= {f"{name}_{key}": value for key, value in asdict(tail).items()} if tail else {}
    return {name: value for name, value in flat.items() if value is not None}


def agree(one, other):
    """Whether the same figures are defined in both, and are equal but for rounding."""
    return numbers(one) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)


@given(CURVE, st.decimals(min_value="0.001", max_value=1_000, places=3))
def test_ten_times_the_money_has_the_same_ratios(equities, scale):
    scaled = [equity * scale for equity in equities]

    small, large = judged(points(*equities)), judged(points(*scaled))

    assert agree(small, large)
    assert large.drawdown.depth == pytest.approx(small.drawdown.depth, abs=1e-12)
    assert replace(large.drawdown, depth=0) == replace(small.drawdown, depth=0)


@given(st.lists(st.tuples(FACTOR, EQUITY), min_size=1, max_size=12), EQUITY)
def test_deposits_change_no_return(course, opening):
    quiet = list(accumulate((factor for factor, _ in course), lambda a, b: a * b, initial=opening))
    noisy = [opening]
    for factor, deposit in course:
        noisy.append(noisy[-1] * factor + deposit)
    movements = [paid(number, deposit) for number, (_, deposit) in enumerate(course, start=1)]

    with_deposits, without = judged(points(*noisy), movements), judged(points(*quiet))

    assert agree(with_deposits, without)
    assert with_deposits.drawdown.depth == pytest.approx(without.drawdown.depth, abs=1e-12)


@given(CURVE)
def test_withdrawing_all_profit_leaves_the_profit(equities):
    movements = [paid(1, equities[-1] - equities[0])]

    assert judged(points(*equities), movements).profit.net_of_fees == 0


@given(st.lists(st.decimals(min_value=-10, max_value=1_000, places=2), max_size=12), st.data())
def test_no_figure_is_ever_nan_or_infinite(equities, data):
    movement = st.tuples(st.integers(0, 12 * 24), st.integers(-500, 500))
    paid_in = data.draw(st.lists(movement, max_size=5))
    movements = [paid(hours / 24, amount) for hours, amount in paid_in]

    figures = judged(points(*equities), movements)

    assert all(math.isfinite(value) for value in numbers(figures).values())
    assert figures.drawdown is None or 0 <= figures.drawdown.depth <= 1


# What others find


# Where equity moves by more than a factor of a hundred, their chain of floats is the less exact.
@given(st.lists(st.decimals(min_value=100, max_value=10_000, places=2), min_size=3, max_size=30))
def test_statistics_agree_with_empyrical(equities):
    figures = judged(points(*equities))
    assume(figures.sharpe is not None)
    equity = np.array([float(value) for value in equities])

    with np.errstate(over="ignore"):
        expected = theirs(np.diff(equity) / equity[:-1])

    mine = {name: value for name, value in numbers(figures).items() if name in expected}
    assert mine == pytest.approx(expected, rel=1e-6, abs=1e-9)


def theirs(returns):
    """What empyrical says of returns under our names, without what is not finite."""
    found = {
        "total_return": empyrical.cum_returns_final(returns),
        "cagr": empyrical.cagr(returns),
        "volatility": empyrical.annual_volatility(returns),
        "sharpe": empyrical.sharpe_ratio(returns),
        "sortino": empyrical.sortino_ratio(returns),
        "calmar": empyrical.calmar_ratio(returns),
        "historical_value_at_risk": -empyrical.value_at_risk(returns),
        "historical_expected_shortfall": -empyrical.conditional_value_at_risk(returns),
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def metrics_of(series):
    """What others computed of a curve; skips, with the reason, where it is absent."""
    path = FOLDER / "reference" / "metrics_buy_and_hold.csv"
    if not path.exists():
        pytest.skip(f"the reference file {path.name} is not beside this checkout")
    with path.open() as text:
        return next(row for row in csv.DictReader(text) if row["series"].endswith(series))


@pytest.mark.parametrize("series", ["AAPL_1d_splitadj", "SPY_1d_splitadj"])
def test_figures_agree_with_the_reference(series):
    metrics = metrics_of(series)
    rows = rows_of(f"reference/equity_curves/{series}.equity.csv.gz")
    curve = [
        Point(datetime.fromisoformat(row["timestamp_utc"]), Decimal(row["equity"])) for row in rows
    ]

    figures = judged(curve, year=int(metrics["periods_per_year"]))

    for name, value in ours(figures).items():
        assert value == pytest.approx(float(metrics[name]), rel=1e-12), name
    assert figures.drawdown.peak_at.date().isoformat() == metrics["max_dd_peak"]
    assert figures.drawdown.trough_at.date().isoformat() == metrics["max_dd_trough"]


def ours(figures):
    """Our figures under the reference's names, with its signs: losses are negative there."""
    return {
        "total_return": figures.total_return,
        "ep_sharpe": figures.sharpe,
        "qs_sharpe": figures.sharpe,
        "pd_sharpe": figures.sharpe,
        "ep_sortino": figures.sortino,
        "qs_sortino": figures.sortino,
        "ep_annual_volatility": figures.volatility,
        "ep_cagr": figures.cagr,
        "qs_cagr": figures.cagr,
        "ep_calmar": figures.calmar,
        "ep_max_drawdown": -figures.drawdown.depth,
        "qs_max_drawdown": -figures.drawdown.depth,
        "ep_var95": -figures.historical.value_at_risk,
        "ep_cvar95": -figures.historical.expected_shortfall,
    }
