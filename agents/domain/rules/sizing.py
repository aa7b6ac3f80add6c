"""How large an entry may be: a fixed fraction of risk to the stop, inside of every limit."""

from dataclasses import dataclass
from decimal import Decimal

from agents.domain.contexts import DecisionContext, SymbolView
from agents.domain.rules.wording import shown
from tradingfarm.kernel.money import ceil_to_step, floor_to_step

RISK_SHARE = Decimal("0.005")
STOP_ATRS = Decimal(2)
TARGET_ATRS = Decimal(3)
DEAREST_STOP = Decimal("0.85")
PERCENT = Decimal(100)
# Room for the ask, slippage and fees between the price that is known and the one that is paid.
HEADROOM = Decimal("0.97")


@dataclass(frozen=True)
class Plan:
    """An entry with its exits, and how the size came about."""

    quantity: Decimal
    stop_loss: Decimal
    take_profit: Decimal
    reason: str


def plan_entry(*, context: DecisionContext, view: SymbolView) -> Plan | str:
    """Size and exits of an entry, or a sentence that says which limit leaves no room."""
    blocked = _blocked(context, view)
    atr = view.indicators.atr
    if blocked or not atr:
        return blocked or "its ATR is not known."
    stop, target = _exits(view, atr)
    by_risk = context.portfolio.equity * RISK_SHARE / (view.last - stop)
    room = _room(context, view)
    quantity = floor_to_step(min(by_risk, room / view.ask), view.lot_size)
    if quantity < smallest(view):
        return f"only {shown(room)} {context.portfolio.currency} of room is left."
    return Plan(quantity, stop, target, _sentence(context, view, quantity, stop, target))


def smallest(view: SymbolView) -> Decimal:
    """The smallest order that the instrument allows at this price, in lots."""
    return max(ceil_to_step(view.minimum_notional / view.bid, view.lot_size), view.lot_size)


def value_held(context: DecisionContext, symbol: str) -> Decimal:
    holding = context.holding(symbol)
    return Decimal(0) if holding is None else holding.value


def _blocked(context: DecisionContext, view: SymbolView) -> str:
    limits, holdings = context.limits, context.portfolio.holdings
    if limits.blocked:
        return limits.blocked
    if limits.entries_left < 1:
        return "no entry is left for today."
    is_new = context.holding(view.symbol) is None
    if is_new and len(holdings) >= limits.max_open_positions:
        return f"{len(holdings)} positions are open, which is the limit."
    return ""


def _exits(view: SymbolView, atr: Decimal) -> tuple[Decimal, Decimal]:
    stop = max(view.last - STOP_ATRS * atr, view.last * DEAREST_STOP)
    target = view.last + TARGET_ATRS * atr
    return floor_to_step(stop, view.tick_size), ceil_to_step(target, view.tick_size)


def _room(context: DecisionContext, view: SymbolView) -> Decimal:
    """The value that may still be bought under every limit, with headroom."""
    limits, money = context.limits, context.portfolio
    held = value_held(context, view.symbol)
    cap = min(limits.max_position_value, money.equity * limits.max_allocation_pct / PERCENT)
    return min(limits.max_order_value, cap - held, money.buying_power) * HEADROOM


def _sentence(
    context: DecisionContext, view: SymbolView, quantity: Decimal, stop: Decimal, target: Decimal
) -> str:
    risk = quantity * (view.last - stop)
    return (
        f"{shown(quantity)} shares risk {shown(risk)} {context.portfolio.currency} to the stop at"
        f" {shown(stop)} (2 ATR below); the target is {shown(target)} (3 ATR above)."
    )
