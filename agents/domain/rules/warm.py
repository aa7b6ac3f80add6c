"""A symbol whose indicators have all warmed up, so that the rules need not ask again."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.contexts import SymbolView


@dataclass(frozen=True)
class Warm:
    """A view with the indicators that the technical rules read, none of them missing."""

    view: SymbolView
    rsi: Decimal
    sma_20: Decimal
    sma_50: Decimal
    atr: Decimal
    macd_histogram: Decimal
    macd_histogram_before: Decimal

    @property
    def symbol(self) -> str:
        return self.view.symbol

    @property
    def last(self) -> Decimal:
        return self.view.last

    @property
    def is_uptrend(self) -> bool:
        return self.sma_20 > self.sma_50

    @property
    def macd_rises(self) -> bool:
        return self.macd_histogram > self.macd_histogram_before

    @property
    def below_sma_20_pct(self) -> Decimal:
        return (1 - self.last / self.sma_20) * 100


def warm(view: SymbolView) -> Warm | None:
    """The view with every indicator present, or None while one is warming up."""
    known = view.indicators
    if known.rsi is None or known.sma_20 is None or known.sma_50 is None or known.atr is None:
        return None
    if known.macd_histogram is None or known.macd_histogram_before is None:
        return None
    return Warm(
        view=view,
        rsi=known.rsi,
        sma_20=known.sma_20,
        sma_50=known.sma_50,
        atr=known.atr,
        macd_histogram=known.macd_histogram,
        macd_histogram_before=known.macd_histogram_before,
    )
