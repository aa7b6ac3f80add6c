"""Every check of the risk gate: a small pure function with its number, its limit and its room.

A check gets the book, the request and the moment; it never stops the others from running. `room`
is the largest quantity that this check alone would let pass, None when size is nothing to it.
Sells only reduce (long only), so checks of counts, losses and sizes let them pass.
"""

from trading.domain.checks.account import halt_state, ready, unresolved
from trading.domain.checks.case import Case, Check, Code, Rule
from trading.domain.checks.counts import (
    DUPLICATE_WINDOW,
    RATE_WINDOW,
    cooldown,
    daily_entries,
    duplicate,
    open_positions,
    order_rate,
)
from trading.domain.checks.guards import breakers, confirmation
from trading.domain.checks.market import (
    liquidity,
    price_collar,
    stale_price,
    trading_hours,
    volatility,
    volatility_index,
)
from trading.domain.checks.money import (
    account_daily_loss,
    agent_performance,
    buying_power,
    daily_loss,
    drawdown,
    position_held,
)
from trading.domain.checks.permission import (
    agent_trading_enabled,
    permission_active,
    real_money,
    strategy_allowed,
    symbol_allowed,
)
from trading.domain.checks.sizes import (
    agent_allocation,
    allocation,
    order_size,
    position_size,
    sector,
    tainted,
)
from trading.domain.checks.terms import minimum_size, order_terms, stop_required

__all__ = [
    "CEILED",
    "DUPLICATE_WINDOW",
    "OVERRIDABLE",
    "RATE_WINDOW",
    "RULES",
    "Case",
    "Check",
    "Code",
    "Rule",
    "account_daily_loss",
    "agent_allocation",
    "agent_performance",
    "agent_trading_enabled",
    "allocation",
    "breakers",
    "buying_power",
    "confirmation",
    "cooldown",
    "daily_entries",
    "daily_loss",
    "drawdown",
    "duplicate",
    "halt_state",
    "liquidity",
    "minimum_size",
    "open_positions",
    "order_rate",
    "order_size",
    "order_terms",
    "permission_active",
    "position_held",
    "position_size",
    "price_collar",
    "ready",
    "real_money",
    "sector",
    "stale_price",
    "stop_required",
    "strategy_allowed",
    "symbol_allowed",
    "tainted",
    "trading_hours",
    "unresolved",
    "volatility",
    "volatility_index",
]

RULES: tuple[Rule, ...] = (
    agent_trading_enabled,
    real_money,
    permission_active,
    ready,
    halt_state,
    breakers,
    symbol_allowed,
    strategy_allowed,
    stale_price,
    price_collar,
    trading_hours,
    volatility,
    liquidity,
    volatility_index,
    order_terms,
    stop_required,
    order_size,
    position_size,
    allocation,
    agent_allocation,
    sector,
    tainted,
    buying_power,
    position_held,
    minimum_size,
    daily_entries,
    order_rate,
    cooldown,
    daily_loss,
    account_daily_loss,
    drawdown,
    agent_performance,
    open_positions,
    unresolved,
    duplicate,
    confirmation,
)

OVERRIDABLE = frozenset(Code) - {
    Code.AGENT_TRADING_ENABLED,
    Code.REAL_MONEY,
    Code.PERMISSION_ACTIVE,
    Code.READY,
    Code.HALT_STATE,
    Code.STALE_PRICE,
    Code.ORDER_TERMS,
    Code.BUYING_POWER,
    Code.POSITION_HELD,
    Code.MINIMUM_SIZE,
    Code.UNRESOLVED,
    Code.CONFIRMATION,
}
"""What a person may let one order pass. What must be confirmed is confirmed, not overridden."""

CEILED = frozenset(
    {
        Code.PRICE_COLLAR,
        Code.TRADING_HOURS,
        Code.ORDER_SIZE,
        Code.POSITION_SIZE,
        Code.ALLOCATION,
        Code.DAILY_ENTRIES,
        Code.DAILY_LOSS,
        Code.OPEN_POSITIONS,
    }
)
"""An override lifts the permission's limit; the farm's ceiling and closed markets stay."""
