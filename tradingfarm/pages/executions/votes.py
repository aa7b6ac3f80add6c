"""The vote on a proposal, and the decision that code made of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.states import MessageType, Outcome
from agents.models import Decision, Message, Proposal
from agents.services.calls import Round
from tradingfarm.pages.dashboard.decisions import WHY_NOT, Ballot, ballots_of
from tradingfarm.pages.executions.answers import Told
from tradingfarm.pages.executions.rows import Rows


@dataclass(frozen=True)
class Seat:
    """One seat's ballot as it was shown when the vote closed, with what its agent was asked."""

    agent_id: UUID | None
    ballot: Ballot
    told: Told | None


@dataclass(frozen=True)
class VotePart:
    """The vote. While it is open only how many of `seats` have `cast` is known."""

    proposal: Proposal
    is_open: bool
    cast: int
    voters: int
    seats: tuple[Seat, ...]
    approvals: int
    rejections: int
    abstentions: int
    closes_at: datetime


@dataclass(frozen=True)
class Narrowing:
    """One number of the order as proposed and as decided; `is_changed` when the vote narrowed it.

    `step` is the precision that it is shown with.
    """

    name: str
    proposed: Decimal | None
    decided: Decimal | None
    step: Decimal

    @property
    def is_changed(self) -> bool:
        return self.proposed != self.decided


@dataclass(frozen=True)
class DecisionPart:
    """What the tally made of the vote. `why_not` is empty for an approval."""

    decision: Decision
    proposal: Proposal | None
    why_not: str
    quorum: int
    narrowings: tuple[Narrowing, ...]

    @property
    def is_hold(self) -> bool:
        return self.decision.outcome == Outcome.HOLD


def vote_part(*, rows: Rows, answers: tuple[Told, ...]) -> VotePart | None:
    """The vote on the execution's proposal, None before there is one."""
    proposal, decision = rows.proposal, rows.decision
    if proposal is None:
        return None
    shown = [each for each in rows.messages if each.message_type == MessageType.VOTE]
    asked = {each.agent_id: each for each in answers if each.round is Round.VOTE}
    return VotePart(
        proposal=proposal,
        is_open=decision is None,
        cast=rows.cast,
        voters=len(shown) or rows.seats,
        seats=_seats(decision, proposal, shown, asked) if decision else (),
        approvals=decision.approvals if decision else 0,
        rejections=decision.rejections if decision else 0,
        abstentions=decision.abstentions if decision else 0,
        closes_at=proposal.closes_at,
    )


def decision_part(*, rows: Rows) -> DecisionPart | None:
    """The decision with what the vote changed of the proposal, None before there is one."""
    decision, proposal = rows.decision, rows.proposal
    if decision is None:
        return None
    outcome = Outcome(decision.outcome)
    approved = outcome is Outcome.APPROVED
    return DecisionPart(
        decision=decision,
        proposal=proposal,
        why_not="" if approved else WHY_NOT[outcome],
        quorum=rows.execution.team.quorum,
        narrowings=_narrowings(decision, proposal) if proposal and approved else (),
    )


def _seats(
    decision: Decision, proposal: Proposal, shown: list[Message], asked: dict[UUID, Told]
) -> tuple[Seat, ...]:
    ballots = ballots_of(decision=decision, proposal=proposal, votes=shown).ballots
    return tuple(
        Seat(
            agent_id=message.sender_id,
            ballot=ballot,
            told=asked.get(message.sender_id) if message.sender_id else None,
        )
        for message, ballot in zip(shown, ballots, strict=True)
    )


def _narrowings(decision: Decision, proposal: Proposal) -> tuple[Narrowing, ...]:
    tick, lot = proposal.instrument.tick_size, proposal.instrument.lot_size
    return (
        Narrowing("Size", proposal.quantity, decision.quantity, lot),
        Narrowing("Stop-loss", proposal.stop_loss, decision.stop_loss, tick),
        Narrowing("Take-profit", proposal.take_profit, decision.take_profit, tick),
    )
