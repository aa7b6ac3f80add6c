"""Every question to a provider is stored with its exact answer, and is never asked twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

from django.db.models import Value

from agents.domain.asking import ProviderRequest, Reply
from agents.domain.replies import ParseProblem, Problem
from agents.domain.texts import storable
from agents.models import ProviderCall
from agents.selectors.panels import Seat
from agents.services.budgets import Reservation, settle
from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.money import ZERO

LONGEST_PROBLEM = 300
LONGEST_MODEL = 80


class Round(IntEnum):
    """What a question is for; unique with execution and agent."""

    DECIDE = 0
    VOTE = 1
    REPAIR = 2


@dataclass(frozen=True)
class Question:
    """A request to the provider of one seat."""

    seat: Seat
    round: Round
    request: ProviderRequest


@dataclass(frozen=True)
class Outcome:
    """What came of a question: a reply, or the sentence why there is none that can be used.

    `reservation` is what was set aside for it, None where nothing is paid. `cost_unknown` when the
    service was asked and did not say what that cost.
    """

    reply: Reply | None
    problem: str
    milliseconds: int
    reservation: Reservation | None = None
    cost_unknown: bool = False

    @property
    def dollars(self) -> Decimal:
        """What it cost, and the whole of what was set aside when nobody knows."""
        if self.reply is not None:
            return self.reply.dollars
        return self.reservation.dollars if self.reservation and self.cost_unknown else ZERO

    @property
    def dollars_known(self) -> bool:
        """Whether `dollars` is exact."""
        if self.reply is not None:
            return self.reply.dollars_known
        return self.reservation is None or not self.cost_unknown


Answered = tuple[Question, Outcome]
"""A question and what came of it."""


def known_reply(*, execution_id: UUID, agent_id: UUID, round: Round) -> str | ParseProblem | None:
    """The stored reply to a question, the problem it had, or None when it is yet to be asked."""
    call = ProviderCall.objects.filter(
        execution_id=execution_id, agent_id=agent_id, round=round
    ).first()
    return None if call is None else text_of(call.reply, call.problem)


def text_of(reply: str, problem: str) -> str | ParseProblem:
    return ParseProblem(Problem.NO_REPLY, problem) if problem else reply


def asked(*, execution_id: UUID, round: Round) -> set[UUID]:
    """The agents whose answer to a round is stored."""
    calls = ProviderCall.objects.filter(execution_id=execution_id, round=round)
    return set(calls.values_list("agent_id", flat=True))


def store_calls(
    *, execution_id: UUID, answered: Sequence[Answered], at: datetime
) -> list[str | ParseProblem]:
    """Store what came of questions and give back what now stands for each of them, in their order.

    In a transaction that holds the execution, so that nobody else stores for it meanwhile. What
    was set aside is settled with it. An answer that is stored already stays, and counts.
    """
    calls = ProviderCall.objects.filter(execution_id=execution_id)
    known = {
        (agent_id, round): text_of(reply, problem)
        for agent_id, round, reply, problem in calls.values_list(
            "agent_id", "round", "reply", "problem"
        )
    }
    new = [
        _call(execution_id, question, outcome, at)
        for question, outcome in answered
        if (question.seat.agent_id, question.round) not in known
    ]
    ProviderCall.objects.bulk_create(new)
    known |= {(call.agent_id, call.round): text_of(call.reply, call.problem) for call in new}
    for _, outcome in answered:
        if outcome.reservation is not None:
            settle(reservation=outcome.reservation, dollars=outcome.dollars)
    return [known[question.seat.agent_id, question.round] for question, _ in answered]


def _call(execution_id: UUID, question: Question, outcome: Outcome, at: datetime) -> ProviderCall:
    reply = outcome.reply or Reply("")
    return ProviderCall(
        execution_id=execution_id,
        agent_id=question.seat.agent_id,
        round=question.round,
        purpose=question.request.purpose,
        provider=question.seat.provider,
        model=question.request.model,
        request_hash=question.request.hash(),
        # An expression, or Django would send all of them as one array: escaped twice over, which
        # takes longer than all else that a vote stores.
        request=Value(storable(canonical(question.request))),
        reply=storable(reply.text),
        problem=outcome.problem[:LONGEST_PROBLEM],
        answered_by=reply.model[:LONGEST_MODEL],
        input_tokens=reply.input_tokens,
        cache_read_tokens=reply.cache_read_tokens,
        cache_write_tokens=reply.cache_write_tokens,
        output_tokens=reply.output_tokens,
        dollars=outcome.dollars,
        dollars_known=outcome.dollars_known,
        milliseconds=outcome.milliseconds,
        at=at,
    )
