"""What an execution knows when it decides, as one frozen value with one text.

The text is what agents are shown, what is stored, and what is read back after a crash; `read`
gives back the very value that `render` was given. Nothing in it may be later than `as_of`.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import TypeAdapter

from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.errors import FarmError


class LookAhead(FarmError):
    """A part of a context is stamped later than the context."""


@dataclass(frozen=True)
class Waking:
    """One cause: kind is time, price or person."""

    kind: str
    title: str
    symbol: str | None


@dataclass(frozen=True)
class Indicators:
    """Daily indicators with the running candle as the last one; None while one is warming up.

    Prices, MACD and ATR in units of price; RSI 0 to 100; volatility in percent a year; changes and
    the distance from the high of 250 days in percent.
    """

    candles: int
    rsi: Decimal | None = None
    macd_histogram: Decimal | None = None
    macd_histogram_before: Decimal | None = None
    sma_20: Decimal | None = None
    sma_50: Decimal | None = None
    sma_200: Decimal | None = None
    atr: Decimal | None = None
    volatility_pct: Decimal | None = None
    change_5_pct: Decimal | None = None
    change_20_pct: Decimal | None = None
    change_200_pct: Decimal | None = None
    below_high_pct: Decimal | None = None
    average_volume: Decimal | None = None
    last_volume: Decimal | None = None


@dataclass(frozen=True)
class HoursView:
    """The market's day. `minutes_to_close` is None while it is closed."""

    is_open: bool
    minutes_to_close: int | None


@dataclass(frozen=True)
class SymbolView:
    """One instrument. `as_of` stamps the price; candles end before or with the running one.

    `strength_pct` is its change over 20 days less that of the benchmark. Fundamentals (P/E, cash,
    next earnings) are a sentence, "unknown" where no source gives them.
    """

    symbol: str
    as_of: datetime
    last: Decimal
    bid: Decimal
    ask: Decimal
    spread_bps: Decimal
    tick_size: Decimal
    lot_size: Decimal
    minimum_notional: Decimal
    day_change_pct: Decimal | None
    indicators: Indicators
    strength_pct: Decimal | None
    hours: HoursView
    fundamentals: str = "unknown"


@dataclass(frozen=True)
class Benchmark:
    """All symbols with equal weights: change over 20 days, how many rise or are above SMA 20."""

    change_20_pct: Decimal | None
    rising_today_pct: Decimal | None
    above_sma_20_pct: Decimal | None


@dataclass(frozen=True)
class HoldingView:
    """The proposing agent's own part of a position, with its protections and why it was bought."""

    symbol: str
    quantity: Decimal
    average_cost: Decimal
    value: Decimal
    unrealised_pct: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    strategy: str
    opened_at: datetime | None


@dataclass(frozen=True)
class PortfolioView:
    """The account's money. `buying_power` is cash that no buy has reserved."""

    currency: str
    cash: Decimal
    buying_power: Decimal
    equity: Decimal
    exposure: Decimal
    day_pnl: Decimal
    holdings: tuple[HoldingView, ...]


@dataclass(frozen=True)
class LimitsView:
    """The permission that binds the order, and what is left of it today."""

    max_order_value: Decimal
    max_position_value: Decimal
    max_allocation_pct: Decimal
    max_open_positions: int
    entries_left: int
    max_daily_loss: Decimal
    daily_loss_left: Decimal
    stop_required: bool
    blocked: str = ""


@dataclass(frozen=True)
class CostsView:
    """What the exchange charges: fees as a share of the value, slippage in basis points."""

    fee_rate: Decimal
    slippage_bps: Decimal


@dataclass(frozen=True)
class PastDecision:
    """One of the last five decisions of the team on this account."""

    as_of: datetime
    outcome: str
    order: str
    reason: str


@dataclass(frozen=True)
class PerformanceView:
    """Sells of the proposing agent within the last 30 days; P&L net of fees."""

    days: int
    sells: int
    wins: int
    realised: Decimal


@dataclass(frozen=True)
class DecisionContext:
    """Everything that the agents of one execution know."""

    as_of: datetime
    woken_by: tuple[Waking, ...]
    symbols: tuple[SymbolView, ...]
    benchmark: Benchmark
    portfolio: PortfolioView
    limits: LimitsView
    costs: CostsView
    decisions: tuple[PastDecision, ...]
    performance: PerformanceView

    def __post_init__(self) -> None:
        stamps = [view.as_of for view in self.symbols]
        stamps += [decision.as_of for decision in self.decisions]
        stamps += [each.opened_at for each in self.portfolio.holdings if each.opened_at]
        late = [stamp for stamp in stamps if stamp > self.as_of]
        if late:
            raise LookAhead(f"{max(late)} is later than the context's {self.as_of}.")

    def symbol(self, name: str) -> SymbolView | None:
        """The view of one symbol, None when it never ticked."""
        return next((view for view in self.symbols if view.symbol == name), None)

    def holding(self, symbol: str) -> HoldingView | None:
        """The proposing agent's part of a position, None when there is none."""
        return next((each for each in self.portfolio.holdings if each.symbol == symbol), None)


STORED = TypeAdapter(DecisionContext)


def render(context: DecisionContext) -> str:
    """The one text of a context: JSON that a person can read, equal for equal contexts."""
    return json.dumps(json.loads(canonical(context)), indent=1, sort_keys=True, ensure_ascii=False)


def read(text: str) -> DecisionContext:
    """The context that `render` made this text of. Raises pydantic.ValidationError for another."""
    return STORED.validate_json(text)
