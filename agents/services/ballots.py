"""The third step: secret ballots, rows when cast, counted and shown when the vote closes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from agents.domain.ballots import Ballot, parse_ballot
from agents.domain.prompts import vote_request
from agents.domain.states import Choice
from agents.domain.voting import CastBallot, ProposedOrder
from agents.models import Proposal, Vote
from agents.selectors.panels import Seat
from agents.services.briefings import Briefing
from agents.services.calls import Answered, Question, Round, asked, store_calls
from agents.services.leases import Lease, held
from trading.domain.states import Side


@dataclass(frozen=True)
class OpenVote:
    """A proposal whose vote is open, and when that ends in wall time."""

    proposal_id: UUID
    order: ProposedOrder
    closes_at: datetime


def open_vote(*, execution_id: UUID) -> OpenVote | None:
    """The execution's proposal as the order that is voted on, None before there is one."""
    found = Proposal.objects.select_related("instrument").filter(execution_id=execution_id).first()
    return OpenVote(found.id, _order(found), found.closes_at) if found else None


def _order(proposal: Proposal) -> ProposedOrder:
    """The order that a stored proposal stands for; its hash is the stored one."""
    return ProposedOrder(
        execution_id=proposal.execution_id,
        proposer_id=proposal.proposer_id,
        symbol=proposal.instrument.symbol,
        side=Side(proposal.side),
        quantity=proposal.quantity,
        price=proposal.price,
        stop_loss=proposal.stop_loss,
        take_profit=proposal.take_profit,
        limit_price=proposal.limit_price,
        trailing_pct=proposal.trailing_pct,
    )


def reopen(*, lease: Lease, seconds: int, at: datetime) -> None:
    """Give voters their time again: a crash of ours is not their silence. Raises LeaseLost."""
    with atomic():
        held(lease)
        Proposal.objects.filter(execution_id=lease.execution_id, closed_at=None).update(
            closes_at=at + timedelta(seconds=seconds)
        )


def missing_votes(*, briefing: Briefing, vote: OpenVote) -> list[Question]:
    """What the voters must still be asked; each sees the context and the proposal, no vote."""
    done = asked(execution_id=briefing.execution_id, round=Round.VOTE)
    return [
        Question(
            seat,
            Round.VOTE,
            vote_request(speaker=seat.speaker, context=briefing.text, proposal=vote.order),
        )
        for seat in briefing.panel.voting
        if seat.is_active and seat.agent_id not in done
    ]


def cast(*, lease: Lease, vote: OpenVote, answered: Sequence[Answered], at: datetime) -> None:
    """Store replies with the ballots in them, unseen by anybody. Raises LeaseLost."""
    with atomic():
        held(lease)
        store_ballots(vote=vote, answered=answered, at=at)


def store_ballots(*, vote: OpenVote, answered: Sequence[Answered], at: datetime) -> None:
    """As `cast`, for a caller whose transaction holds the execution already.

    A reply that is no ballot is stored as a call alone, and counts as an abstention. The first
    ballot of a voter is the one that counts.
    """
    replies = store_calls(execution_id=vote.order.execution_id, answered=answered, at=at)
    ballots = [parse_ballot(each) if isinstance(each, str) else each for each in replies]
    Vote.objects.bulk_create(
        [
            _vote(vote, question.seat, ballot, at)
            for (question, _), ballot in zip(answered, ballots, strict=True)
            if isinstance(ballot, Ballot)
        ],
        ignore_conflicts=True,
    )


def _vote(vote: OpenVote, seat: Seat, ballot: Ballot, at: datetime) -> Vote:
    return Vote(
        proposal_id=vote.proposal_id,
        voter_id=seat.agent_id,
        proposal_hash=vote.order.hash(),
        choice=ballot.choice,
        reason=ballot.reason,
        quantity=ballot.quantity,
        stop_loss=ballot.stop_loss,
        veto=ballot.veto,
        cast_at=at,
    )


def cast_ballots(proposal_id: UUID) -> list[CastBallot]:
    """The stored ballots of a proposal, in no order that matters."""
    return [
        CastBallot(
            vote.voter_id,
            vote.proposal_hash,
            Ballot(
                choice=Choice(vote.choice),
                reason=vote.reason,
                quantity=vote.quantity,
                stop_loss=vote.stop_loss,
                veto=vote.veto,
            ),
        )
        for vote in Vote.objects.filter(proposal_id=proposal_id)
    ]
