"""Statistics of returns, by the definitions that empyrical and quantstats share.

Returns are arithmetic, the rate that is free of risk is zero, and so many periods make a year:
daily ones are 252 for stocks and 365 for crypto. All of it is float and none of it is money.
A figure that is not defined is None, never NaN or infinite.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from market.domain.candles import Floats
from trading.domain.equity_curves import ONE, Growth, chained, finite, ratio

TAIL = 0.05
"""Value at risk is exceeded in one period of twenty."""

NEGLIGIBLE = 1e-12
"""Returns that differ by less than this part of the largest are equal but for rounding."""


@dataclass(frozen=True)
class TailRisk:
    """Loss of one period as a part of equity: exceeded in one of twenty, and its mean beyond.

    Positive is a loss; a curve that gained even in its worst periods has negative ones.
    """

    value_at_risk: float
    expected_shortfall: float


def returns_of(steps: Iterable[Growth]) -> Floats:
    """Arithmetic returns, one for each period: 0.01 is 1 %."""
    return np.array([float(step.factor - ONE) for step in steps], dtype=np.float64)


def cagr(steps: Sequence[Growth], *, periods_per_year: float) -> float | None:
    """Compound annual growth rate, by the number of periods: 0.1 is 10 % a year.

    None where a short curve would grow beyond all numbers in a year.
    """
    if not steps:
        return None
    try:
        return finite(float(chained(steps)) ** (periods_per_year / len(steps)) - 1)
    except OverflowError:
        return None


def volatility(returns: Floats, *, periods_per_year: float) -> float | None:
    """Sample standard deviation of the returns (one degree of freedom less), annualised."""
    deviation = _deviation(returns)
    return None if deviation is None else deviation * math.sqrt(periods_per_year)


def sharpe(returns: Floats, *, periods_per_year: float) -> float | None:
    """Mean return over the sample standard deviation, annualised (Sharpe, 1994).

    None without variance.
    """
    deviation = _deviation(returns)
    if not deviation:
        return None
    return ratio(float(returns.mean()) * math.sqrt(periods_per_year), deviation)


def sortino(returns: Floats, *, periods_per_year: float) -> float | None:
    """Mean return over the downside deviation, annualised (Sortino and Price, 1994).

    The root of the mean square of all returns, where those above zero count as zero. None without
    a loss.
    """
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.square(np.minimum(returns, 0)))))
    return ratio(float(returns.mean()) * math.sqrt(periods_per_year), downside)


def calmar(*, cagr: float | None, depth: float) -> float | None:
    """Compound annual growth over the depth of the deepest drawdown (Young, 1991)."""
    return None if cagr is None else ratio(cagr, depth)


def _deviation(returns: Floats) -> float | None:
    if len(returns) < 2:
        return None
    if np.ptp(returns) <= NEGLIGIBLE * np.abs(returns).max():
        return 0.0
    return float(returns.std(ddof=1))


def historical_risk(returns: Floats, *, tail: float = TAIL) -> TailRisk | None:
    """Value at risk and expected shortfall of the returns as they were.

    The quantile lies between two returns in proportion; the shortfall is the mean of all that are
    not above the nearest return below it.
    """
    if len(returns) == 0:
        return None
    worst = np.sort(returns)[: int((len(returns) - 1) * tail) + 1]
    return TailRisk(-float(np.quantile(returns, tail)), -float(worst.mean()))


def parametric_risk(returns: Floats, *, tail: float = TAIL) -> TailRisk | None:
    """Value at risk and expected shortfall of a normal distribution with their mean and deviation.

    Losses beyond the quantile z of the standard normal are density(z) / tail deviations on average
    (McNeil, Frey and Embrechts, Quantitative Risk Management).
    """
    deviation = _deviation(returns)
    if deviation is None:
        return None
    mean, normal = float(returns.mean()), NormalDist()
    quantile = normal.inv_cdf(tail)
    return TailRisk(
        value_at_risk=-(mean + quantile * deviation),
        expected_shortfall=-(mean - normal.pdf(quantile) / tail * deviation),
    )
