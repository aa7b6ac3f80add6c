"""How a vote went and what followed from it: the folded line of votes and the decision's card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.states import ENDED, ExecutionState, Outcome
from agents.models import Decision, Message, Proposal
from trading.domain.states import OrderState
from trading.models import Order
from tradingfarm.kernel.money import amount
from tradingfarm.pages.dashboard.orders import STATE_WORDS
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.dashboard.speakers import Speaker, speaker_of

WHY_NOT = {
    Outcome.NO_QUORUM: "too few approvals",
    Outcome.VETOED: "vetoed",
    Outcome.BELOW_MINIMUM: "too small after the votes",
    Outcome.HOLD: "hold",
}


@dataclass(frozen=True)
class Ballot:
    """One seat's vote, a silent one too; `quantity` and `stop_loss` are what it asks for."""

    voter: Speaker
    choice: str
    reason: str
    quantity: Decimal | None
    stop_loss: Decimal | None
    veto: str


@dataclass(frozen=True)
class Ballots:
    """All votes on one proposal, folded into a line such as '3 of 4 for' and what they changed.

    `reduced_to` and `tightened_to` are what the decided order has instead, None where unchanged.
    """

    proposal_id: UUID
    approvals: int
    rejections: int
    abstentions: int
    reduced_to: Decimal | None
    tightened_to: Decimal | None
    ballots: tuple[Ballot, ...]
    tick_size: Decimal
    lot_size: Decimal
    shape: str = "ballots"

    @property
    def voters(self) -> int:
        return self.approvals + self.rejections + self.abstentions

    @property
    def vetoes(self) -> tuple[Ballot, ...]:
        return tuple(ballot for ballot in self.ballots if ballot.veto)


@dataclass(frozen=True)
class OrderNote:
    """What became of the order that followed; `average` is None until something was filled."""

    id: UUID
    quantity: Decimal
    filled: Decimal
    average: Decimal | None
    state: str
    state_words: str


@dataclass(frozen=True)
class DecisionCard:
    """A decision on a proposal, with the order or the refusal that followed.

    `why_not` is empty for an approval, which is `waiting` until the gate has answered.
    """

    id: UUID
    why_not: str
    side: str
    symbol: str
    quantity: Decimal
    tick_size: Decimal
    lot_size: Decimal
    reason: str
    order: OrderNote | None
    refusals: tuple[str, ...]
    waiting: bool
    as_of: datetime
    shape: str = "decision"

    @property
    def approved(self) -> bool:
        return not self.why_not


def ballots_of(*, decision: Decision, proposal: Proposal, votes: Sequence[Message]) -> Ballots:
    """The votes as the decision counted them; `votes` are the messages that showed them."""
    stop, asked = decision.stop_loss, proposal.stop_loss
    tightened = stop is not None and (asked is None or stop > asked)
    reduced = 0 < decision.quantity < proposal.quantity
    return Ballots(
        proposal_id=proposal.id,
        approvals=decision.approvals,
        rejections=decision.rejections,
        abstentions=decision.abstentions,
        reduced_to=decision.quantity if reduced else None,
        tightened_to=stop if tightened else None,
        ballots=tuple(_ballot(vote) for vote in votes),
        tick_size=proposal.instrument.tick_size,
        lot_size=proposal.instrument.lot_size,
    )


def _ballot(vote: Message) -> Ballot:
    found = vote.payload
    # Its first sentence says the choice and the wishes, which are drawn as marks of their own.
    _, _, reason = vote.content.partition(". ")
    return Ballot(
        voter=speaker_of(vote),
        choice=str(found.get("choice", "")),
        reason=reason or vote.content,
        quantity=_wish(found.get("quantity")),
        stop_loss=_wish(found.get("stop_loss")),
        veto=str(found.get("veto") or ""),
    )


def _wish(value: str | None) -> Decimal | None:
    return amount(value) if value else None


def card_of(*, decision: Decision, proposal: Proposal, state: str) -> DecisionCard:
    """The card of a decision on a proposal; `state` is that of its execution."""
    outcome, assessment = Outcome(decision.outcome), decision.assessment
    approved = outcome is Outcome.APPROVED
    return DecisionCard(
        id=decision.id,
        why_not="" if approved else WHY_NOT[outcome],
        side=proposal.side,
        symbol=proposal.instrument.symbol,
        quantity=decision.quantity,
        tick_size=proposal.instrument.tick_size,
        lot_size=proposal.instrument.lot_size,
        reason=decision.reason,
        order=_note(assessment.order) if assessment and assessment.order else None,
        refusals=sentences_of(denials=assessment.denials, checks=assessment.checks)
        if assessment
        else (),
        waiting=approved and assessment is None and ExecutionState(state) not in ENDED,
        as_of=decision.as_of,
    )


def _note(order: Order) -> OrderNote:
    filled = order.filled_quantity
    return OrderNote(
        id=order.id,
        quantity=order.quantity,
        filled=filled,
        average=order.filled_value / filled if filled else None,
        state=order.state,
        state_words=STATE_WORDS[OrderState(order.state)],
    )
