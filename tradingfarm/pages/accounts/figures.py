"""Figures of performance as pages show them: grouped, each with a line that explains it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.domain.figures import ENOUGH, Figures
from tradingfarm.pages.orders.spans import span_words

HUNDRED = Decimal(100)
PNL, MONEY, GAIN, PERCENT, RATIO, COUNT, SPAN = (
    *("pnl", "money", "gain", "percent", "ratio", "count", "span"),
)
"""How a figure looks: an amount with a sign and without, a part of something with and without,
a plain number, how many, how long.
"""


@dataclass(frozen=True)
class Figure:
    """One figure. `value` is an amount, a percentage, a number or words, by its `look`; None
    where it is not defined. `note` says more, or why not.
    """

    name: str
    label: str
    words: str
    look: str
    value: Decimal | str | None
    note: str = ""


@dataclass(frozen=True)
class Group:
    """Figures that answer one question."""

    title: str
    figures: tuple[Figure, ...]


Line = tuple[str, str, str, str]
RETURN: tuple[Line, ...] = (
    ("pnl", PNL, "P&L", "What was sold and what is held, net of fees. Deposits are no profit."),
    (
        *("pnl_net_of_model_cost", PNL, "Net of models"),
        "The P&L less what the models were paid that decided.",
    ),
    (
        *("total_return", GAIN, "Total return"),
        "What one unit of money has gained, as if nothing had been paid in or out.",
    ),
    ("cagr", GAIN, "Growth a year", "The return of one year at the same pace (CAGR)."),
    ("realised", PNL, "Realised", "The P&L of what was sold."),
    ("unrealised", PNL, "Open", "The P&L of what is held, at the newest prices."),
    ("fees", MONEY, "Fees", "What the exchange took; the P&L is net of it."),
    ("model_cost", MONEY, "Model cost", "What models were paid so far, in dollars."),
)
RISK: tuple[Line, ...] = (
    (
        *("max_drawdown", PERCENT, "Deepest fall"),
        "The largest drop below an earlier high, at the ends of days (maximum drawdown).",
    ),
    ("drawdown", PERCENT, "Below its high", "How far it is below its highest end of a day now."),
    (
        *("volatility", PERCENT, "Volatility"),
        "How much the returns of days differ, as the standard deviation of a year.",
    ),
    (
        *("sharpe", RATIO, "Sharpe"),
        "The return of a year over its volatility. Nothing is taken off for money without risk.",
    ),
    ("sortino", RATIO, "Sortino", "As Sharpe, but only the days of loss count as volatility."),
    (
        *("value_at_risk_95", PERCENT, "Value at risk"),
        "One day in twenty lost more than this part of the money.",
    ),
    (
        *("expected_shortfall_95", PERCENT, "Expected shortfall"),
        "What the worst day in twenty lost on average.",
    ),
    ("exposure", PERCENT, "Exposure", "The part of the money that was invested, over time."),
)
TRADES: tuple[Line, ...] = (
    (
        *("round_trips", COUNT, "Round trips"),
        "From the first buy until flat again; what is still held is none yet.",
    ),
    ("win_rate", PERCENT, "Win rate", "Round trips that made money net of fees, of all."),
    ("profit_factor", RATIO, "Profit factor", "What winners made over what losers lost."),
    ("expectancy", PNL, "Expectancy", "The profit of an average round trip, net of fees."),
    ("average_win", PNL, "Average win", "The profit of an average round trip that won."),
    ("average_loss", PNL, "Average loss", "The loss of an average round trip that lost."),
    (
        *("average_duration_seconds", SPAN, "Duration"),
        "From the first entry to the last exit on average, in market time.",
    ),
    (
        *("turnover", RATIO, "Turnover"),
        "Half of what was bought and sold, over the average equity of the whole time.",
    ),
)
OF_DAYS = ("cagr", "volatility", "sharpe", "sortino", "value_at_risk_95", "expected_shortfall_95")
"""Said only of enough days."""


def groups_of(figures: Figures, *, zone: str) -> tuple[Group, ...]:
    """Return, risk and trades; `zone` (IANA) is that of the days that are named."""
    titled = (("Return", RETURN), ("Risk", RISK), ("Trades", TRADES))
    return tuple(Group(title, _shown(lines, figures, zone)) for title, lines in titled)


def sums_of(figures: Figures) -> tuple[Figure, ...]:
    """What several agents did together: only the figures that they have."""
    return _shown((line for line in (*RETURN, *TRADES) if line[0] in figures), figures, "UTC")


def number(figures: Figures, name: str) -> Decimal | None:
    """A figure as it is stored; None where it is not defined."""
    value = figures.get(name)
    return None if value is None else Decimal(value)


def percent(figures: Figures, name: str) -> Decimal | None:
    """A ratio as a percentage."""
    value = number(figures, name)
    return None if value is None else value * HUNDRED


def days_of(figures: Figures) -> int:
    """How many market days a curve has behind its first point."""
    return int(figures["points"] or 1) - 1


def _shown(lines: Iterable[Line], figures: Figures, zone: str) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=name,
            label=label,
            words=words,
            look=look,
            value=_value(look, figures, name),
            note=_fall(figures, zone) if name == "max_drawdown" else _note(name, figures),
        )
        for name, look, label, words in lines
    )


def _value(look: str, figures: Figures, name: str) -> Decimal | str | None:
    if look in (GAIN, PERCENT):
        return percent(figures, name)
    value = number(figures, name)
    if look == SPAN and value is not None:
        return span_words(timedelta(seconds=int(value)))
    return value


def _note(name: str, figures: Figures) -> str:
    """What belongs beside a figure, or why there is none."""
    if name == "round_trips":
        return _trips(figures)
    if figures.get(name) is not None:
        return ""
    if name in OF_DAYS and days_of(figures) < ENOUGH:
        return f"after {ENOUGH} days, has {days_of(figures)}"
    if name in ("profit_factor", "average_loss") and figures["round_trips"]:
        return "no loss yet"
    if name == "average_win" and figures["round_trips"]:
        return "no win yet"
    return "no day of loss" if name == "sortino" else ""


def _trips(figures: Figures) -> str:
    held = f"{figures['open_trips']} not flat yet" if figures["open_trips"] else ""
    ended = f"{figures['wins']} won, {figures['losses']} lost" if figures["round_trips"] else ""
    return ", ".join(filter(None, (ended, held)))


def _fall(figures: Figures, zone: str) -> str:
    """The days from which to which it fell; nothing where it never did."""
    days = [
        f"{datetime.fromisoformat(str(figures[name])).astimezone(ZoneInfo(zone)):%-d %b %Y}"
        for name in ("drawdown_from", "drawdown_to")
        if figures[name] is not None
    ]
    return " to ".join(days)
