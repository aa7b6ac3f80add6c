"""All figures of one account or agent on one day, as they are stored and shown.

Amounts are text in the account's currency, ratios text with six places (0.5 is 50 %), moments ISO
8601 in UTC; None where a figure is not defined.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from trading.domain.daily_curves import Course, Curve
from trading.domain.equity_curves import Growth, finite, ratio
from trading.domain.returns import cagr, calmar, historical_risk, sharpe, sortino, volatility
from trading.domain.track_records import TrackRecord
from tradingfarm.kernel.money import ZERO, plain

ENOUGH = 20
"""Daily returns before anything is said of their distribution, or of what a year would bring."""
YEAR = timedelta(days=365.25)
STOCK_DAYS, ALL_DAYS = 252, 365

NOTHING = "0.000000"

Figures = Mapping[str, str | int | None]


@dataclass(frozen=True)
class Money:
    """P&L so far, in the account's currency: of what was sold, and of what is held, net of fees.

    `model_cost` is what models were paid; None where that is not in the account's currency.
    """

    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    model_cost: Decimal | None = None

    @property
    def pnl(self) -> Decimal:
        return self.realised + self.unrealised

    @property
    def net(self) -> Decimal | None:
        """P&L net of what models were paid."""
        return None if self.model_cost is None else self.pnl - self.model_cost


def figures(*, course: Course, record: TrackRecord, money: Money) -> Figures:
    """Every figure by its name.

    Trips, P&L, growth, drawdown, exposure and turnover count everything since the beginning. What
    is said of the distribution of daily returns is said of the newest 400, and of a year, only
    once there are 20 of them.
    """
    turnover = {"turnover": _text(_turnover(course.curve, record))}
    return {**_money(money), **_trips(record), **_curve(course), **_risk(course), **turnover}


def _money(money: Money) -> Figures:
    return {
        "pnl": plain(money.pnl),
        "realised": plain(money.realised),
        "unrealised": plain(money.unrealised),
        "fees": plain(money.fees),
        "model_cost": _amount(money.model_cost),
        "pnl_net_of_model_cost": _amount(money.net),
    }


def _trips(record: TrackRecord) -> Figures:
    return {
        "trades": record.fills,
        "round_trips": record.trips,
        "open_trips": len(record.at_work),
        "wins": record.wins,
        "losses": record.losses,
        "won": plain(record.won),
        "lost": plain(record.lost),
        "win_rate": _text(record.win_rate),
        "profit_factor": _text(record.profit_factor),
        "expectancy": _amount(record.expectancy),
        "average_win": _amount(record.average_win),
        "average_loss": _amount(record.average_loss),
        "average_duration_seconds": _seconds(record.average_duration),
        "traded_value": plain(record.traded_value),
    }


def _curve(course: Course) -> Figures:
    curve = course.curve
    return {
        "began_at": _moment(curve.began_at),
        "moment": _moment(curve.moment),
        "equity": plain(curve.equity),
        "invested": plain(curve.invested),
        "paid_in": plain(course.paid_in),
        "points": curve.days + 1,
        "total_return": _text(curve.total_return),
        "day_return": _text(float(curve.factor) - 1 if curve.days else None),
        "drawdown": _text(float(curve.fallen)),
        "max_drawdown": _text(float(curve.deepest)),
        "drawdown_from": _moment(curve.peak_at),
        "drawdown_to": _moment(curve.trough_at),
        "exposure": _text(curve.exposure),
    }


def _risk(course: Course) -> Figures:
    names = (
        *("cagr", "volatility", "sharpe", "sortino", "calmar"),
        *("value_at_risk_95", "expected_shortfall_95"),
    )
    if len(course.all_returns) < ENOUGH:
        return dict.fromkeys(names)
    returns, curve = np.array(course.all_returns, dtype=np.float64), course.curve
    a_year = days_a_year(curve)
    grown = cagr([Growth(curve.moment, curve.growth)], periods_per_year=a_year / curve.days)
    tail = historical_risk(returns)
    found = (
        grown,
        volatility(returns, periods_per_year=a_year),
        sharpe(returns, periods_per_year=a_year),
        sortino(returns, periods_per_year=a_year),
        calmar(cagr=grown, depth=float(curve.deepest)),
        tail.value_at_risk if tail else None,
        tail.expected_shortfall if tail else None,
    )
    return {name: _text(value) for name, value in zip(names, found, strict=True)}


def days_a_year(curve: Curve) -> int:
    """Market days of a year: 252 or 365, whichever is nearer to how often the curve has one."""
    found = curve.days * (YEAR / (curve.moment - curve.began_at))
    return min((STOCK_DAYS, ALL_DAYS), key=lambda days: abs(days - found))


def _turnover(curve: Curve, record: TrackRecord) -> float | None:
    """Half of what was bought and sold over the average equity of the time; not annualised."""
    average = curve.average_equity
    return ratio(float(record.traded_value) / 2, average) if average else None


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else round(length.total_seconds())


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _text(value: float | None) -> str | None:
    """Six places; None for what is no finite number. Nothing has a sign."""
    number = None if value is None else finite(value)
    if number is None:
        return None
    text = f"{number:.6f}"
    return text if text.strip("-0.") else NOTHING


SUMMED = ("pnl", "realised", "unrealised", "fees", "won", "lost", "traded_value")
COUNTED = ("trades", "round_trips", "open_trips", "wins", "losses")


def together(parts: Sequence[Figures]) -> Figures:
    """What several agents did together: the figures of which a sum means something.

    Money, trips, and the ratios that follow from them. Nothing that a curve says is among them:
    several falls are not one fall, and the volatility of parts is not that of their sum.
    """
    sums = {name: sum((_decimal(part, name) for part in parts), ZERO) for name in SUMMED}
    counts = {name: sum(int(part[name] or 0) for part in parts) for name in COUNTED}
    seconds = sum(
        int(part["average_duration_seconds"] or 0) * int(part["round_trips"] or 0)
        for part in parts
    )
    record = TrackRecord(
        trips=counts["round_trips"],
        wins=counts["wins"],
        losses=counts["losses"],
        won=sums["won"],
        lost=sums["lost"],
        lasted=timedelta(seconds=seconds),
    )
    costs = [part["model_cost"] for part in parts]
    money = Money(
        realised=sums["realised"],
        unrealised=sums["unrealised"],
        fees=sums["fees"],
        model_cost=None if None in costs else sum((Decimal(cost) for cost in costs if cost), ZERO),
    )
    traded = {"traded_value": plain(sums["traded_value"])}
    return {**_trips(record), **counts, **traded, **_money(money)}


def _decimal(part: Figures, name: str) -> Decimal:
    return Decimal(part[name] or 0)
