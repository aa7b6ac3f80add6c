"""Indicators that a chart can show, computed here so that the chart and the agents agree."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from market.domain import indicators
from market.domain.candles import Bars, Floats

Lines = Mapping[str, Floats]
WARM_UP = 250
"""Candles before the first one shown. Behind so many, where an average began no longer shows."""


@dataclass(frozen=True)
class Study:
    """An indicator by its name in an address. `pane` is where it is drawn: price, rsi or macd."""

    name: str
    label: str
    pane: str
    lines: Callable[[Bars], Lines]


def _bollinger(bars: Bars) -> Lines:
    bands = indicators.bollinger(bars.close)
    return {"upper": bands.upper, "middle": bands.middle, "lower": bands.lower}


def _macd(bars: Bars) -> Lines:
    macd = indicators.macd(bars.close)
    return {"line": macd.line, "signal": macd.signal, "histogram": macd.histogram}


STUDIES = (
    Study("sma20", "SMA 20", "price", lambda bars: {"line": indicators.sma(bars.close)}),
    Study(
        "sma50", "SMA 50", "price", lambda bars: {"line": indicators.sma(bars.close, period=50)}
    ),
    Study("ema20", "EMA 20", "price", lambda bars: {"line": indicators.ema(bars.close)}),
    Study("bollinger", "Bollinger 20, 2", "price", _bollinger),
    Study("rsi", "RSI 14", "rsi", lambda bars: {"line": indicators.rsi(bars.close)}),
    Study("macd", "MACD 12, 26, 9", "macd", _macd),
)
BY_NAME = {study.name: study for study in STUDIES}


def studies_named(*, names: Iterable[str]) -> tuple[Study, ...]:
    """The indicators of these names, each once. Raises KeyError for one that there is not."""
    return tuple(BY_NAME[name] for name in dict.fromkeys(names))
