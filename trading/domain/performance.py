"""How an account, a team or one agent has done: all figures of an equity curve and its trips.

Amounts are Decimal, in the account's currency; ratios are float and none of them finds its way
back into money. A figure that is not defined is None, never NaN or infinite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading.domain.equity_curves import (
    NO_TIME,
    Drawdown,
    Movement,
    Point,
    average_equity,
    drawdown,
    gain,
    growth,
    invested_share,
    ratio,
    total_return,
)
from trading.domain.returns import (
    TailRisk,
    cagr,
    calmar,
    historical_risk,
    parametric_risk,
    returns_of,
    sharpe,
    sortino,
    volatility,
)
from trading.domain.round_trips import RoundTrips, TripFigures, trip_figures
from tradingfarm.kernel.money import MONEY


@dataclass(frozen=True)
class Exposure:
    """The part of the time with any position, and the part of equity that was invested, 0 to 1."""

    time: float | None
    invested: float | None


@dataclass(frozen=True)
class Profit:
    """P&L without deposits and withdrawals: before fees, net of them, and net of models too."""

    before_fees: Decimal
    fees: Decimal
    net_of_fees: Decimal
    model_cost: Decimal
    net: Decimal


@dataclass(frozen=True)
class Performance:
    """All figures of one curve. `start` and `end` are its first and last moment, market time."""

    start: datetime | None
    end: datetime | None
    profit: Profit
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown | None
    historical: TailRisk | None
    parametric: TailRisk | None
    exposure: Exposure
    turnover: float | None
    trips: TripFigures


def performance(
    *,
    points: Sequence[Point],
    movements: Sequence[Movement],
    trips: RoundTrips,
    fees: Decimal,
    model_cost: Decimal,
    periods_per_year: float,
) -> Performance:
    """All figures of one equity curve. Raises OutOfOrder.

    Points are evenly spaced, so many a year: daily ones are 252 for stocks and 365 for crypto.
    Equity is net of `fees` already; `model_cost` is what models were paid, in the same currency.
    The curve of an agent is the money set apart for it and its P&L.
    """
    steps = growth(points=points, movements=movements)
    fall = drawdown(start=points[0].moment, steps=steps) if points else None
    yearly = cagr(steps, periods_per_year=periods_per_year)
    returns = returns_of(steps)
    return Performance(
        start=points[0].moment if points else None,
        end=points[-1].moment if points else None,
        profit=profit(
            gained=gain(points=points, movements=movements), fees=fees, model_cost=model_cost
        ),
        total_return=total_return(steps),
        cagr=yearly,
        volatility=volatility(returns, periods_per_year=periods_per_year),
        sharpe=sharpe(returns, periods_per_year=periods_per_year),
        sortino=sortino(returns, periods_per_year=periods_per_year),
        calmar=calmar(cagr=yearly, depth=fall.depth if fall else 0.0),
        drawdown=fall,
        historical=historical_risk(returns),
        parametric=parametric_risk(returns),
        exposure=Exposure(time_exposed(points=points, trips=trips), invested_share(points)),
        turnover=turnover(points=points, traded_value=trips.traded_value),
        trips=trip_figures(trips),
    )


def profit(*, gained: Decimal, fees: Decimal, model_cost: Decimal) -> Profit:
    """P&L of a curve that gained so much, net of fees already."""
    return Profit(
        before_fees=MONEY.add(gained, fees),
        fees=fees,
        net_of_fees=gained,
        model_cost=model_cost,
        net=MONEY.subtract(gained, model_cost),
    )


def time_exposed(*, points: Sequence[Point], trips: RoundTrips) -> float | None:
    """The part of the time from the first point to the last with any position, 0 to 1."""
    if len(points) < 2:
        return None
    start, end = points[0].moment, points[-1].moment
    spans = [(trip.entered_at, trip.exited_at) for trip in trips.finished]
    spans += [(trip.entered_at, end) for trip in trips.unfinished]
    covered, until = NO_TIME, start
    for entered_at, exited_at in sorted(spans):
        begins, ends = max(entered_at, until), min(exited_at, end)
        if ends > begins:
            covered, until = covered + (ends - begins), ends
    return covered / (end - start)


def turnover(*, points: Sequence[Point], traded_value: Decimal) -> float | None:
    """Half of what was bought and sold over the average equity of the time; not annualised."""
    average = average_equity(points)
    return ratio(float(traded_value) / 2, average) if average else None
