"""What came out of an execution, in one line and one sentence."""

from dataclasses import dataclass

from agents.domain.replies import Problem
from agents.domain.states import ExecutionState, MessageType, Outcome
from trading.domain.states import AT_WORK, ConfirmationState, ParentState, Side
from trading.models import Order, ParentOrder
from tradingfarm.kernel.money import plain
from tradingfarm.pages.dashboard.decisions import WHY_NOT
from tradingfarm.pages.executions.rows import Rows
from tradingfarm.pages.orders.words import BAD, state_words

DONE = {Side.BUY: "Bought", Side.SELL: "Sold"}


@dataclass(frozen=True)
class Verdict:
    """The headline, a badge with its look ("good", "bad", "wait" or ""), and why it stopped."""

    headline: str
    badge: str
    look: str
    stopped: str = ""


def verdict_of(*, rows: Rows) -> Verdict:
    """The outcome, or how far it has come."""
    state = ExecutionState(rows.execution.state)
    if rows.order is not None:
        return _ordered(rows.order)
    if rows.parent is not None:
        return _sliced(rows.parent)
    if rows.assessment is not None:
        return _denied(rows)
    if rows.decision is not None and rows.decision.outcome != Outcome.APPROVED:
        return _undecided(rows, Outcome(rows.decision.outcome))
    if state in (ExecutionState.QUEUED, ExecutionState.THINKING):
        return _running(rows, state)
    if rows.decision is not None:
        return Verdict(f"{_wanted(rows)}: not ordered", "held back", "wait", _held_back(rows))
    return _without_decision(rows, state)


def _ordered(order: Order) -> Verdict:
    side, symbol = Side(order.side), order.instrument.symbol
    look = "wait" if order.state in AT_WORK else "bad" if order.state in BAD else "good"
    if order.filled_quantity:
        headline = f"{DONE[side]} {plain(order.filled_quantity)} {symbol}"
        return Verdict(headline, state_words(order), look)
    headline = f"{side.title()} {plain(order.quantity)} {symbol}"
    stopped = (
        f"The order was {state_words(order)}. {order.problem}".strip() if look == "bad" else ""
    )
    return Verdict(f"{headline}: {state_words(order)}", state_words(order), look, stopped)


def _sliced(parent: ParentOrder) -> Verdict:
    """A large order, of which each slice has a page of its own."""
    side, sent = Side(parent.side), f"{plain(parent.sent_quantity)} of {plain(parent.quantity)}"
    headline = f"{side.title()} {plain(parent.quantity)} {parent.instrument.symbol} in slices"
    if parent.state == ParentState.WORKING:
        return Verdict(f"{headline}: {sent} sent so far", "in slices", "wait")
    if parent.state == ParentState.STOPPED:
        stopped = f"No further slice was sent. {parent.problem}".strip()
        return Verdict(f"{headline}: {sent} sent", "stopped", "bad", stopped)
    return Verdict(f"{headline}: {sent} sent", "sent", "good")


def _denied(rows: Rows) -> Verdict:
    """The gate said no, or that a person has to say yes first."""
    state = ConfirmationState(rows.confirmation.state) if rows.confirmation else None
    if state is ConfirmationState.WAITING:
        stopped = "The risk gate wants a person's yes. Nothing is sent before that."
        return Verdict(f"{_wanted(rows)}: waits for a person", "waits", "wait", stopped)
    if state is ConfirmationState.EXPIRED:
        stopped = "Nobody said yes within a quarter of an hour. Nothing was sent."
        return Verdict(f"{_wanted(rows)}: not confirmed in time", "not confirmed", "bad", stopped)
    if state is not None:
        stopped = "A person said no, or the risk gate when they had said yes. Nothing was sent."
        return Verdict(f"{_wanted(rows)}: not confirmed", "not confirmed", "bad", stopped)
    stopped = "The risk gate refused it. Nothing was sent."
    return Verdict(f"{_wanted(rows)}: refused by the risk gate", "refused", "bad", stopped)


def _undecided(rows: Rows, outcome: Outcome) -> Verdict:
    if outcome is Outcome.HOLD:
        return Verdict("Hold: no order was proposed", "hold", "", "It was decided to do nothing.")
    symbol = rows.proposal.instrument.symbol if rows.proposal else "anything"
    why = WHY_NOT[outcome]
    stopped = "The vote did not carry it. The risk gate was not asked and nothing was sent."
    look = "bad" if outcome is Outcome.VETOED else "wait"
    return Verdict(f"No trade in {symbol}: {why}", why, look, stopped)


def _running(rows: Rows, state: ExecutionState) -> Verdict:
    if state is ExecutionState.QUEUED:
        return Verdict("Woken, and not yet at work", "queued", "wait")
    if rows.proposal is None:
        return Verdict("The team is thinking", "thinking", "wait")
    doing = "is voted on" if rows.decision is None else "is at the risk gate"
    return Verdict(f"{_wanted(rows)} {doing}", "thinking", "wait")


def _without_decision(rows: Rows, state: ExecutionState) -> Verdict:
    problem = rows.execution.problem or "Nothing more is known."
    if state is ExecutionState.ABSTAINED:
        # A reply that was no answer is stored as the code of its problem and a sentence.
        code, _, sentence = problem.partition(": ")
        said = sentence if code in set(Problem) else problem
        return Verdict("No decision: no answer could be used", "abstained", "wait", said)
    word = state.value.lower()
    return Verdict(f"The execution was {word}", word, "bad", problem)


def _held_back(rows: Rows) -> str:
    """What the team said instead of ordering: its last word."""
    words = [each for each in rows.messages if each.message_type == MessageType.UPDATE]
    return words[-1].content if words else "It was decided on, and not ordered."


def _wanted(rows: Rows) -> str:
    proposal, decision = rows.proposal, rows.decision
    if proposal is None:
        return "An order"
    quantity = decision.quantity if decision and decision.quantity else proposal.quantity
    return f"{Side(proposal.side).title()} {plain(quantity)} {proposal.instrument.symbol}"
