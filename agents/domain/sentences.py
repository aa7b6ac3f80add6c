"""What messages and decisions say, in plain short English."""

from collections.abc import Sequence
from decimal import Decimal

from agents.domain.ballots import Ballot
from agents.domain.states import Choice, Outcome
from agents.domain.voting import Counts, ProposedOrder
from trading.domain.states import Side
from tradingfarm.kernel.money import plain

VERBS = {Choice.APPROVE: "Approve", Choice.REJECT: "Reject", Choice.ABSTAIN: "Abstain"}
OUTCOMES = {
    Outcome.APPROVED: "Approved",
    Outcome.NO_QUORUM: "No quorum",
    Outcome.VETOED: "Vetoed",
    Outcome.BELOW_MINIMUM: "Below the minimum size",
    Outcome.HOLD: "Hold",
}


def order_words(order: ProposedOrder) -> str:
    """An order as people say it: 'buy 40 AAPL at 31 at most, stop 30.5, target 35'."""
    words = f"{order.side} {plain(order.quantity)} {order.symbol}"
    if order.limit_price is not None:
        bound = "at most" if order.side is Side.BUY else "at least"
        words += f" at {plain(order.limit_price)} {bound}"
    if order.stop_loss is not None:
        words += f", stop {plain(order.stop_loss)}"
    if order.take_profit is not None:
        words += f", target {plain(order.take_profit)}"
    if order.trailing_pct is not None:
        words += f", trailing by {plain(order.trailing_pct)} %"
    return words


def proposal_words(order: ProposedOrder, *, reasoning: str) -> str:
    words = order_words(order)
    return f"{words[0].upper()}{words[1:]}. {reasoning or 'No reason was given.'}"


def vote_words(ballot: Ballot) -> str:
    """A ballot as its voter would say it, with what it asks for."""
    wishes = []
    if ballot.quantity is not None:
        wishes.append(f"size {plain(ballot.quantity)}")
    if ballot.stop_loss is not None:
        wishes.append(f"stop {plain(ballot.stop_loss)}")
    head = f"Veto {ballot.veto}" if ballot.veto else VERBS[ballot.choice]
    asked = f" with {' and '.join(wishes)}" if wishes else ""
    return f"{head}{asked}. {ballot.reason or 'No reason was given.'}"


def silence_words(problem: str) -> str:
    return f"Abstain. {problem}"


def decision_words(
    outcome: Outcome, counts: Counts, order: ProposedOrder | None, reasons: Sequence[str]
) -> str:
    """The outcome with the count of seats, what was decided and why."""
    counted = (
        f"{counts.approvals} for, {counts.rejections} against, {counts.abstentions} abstaining"
    )
    decided = f" Decided: {order_words(order)}." if order else ""
    return f"{OUTCOMES[outcome]}: {counted}.{decided} {' '.join(reasons)}"


def approved_words(*, side: str, quantity: Decimal, symbol: str) -> str:
    return f"The risk gate approved: {side} {plain(quantity)} {symbol} goes to the exchange."


def denied_words(checks: Sequence[tuple[str, str, str]]) -> str:
    """What the gate found; each check is its code, its number and its limit."""
    found = "; ".join(f"{code}: {number} against {limit}" for code, number, limit in checks)
    return f"The risk gate denied the order. {found}."
