"""Ask providers and wait, with a deadline, holding nothing of the database meanwhile."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from agents.domain.asking import Provider, ProviderFailed, Reply
from agents.domain.budgets import OverBudget
from agents.loop.background import submit
from agents.selectors.panels import Seat
from agents.services.budgets import Reservation, reserve
from agents.services.calls import Answered, Outcome, Question
from agents.services.leases import RENEW_EVERY, Lease, renew
from tradingfarm.kernel.clock import Clock

MILLISECONDS = 1_000
# Built-in rules answer within this. For them it costs more to let the connection go and to get
# another one than to hold it; whoever takes longer is waited for without one.
AT_ONCE_SECONDS = 0.05


@dataclass(frozen=True)
class Runtime:
    """What an execution needs of the process that runs it."""

    clock: Clock
    provider_named: Callable[[str], Provider]
    owner: str


@dataclass(frozen=True)
class Failure:
    """A question without a reply: why, and whether a bill may come for it."""

    sentence: str
    cost_unknown: bool = False


Pending = dict[Future[Reply | Failure], tuple[Question, Reservation | None]]


def ask(
    *, questions: Sequence[Question], lease: Lease, runtime: Runtime, until: datetime
) -> Iterator[list[Answered]]:
    """Put all questions at once; yields what has been answered each time that something has.

    Every question is answered once, at `until` (wall time) the latest: then with a problem. One
    that an agent's budget does not hold is not asked; its problem says so. The lease is renewed
    where this takes long. Raises LeaseLost; the questions that are open then are cancelled.
    """
    started = renewed = runtime.clock.now()
    seconds = max((until - started).total_seconds(), 0)
    waiting: Pending = {}
    try:
        refused = [
            (each, outcome)
            for each in questions
            if (outcome := _put(each, waiting, runtime, seconds, started))
        ]
        if refused:
            yield refused
        while waiting:
            done = _wait(waiting)
            now = runtime.clock.now()
            if now - renewed >= RENEW_EVERY:
                renew(lease=lease, at=now)
                renewed = now
            yield [
                _timed(future, waiting.pop(future), started, runtime.clock)
                for future in list(waiting)
                if future in done
            ]
    finally:
        for future in waiting:
            future.cancel()


def _put(
    question: Question, waiting: Pending, runtime: Runtime, seconds: float, at: datetime
) -> Outcome | None:
    """Set aside what the question may cost and send it on its way; else why it is not asked."""
    seat = question.seat
    try:
        provider = runtime.provider_named(seat.provider)
        dollars = provider.most_dollars(question.request)
    except ProviderFailed as failure:
        return Outcome(None, failure.message, 0)
    reserved = _reserve(seat, dollars, at)
    if isinstance(reserved, OverBudget):
        return Outcome(None, reserved.sentence, 0)
    waiting[submit(_answer(provider, question, seconds))] = (question, reserved)
    return None


def _reserve(seat: Seat, dollars: Decimal, at: datetime) -> Reservation | OverBudget | None:
    """What is set aside; None for what costs nothing."""
    if not dollars:
        return None
    return reserve(agent_id=seat.agent_id, name=seat.name, dollars=dollars, at=at)


def _wait(waiting: Iterable[Future[Reply | Failure]]) -> set[Future[Reply | Failure]]:
    """The futures that are done: all of them after a moment, else the first ones in a while."""
    done, late = wait(waiting, timeout=AT_ONCE_SECONDS)
    if late and not done:
        connection.close()
        done, _ = wait(late, timeout=RENEW_EVERY.total_seconds(), return_when=FIRST_COMPLETED)
    return done


async def _answer(provider: Provider, question: Question, seconds: float) -> Reply | Failure:
    """The reply, or why there is none."""
    try:
        async with asyncio.timeout(seconds):
            return await provider.answer(question.request)
    except TimeoutError:
        sentence = f"{question.seat.name} gave no answer within {seconds:.0f} seconds."
        return Failure(sentence, cost_unknown=True)
    except ProviderFailed as failure:
        return Failure(failure.message, cost_unknown=failure.cost_unknown)


def _timed(
    future: Future[Reply | Failure],
    put: tuple[Question, Reservation | None],
    started: datetime,
    clock: Clock,
) -> Answered:
    question, reserved = put
    milliseconds = int((clock.now() - started).total_seconds() * MILLISECONDS)
    answer = future.result()
    if isinstance(answer, Reply):
        return question, Outcome(answer, answer.problem, milliseconds, reserved)
    return question, Outcome(None, answer.sentence, milliseconds, reserved, answer.cost_unknown)
