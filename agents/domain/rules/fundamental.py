"""Fundamental: judges value. Without a source of fundamentals it has only prices, and says so."""

from decimal import Decimal

from agents.domain.ballots import Ballot
from agents.domain.contexts import DecisionContext, SymbolView
from agents.domain.rules.wording import abstain, approve, reject, shown
from agents.domain.voting import ProposedOrder
from trading.domain.states import Side

DEEP_FALL_PCT = Decimal(30)
WEAK_YEAR_PCT = Decimal(-12)
ONLY_PRICES = "No fundamentals are known, only prices:"


def vote(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot:
    """Approves what is in a long uptrend or cheap within a sound year; rejects a long decline."""
    if proposal.side is Side.SELL:
        return approve(f"{ONLY_PRICES} nothing in them speaks against taking this exit.")
    known = view.indicators
    trend, change, below = known.sma_200, known.change_200_pct, known.below_high_pct
    if trend is None or change is None or below is None:
        return abstain(f"{ONLY_PRICES} {known.candles} days are too few to judge the long trend.")
    facts = (
        f"{shown(view.last)} against {shown(trend)} on average over 200 days, {shown(change)} %"
        f" in that time, {shown(below)} % below the high of 250 days"
    )
    if below > DEEP_FALL_PCT:
        return reject(f"{ONLY_PRICES} {facts}. A fall this deep has reasons that I cannot see.")
    if view.last < trend and change < WEAK_YEAR_PCT:
        return reject(f"{ONLY_PRICES} {facts}. The long trend points down.")
    return approve(f"{ONLY_PRICES} {facts}. The long trend carries this.")
