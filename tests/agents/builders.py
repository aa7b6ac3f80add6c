"""Small values of the agents' domain for tests."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from agents.domain.ballots import Ballot
from agents.domain.contexts import (
    Benchmark,
    CostsView,
    DecisionContext,
    HoldingView,
    HoursView,
    Indicators,
    LimitsView,
    PerformanceView,
    PortfolioView,
    SymbolView,
    Waking,
)
from agents.domain.states import Choice
from agents.domain.voting import CastBallot, ProposedOrder, Voter
from trading.domain.states import Side

NOON = datetime(2005, 3, 1, 17, tzinfo=UTC)
EXECUTION = UUID("00000000-0000-0000-0000-0000000000e1")
PROPOSER, ANNA, BEN, CARL, DORA = (
    UUID(f"00000000-0000-0000-0000-0000000000a{number}") for number in range(5)
)
VOTERS = (
    Voter(ANNA, "Anna"),
    Voter(BEN, "Ben"),
    Voter(CARL, "Carl", may_veto=True),
    Voter(DORA, "Dora"),
)


Value = TypeVar("Value")


def sure(value: Value | None) -> Value:
    """The value, which a test knows to be there."""
    assert value is not None
    return value


def known(**changes):
    """Warm indicators of a calm stock in an uptrend that gives no signal."""
    values: dict[str, Any] = {
        "candles": 320,
        "rsi": Decimal(45),
        "macd_histogram": Decimal("-0.1"),
        "macd_histogram_before": Decimal("0.1"),
        "sma_20": Decimal(101),
        "sma_50": Decimal(95),
        "sma_200": Decimal(90),
        "atr": Decimal(2),
        "volatility_pct": Decimal(20),
        "change_5_pct": Decimal(1),
        "change_20_pct": Decimal(3),
        "change_200_pct": Decimal(12),
        "below_high_pct": Decimal(5),
        "average_volume": Decimal(1_000_000),
        "last_volume": Decimal(900_000),
    }
    return Indicators(**(values | changes))


def symbol_view(symbol="AAPL", *, indicators=None, **changes):
    values: dict[str, Any] = {
        "as_of": NOON,
        "last": Decimal(100),
        "bid": Decimal("99.98"),
        "ask": Decimal("100.02"),
        "spread_bps": Decimal(4),
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal(1),
        "minimum_notional": Decimal(1),
        "day_change_pct": Decimal("0.4"),
        "strength_pct": Decimal(1),
        "hours": HoursView(is_open=True, minutes_to_close=180),
    }
    return SymbolView(symbol=symbol, indicators=indicators or known(), **(values | changes))


def holding(symbol="AAPL", **changes):
    values: dict[str, Any] = {
        "quantity": Decimal(50),
        "average_cost": Decimal(98),
        "value": Decimal(5_000),
        "unrealised_pct": Decimal("2.04"),
        "stop_loss": Decimal(94),
        "take_profit": Decimal(110),
        "strategy": "momentum",
        "opened_at": NOON,
    }
    return HoldingView(symbol=symbol, **(values | changes))


def limits(**changes):
    values: dict[str, Any] = {
        "max_order_value": Decimal(10_000),
        "max_position_value": Decimal(25_000),
        "max_allocation_pct": Decimal(25),
        "max_open_positions": 5,
        "entries_left": 10,
        "max_daily_loss": Decimal(5_000),
        "daily_loss_left": Decimal(5_000),
        "stop_required": True,
    }
    return LimitsView(**(values | changes))


def context(*views, holdings=(), **changes):
    exposure = sum((each.value for each in holdings), Decimal(0))
    values: dict[str, Any] = {
        "as_of": NOON,
        "woken_by": (Waking("time", "Every day at 12:00", None),),
        "benchmark": Benchmark(Decimal(2), Decimal(60), Decimal(60)),
        "portfolio": PortfolioView(
            currency="USD",
            cash=100_000 - exposure,
            buying_power=100_000 - exposure,
            equity=Decimal(100_000),
            exposure=exposure,
            day_pnl=Decimal(0),
            holdings=tuple(holdings),
        ),
        "limits": limits(),
        "costs": CostsView(Decimal("0.001"), Decimal(2)),
        "decisions": (),
        "performance": PerformanceView(30, 0, 0, Decimal(0)),
    }
    return DecisionContext(symbols=views or (symbol_view(),), **(values | changes))


def proposed(**changes):
    values: dict[str, Any] = {
        "execution_id": EXECUTION,
        "proposer_id": PROPOSER,
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": Decimal(90),
        "price": Decimal(100),
        "stop_loss": Decimal(96),
        "take_profit": Decimal(106),
    }
    return ProposedOrder(**(values | changes))


def ballot(choice="approve", reason="Because.", **changes):
    return Ballot(Choice(choice), reason, **changes)


def cast(voter, choice="approve", *, proposal=None, **changes):
    order = proposal or proposed()
    return CastBallot(voter, order.hash(), ballot(choice, **changes))
