"""Readers that are sent the same texts: what changed is read and rendered once for all of them."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import Error as DatabaseError

from tradingfarm.live.readers import Part, Reader

logger = logging.getLogger(__name__)

EVENTS_SECONDS, PRICES_SECONDS = 0.05, 0.25
"""What happens within this time of the last part is gathered into the next one."""
RETRY_SECONDS = 1.0


class Source(Protocol):
    """What the readers of one room listen to."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The doorbells that concern it: its stream first, then a feed where prices matter."""

    def read(self, *, since: int, prices: bool, first: bool) -> Part:
        """What happened after event `since`, as texts. Runs in a thread; asks the database."""

    def still(self, *, seq: int) -> tuple[str, ...]:
        """What to say to a reader that has come to event `seq` while nothing happens."""


InThread = Callable[[Callable[[], Part]], Coroutine[Any, Any, Part]]


@dataclass
class _Bell:
    """What rang since the last look."""

    events: bool = False
    prices: bool = False


class Room:
    """Serves its readers from one task, which sleeps until a doorbell rings."""

    def __init__(self, *, source: Source, seq: int, in_thread: InThread) -> None:
        self.source = source
        self.seq = seq
        self.readers: set[Reader] = set()
        self._in_thread = in_thread
        self._bell = _Bell()
        self._rung = asyncio.Event()
        self._events_at = self._prices_at = -1.0
        self._task = asyncio.create_task(self._serve())

    def ring(self, *, events: bool = False, prices: bool = False) -> None:
        self._bell.events |= events
        self._bell.prices |= prices
        self._rung.set()

    async def join(self, reader: Reader) -> None:
        """Tell a reader what it missed as fast as it reads, then everything that follows.

        Nothing falls between: it follows once it has come as far as the room, in the same breath.
        """
        self.readers.add(reader)
        seq = reader.seq
        while True:
            part = await self._missed(seq)
            await reader.hand(part)
            if part.ends:
                return
            seq = part.seq
            if seq >= self.seq:
                break
        reader.follows = True
        if seq > self.seq:
            self.ring(events=True)

    async def _missed(self, since: int) -> Part:
        return await self._in_thread(
            lambda: self.source.read(since=since, prices=False, first=True)
        )

    def leave(self, reader: Reader) -> None:
        self.readers.discard(reader)

    def close(self) -> None:
        self._task.cancel()

    async def _serve(self) -> None:
        while True:
            await self._rung.wait()
            await self._gather()
            bell, self._bell = self._bell, _Bell()
            self._rung.clear()
            try:
                await self._tell(bell)
            except DatabaseError as error:
                logger.warning("Open pages wait for the database: %s", error)
                self.ring(events=bell.events, prices=bell.prices)
                await asyncio.sleep(RETRY_SECONDS)

    async def _gather(self) -> None:
        """Wait until the next part is due. The first change after a pause waits for nothing."""
        while (pause := self._due_in()) > 0:
            self._rung.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._rung.wait()
            except TimeoutError:
                return

    def _due_in(self) -> float:
        now = asyncio.get_running_loop().time()
        if self._bell.events:
            return self._events_at + EVENTS_SECONDS - now
        return self._prices_at + PRICES_SECONDS - now

    async def _tell(self, bell: _Bell) -> None:
        since = self.seq
        part = await self._in_thread(
            lambda: self.source.read(since=since, prices=bell.prices, first=False)
        )
        now = asyncio.get_running_loop().time()
        self._events_at = now
        if bell.prices:
            self._prices_at = now
        self.seq = max(self.seq, part.seq)
        if part.texts:
            for reader in self.readers:
                reader.offer(part)
