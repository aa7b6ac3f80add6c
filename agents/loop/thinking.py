"""One execution from its claim to its end. Every step finds what an earlier attempt has stored."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db.transaction import atomic

from agents.domain.answers import Answer, Wish
from agents.domain.replies import ParseProblem
from agents.domain.states import Outcome
from agents.loop.asking import Runtime, ask
from agents.selectors.panels import Seat
from agents.services.adjustments import move_exits
from agents.services.ballots import cast, missing_votes, open_vote, reopen
from agents.services.briefings import Briefing, brief
from agents.services.calls import Answered, Question, store_calls
from agents.services.closing import close_vote
from agents.services.failures import count_failure
from agents.services.leases import Lease, LeaseLost, claim, held, release
from agents.services.ordering import conclude, decided, order
from agents.services.proposing import abstain, hold, next_question, propose

logger = logging.getLogger(__name__)

ANSWER_WITHIN = timedelta(seconds=60)


def think(*, execution_id: UUID, runtime: Runtime) -> None:
    """Claim an execution and bring it to its end; nothing when it is another's or has ended."""
    lease = claim(execution_id=execution_id, owner=runtime.owner, at=runtime.clock.now())
    if lease is None:
        return
    try:
        _run(lease, runtime)
    except LeaseLost as lost:
        logger.warning("%s", lost)
    except Exception:
        logger.exception("Execution %s failed and will be tried again.", execution_id)
        release(lease=lease, at=runtime.clock.now())
        raise


def _run(lease: Lease, runtime: Runtime) -> None:
    briefing = brief(lease=lease)
    if decided(briefing=briefing) is None and not _reach_decision(lease, briefing, runtime):
        return
    _order(lease, briefing, runtime)


def _reach_decision(lease: Lease, briefing: Briefing, runtime: Runtime) -> bool:
    """Proposal, vote and tally; whether an order was decided on. Else the execution has ended."""
    proposer = briefing.panel.proposer
    if proposer is None or not proposer.is_active:
        why = "The proposer is paused." if proposer else "The team has no member that proposes."
        abstain(lease=lease, speaker=proposer, problem=why, at=runtime.clock.now())
        return False
    vote = open_vote(execution_id=lease.execution_id)
    if vote is None:
        if not _propose(lease, briefing, proposer, runtime):
            return False
    elif runtime.clock.now() >= vote.closes_at:
        seconds = briefing.panel.vote_timeout_seconds
        reopen(lease=lease, seconds=seconds, at=runtime.clock.now())
    return _vote(lease, briefing, runtime) is Outcome.APPROVED


def _propose(lease: Lease, briefing: Briefing, proposer: Seat, runtime: Runtime) -> bool:
    """Ask until there is an answer or none can be had; whether a proposal came of it."""
    answer = next_question(briefing=briefing, proposer=proposer)
    while isinstance(answer, Question):
        _put(lease, answer, runtime)
        answer = next_question(briefing=briefing, proposer=proposer)
    return _settle(lease, briefing, proposer, answer, runtime)


def _settle(
    lease: Lease,
    briefing: Briefing,
    proposer: Seat,
    answer: Answer | ParseProblem,
    runtime: Runtime,
) -> bool:
    at = runtime.clock.now()
    if isinstance(answer, ParseProblem):
        problem = f"{answer.code.value}: {answer.sentence}"
        abstain(lease=lease, speaker=proposer, problem=problem, at=at)
        count_failure(
            account_id=briefing.account_id,
            agent_id=proposer.agent_id,
            now=briefing.context.as_of,
            at=at,
        )
        return False
    if answer.decision is Wish.HOLD:
        moved = move_exits(briefing=briefing, proposer=proposer, answer=answer, at=at)
        hold(lease=lease, proposer=proposer, answer=answer, moved=moved, at=at)
        return False
    propose(lease=lease, briefing=briefing, proposer=proposer, answer=answer, at=at)
    return True


def _put(lease: Lease, question: Question, runtime: Runtime) -> None:
    until = runtime.clock.now() + ANSWER_WITHIN
    for answered in ask(questions=[question], lease=lease, runtime=runtime, until=until):
        with atomic():
            held(lease)
            store_calls(execution_id=lease.execution_id, answered=answered, at=runtime.clock.now())


def _vote(lease: Lease, briefing: Briefing, runtime: Runtime) -> Outcome:
    """Ask whoever has not voted. The last answers are stored with what the vote came to.

    Where that cannot be stored the answers still are: they are paid for and not asked for again.
    """
    vote = open_vote(execution_id=lease.execution_id)
    if vote is None:
        raise LeaseLost(f"Execution {lease.execution_id} lost its proposal.")
    questions = missing_votes(briefing=briefing, vote=vote)
    missing, last = len(questions), list[Answered]()
    for answered in ask(questions=questions, lease=lease, runtime=runtime, until=vote.closes_at):
        missing -= len(answered)
        if not missing:
            last = answered
        elif answered:
            cast(lease=lease, vote=vote, answered=answered, at=runtime.clock.now())
    at = runtime.clock.now()
    try:
        return close_vote(lease=lease, briefing=briefing, vote=vote, answered=last, at=at)
    except Exception:
        cast(lease=lease, vote=vote, answered=last, at=at)
        raise


def _order(lease: Lease, briefing: Briefing, runtime: Runtime) -> None:
    found = decided(briefing=briefing)
    if found is None:
        raise LeaseLost(f"Execution {lease.execution_id} lost its decision.")
    verdict = order(
        decided=found,
        account_id=briefing.account_id,
        now=briefing.context.as_of,
        at=runtime.clock.now(),
    )
    conclude(
        lease=lease,
        briefing=briefing,
        decided=found,
        verdict=verdict,
        at=runtime.clock.now(),
    )
