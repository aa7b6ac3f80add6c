"""Leave a service alone for a while that has failed several times in a row."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

from agents.domain.asking import Provider, ProviderFailed, ProviderRequest, Reply
from tradingfarm.kernel.clock import Clock

MOST_FAILURES = 5
REST = timedelta(seconds=30)
LATE = "It gave no answer in time."


class Breaker:
    """A provider that rests for half a minute after five failures in a row, and is not asked then.

    Failures of one request alone do not count, a question that was given up does. After the rest
    one more failure makes it rest again and an answer ends it. Each process counts for itself.
    """

    def __init__(self, provider: Provider, *, name: str, clock: Clock) -> None:
        self._provider = provider
        self._name = name
        self._clock = clock
        self._failures = 0
        self._rests_until: datetime | None = None
        self._last = ""

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        return self._provider.most_dollars(request)

    async def answer(self, request: ProviderRequest) -> Reply:
        self._refuse_while_resting()
        try:
            reply = await self._provider.answer(request)
        except ProviderFailed as failure:
            if failure.outage:
                self._count(failure.message)
            raise
        except asyncio.CancelledError:
            self._count(LATE)
            raise
        self._failures = 0
        return reply

    def _refuse_while_resting(self) -> None:
        until = self._rests_until
        if until is not None and self._clock.now() < until:
            raise ProviderFailed(
                f"{self._name} failed {self._failures} times in a row and is left alone until"
                f" {until:%H:%M:%S} UTC. Last: {self._last}",
                outage=True,
            )

    def _count(self, sentence: str) -> None:
        self._failures += 1
        self._last = sentence
        if self._failures >= MOST_FAILURES:
            self._rests_until = self._clock.now() + REST
