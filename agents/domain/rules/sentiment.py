"""Sentiment: judges the mood. Without news it has only volume and breadth, and says so."""

from decimal import Decimal

from agents.domain.ballots import Ballot
from agents.domain.contexts import DecisionContext, SymbolView
from agents.domain.rules.wording import abstain, approve, reject, shown
from agents.domain.voting import ProposedOrder
from trading.domain.states import Side

HEAVY = Decimal("1.5")
THIN = Decimal("0.6")
NARROW_PCT = Decimal(30)
BROAD_PCT = Decimal(50)
NO_NEWS = "No news is known, only volume and breadth:"


def vote(context: DecisionContext, view: SymbolView, proposal: ProposedOrder) -> Ballot:
    """Rejects entries against a broad fall or heavy selling; abstains when few are trading."""
    ratio, breadth = _volume_ratio(view), context.benchmark.above_sma_20_pct
    if ratio is None or breadth is None:
        return abstain(f"{NO_NEWS} there are too few days to judge either.")
    facts = (
        f"the last full day traded {shown(ratio)} times the average volume, {shown(breadth, 0)} %"
        f" of the symbols are above their 20 day average"
    )
    if proposal.side is Side.SELL:
        return _on_exit(facts, breadth)
    falls = (view.day_change_pct or Decimal(0)) < 0
    if falls and ratio > HEAVY:
        return reject(f"{NO_NEWS} {facts}. That is heavy selling, not a pause.")
    if breadth < NARROW_PCT and not _is_leader(view):
        return reject(f"{NO_NEWS} {facts}. The mood is against buying, and this is no leader.")
    if ratio < THIN:
        return abstain(f"{NO_NEWS} {facts}. Too few people trade to read a mood.")
    return approve(f"{NO_NEWS} {facts}. The mood does not stand in the way.")


def _on_exit(facts: str, breadth: Decimal) -> Ballot:
    if breadth > BROAD_PCT:
        return abstain(f"{NO_NEWS} {facts}. The mood is good; leaving is for others to judge.")
    return approve(f"{NO_NEWS} {facts}. There is no mood to wait for.")


def _is_leader(view: SymbolView) -> bool:
    return view.strength_pct is not None and view.strength_pct > 0


def _volume_ratio(view: SymbolView) -> Decimal | None:
    last, average = view.indicators.last_volume, view.indicators.average_volume
    return last / average if last is not None and average else None
