"""Ask providers and wait, with a deadline, holding nothing of the database meanwhile."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from agents.domain.asking import Provider, ProviderFailed, Reply
from agents.loop.background import submit
from agents.services.calls import Outcome, Question
from agents.services.leases import RENEW_EVERY_SECONDS, Lease, renew
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


Answered = tuple[Question, Outcome]


def ask(
    *, questions: Sequence[Question], lease: Lease, runtime: Runtime, until: datetime
) -> Iterator[list[Answered]]:
    """Put all questions at once; yields what has been answered each time that something has.

    Every question is answered once, at `until` (wall time) the latest: then with a problem. The
    lease is renewed meanwhile. Raises LeaseLost; the questions that are open then are cancelled.
    """
    started = runtime.clock.now()
    seconds = max((until - started).total_seconds(), 0)
    waiting = {submit(_answer(each, runtime, seconds)): each for each in questions}
    try:
        while waiting:
            done = _wait(waiting)
            renew(lease=lease, at=runtime.clock.now())
            yield [
                (waiting.pop(future), _timed(future, started, runtime.clock))
                for future in list(waiting)
                if future in done
            ]
    finally:
        for future in waiting:
            future.cancel()


def _wait(waiting: Iterable[Future[Reply | str]]) -> set[Future[Reply | str]]:
    """The futures that are done: all of them after a moment, else the first ones in a while."""
    done, late = wait(waiting, timeout=AT_ONCE_SECONDS)
    if late and not done:
        connection.close()
        done, _ = wait(late, timeout=RENEW_EVERY_SECONDS, return_when=FIRST_COMPLETED)
    return done


async def _answer(question: Question, runtime: Runtime, seconds: float) -> Reply | str:
    """The reply, or the sentence why there is none."""
    try:
        provider = runtime.provider_named(question.seat.provider)
        async with asyncio.timeout(seconds):
            return await provider.answer(question.request)
    except TimeoutError:
        return f"{question.seat.name} gave no answer within {seconds:.0f} seconds."
    except ProviderFailed as failure:
        return failure.message


def _timed(future: Future[Reply | str], started: datetime, clock: Clock) -> Outcome:
    milliseconds = int((clock.now() - started).total_seconds() * MILLISECONDS)
    answer = future.result()
    if isinstance(answer, Reply):
        return Outcome(answer, "", milliseconds)
    return Outcome(None, answer, milliseconds)
