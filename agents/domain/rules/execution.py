"""Execution: judges whether the order can be done well now: hours, spread, liquidity and fees."""

from decimal import Decimal

from agents.domain.ballots import Ballot
from agents.domain.contexts import DecisionContext, SymbolView
from agents.domain.rules.wording import abstain, approve, reject, shown
from agents.domain.voting import ProposedOrder
from trading.domain.states import Side
from tradingfarm.kernel.money import floor_to_step

WIDEST_SPREAD_BPS = Decimal(25)
LARGEST_VOLUME_SHARE = Decimal("0.01")
LATE_MINUTES = 10
COSTS_WORTH = Decimal(5)
PERCENT = Decimal(100)
BPS = Decimal(10_000)


def vote(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot:
    """Rejects what cannot be done well now; asks for less than 1 % of the average volume."""
    if not view.hours.is_open:
        return reject("The market is closed.")
    if proposal.side is Side.SELL:
        return approve(f"The spread is {shown(view.spread_bps)} bps; the exit can be done now.")
    return _too_dear(context, view, proposal) or _late(view) or _sized(view, proposal)


def _too_dear(
    context: DecisionContext, view: SymbolView, proposal: ProposedOrder
) -> Ballot | None:
    if view.spread_bps > WIDEST_SPREAD_BPS:
        return reject(
            f"The spread is {shown(view.spread_bps)} bps; {WIDEST_SPREAD_BPS} is the most."
        )
    costs = 2 * (context.costs.fee_rate + context.costs.slippage_bps / BPS) * proposal.price
    gain = (proposal.take_profit or view.last) - view.last
    if proposal.take_profit is not None and gain < COSTS_WORTH * costs:
        return reject(
            f"The target earns {shown(gain)} a share; fees and slippage of {shown(costs)} both"
            f" ways need at least {shown(COSTS_WORTH * costs)}."
        )
    return None


def _late(view: SymbolView) -> Ballot | None:
    minutes = view.hours.minutes_to_close
    if minutes is None or minutes > LATE_MINUTES:
        return None
    return abstain(f"{minutes} minutes to the close are too few to work an entry with care.")


def _sized(view: SymbolView, proposal: ProposedOrder) -> Ballot:
    average = view.indicators.average_volume
    if average is None:
        return abstain("The average volume is not known yet.")
    most = max(floor_to_step(average * LARGEST_VOLUME_SHARE, view.lot_size), view.lot_size)
    facts = f"Spread {shown(view.spread_bps)} bps, average volume {shown(average, 0)} shares"
    if proposal.quantity > most:
        return approve(f"{facts}; {shown(most)} shares are 1 % of it.", quantity=most)
    return approve(f"{facts}; the order is small against it.")
