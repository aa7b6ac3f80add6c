"""Every question to a provider is stored with its exact answer, and is never asked twice."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from uuid import UUID

from agents.domain.asking import ProviderRequest, Reply
from agents.domain.replies import ParseProblem, Problem
from agents.domain.texts import storable
from agents.models import ProviderCall
from agents.selectors.panels import Seat
from tradingfarm.kernel.canonical import canonical

LONGEST_PROBLEM = 300


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
    """What came of a question: a reply, or the sentence why there is none."""

    reply: Reply | None
    problem: str
    milliseconds: int


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


def store_call(
    *, execution_id: UUID, question: Question, outcome: Outcome, at: datetime
) -> str | ParseProblem:
    """Store what came of a question and give back what now stands for it, in a transaction.

    When an answer is stored already it stays, and counts.
    """
    reply = outcome.reply or Reply("")
    call, _ = ProviderCall.objects.get_or_create(
        execution_id=execution_id,
        agent_id=question.seat.agent_id,
        round=question.round,
        defaults={
            "purpose": question.request.purpose,
            "provider": question.seat.provider,
            "model": question.request.model,
            "request_hash": question.request.hash(),
            "request": storable(canonical(question.request)),
            "reply": storable(reply.text),
            "problem": outcome.problem[:LONGEST_PROBLEM],
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "dollars": reply.dollars,
            "milliseconds": outcome.milliseconds,
            "at": at,
        },
    )
    return text_of(call.reply, call.problem)
