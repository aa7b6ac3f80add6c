"""The vote closes: the last ballots, the tally, what it says and decides, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.ballots import parse_ballot
from agents.domain.replies import ParseProblem
from agents.domain.rules.sizing import smallest
from agents.domain.sentences import decision_words, silence_words, vote_words
from agents.domain.states import ExecutionState, MessageType, Outcome
from agents.domain.voting import CastBallot, ProposedOrder, Tally, tally
from agents.models import Decision, Execution, Proposal
from agents.selectors.panels import Seat
from agents.services.ballots import OpenVote, cast_ballots, store_ballots
from agents.services.briefings import Briefing
from agents.services.calls import Answered, Round, known_reply
from agents.services.endings import end
from agents.services.leases import Lease, held
from agents.services.messages import Place, Saying, say
from agents.services.outcomes import decision_id, journal_decision
from trading.domain.states import Side
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.money import plain


def close_vote(
    *,
    lease: Lease,
    briefing: Briefing,
    vote: OpenVote,
    answered: Sequence[Answered] = (),
    at: datetime,
) -> Outcome:
    """Count the ballots, store and show everything; only an approval leaves the execution open.

    `answered` are the replies that were the last to come; they are stored first, as by `cast`.
    Raises LeaseLost. Votes that arrive later find the proposal closed.
    """
    with transaction():
        execution = held(lease)
        if answered:
            store_ballots(vote=vote, answered=answered, at=at)
        ballots = cast_ballots(vote.proposal_id)
        minimum, lot = _sizes(briefing, vote.order)
        found = tally(
            proposal=vote.order,
            ballots=ballots,
            voters=briefing.panel.voters,
            quorum=briefing.panel.quorum,
            minimum=minimum,
            lot=lot,
        )
        Proposal.objects.filter(id=vote.proposal_id).update(closed_at=at)
        votes = [
            _vote_saying(execution.id, seat, ballots, vote.order, Place.FIRST_VOTE + number)
            for number, seat in enumerate(briefing.panel.voting)
        ]
        _decide(execution, briefing, vote, found, votes, at)
        if found.outcome is not Outcome.APPROVED:
            end(execution=execution, state=ExecutionState.DECIDED, at=at)
    return found.outcome


def _sizes(briefing: Briefing, order: ProposedOrder) -> tuple[Decimal, Decimal]:
    """The smallest order and the step of sizes; an exit may be as small as one lot."""
    view = next(view for view in briefing.context.symbols if view.symbol == order.symbol)
    return (view.lot_size if order.side is Side.SELL else smallest(view)), view.lot_size


def _vote_saying(
    execution_id: UUID,
    seat: Seat,
    ballots: Sequence[CastBallot],
    order: ProposedOrder,
    place: int,
) -> Saying:
    own = next((each for each in ballots if each.voter_id == seat.agent_id), None)
    if own is None:
        content = silence_words(_why_silent(execution_id, seat))
        payload: dict[str, str | None] = {"choice": "abstain", "hash": order.hash()}
    else:
        content = vote_words(own.ballot)
        payload = {
            "choice": own.ballot.choice.value,
            "quantity": plain(own.ballot.quantity) if own.ballot.quantity else None,
            "stop_loss": plain(own.ballot.stop_loss) if own.ballot.stop_loss else None,
            "veto": own.ballot.veto,
            "hash": own.proposal_hash,
        }
    return Saying(
        place,
        MessageType.VOTE,
        seat.agent_id,
        seat.name,
        content,
        payload,
        reply_to=Place.OPENING,
    )


def _why_silent(execution_id: UUID, seat: Seat) -> str:
    if not seat.is_active:
        return f"{seat.name} is paused."
    reply = known_reply(execution_id=execution_id, agent_id=seat.agent_id, round=Round.VOTE)
    if reply is None:
        return "No ballot arrived in time."
    problem = parse_ballot(reply) if isinstance(reply, str) else reply
    return problem.sentence if isinstance(problem, ParseProblem) else "The ballot came too late."


def _decide(
    execution: Execution,
    briefing: Briefing,
    vote: OpenVote,
    found: Tally,
    votes: Sequence[Saying],
    at: datetime,
) -> None:
    """Store the decision; show the votes and, after them, what they came to."""
    words = decision_words(found.outcome, found.counts, found.order, found.reasons)
    Decision.objects.create(
        id=decision_id(execution.id),
        execution=execution,
        proposal_id=vote.proposal_id,
        outcome=found.outcome,
        approvals=found.counts.approvals,
        rejections=found.counts.rejections,
        abstentions=found.counts.abstentions,
        quantity=found.order.quantity if found.order else Decimal(0),
        stop_loss=found.order.stop_loss if found.order else None,
        take_profit=found.order.take_profit if found.order else None,
        hash=found.order.hash() if found.order else "",
        reason=" ".join(found.reasons),
        as_of=execution.as_of,
        at=at,
    )
    payload = {
        "outcome": found.outcome.value,
        "approvals": str(found.counts.approvals),
        "rejections": str(found.counts.rejections),
        "abstentions": str(found.counts.abstentions),
        "quantity": plain(found.order.quantity) if found.order else "0",
        "hash": found.order.hash() if found.order else "",
    }
    saying = Saying(
        Place.DECISION,
        MessageType.DECISION,
        None,
        briefing.panel.team_name,
        words,
        payload,
        reply_to=Place.OPENING,
    )
    say(execution=execution, sayings=[*votes, saying], at=at)
    journal_decision(execution, payload | {"reason": words}, at=at)
