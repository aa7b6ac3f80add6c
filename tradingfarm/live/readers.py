"""One open socket, as the room that feeds it sees it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

WAITING = 64
"""Parts that may wait for one reader. Who reads slower than that is cut off and comes back."""


@dataclass(frozen=True)
class Part:
    """Texts that bring a reader from event `since` to event `seq` of its stream.

    With `each` there is one text for each event, and a reader gets those that it lacks.
    """

    since: int
    seq: int
    texts: tuple[str, ...]
    each: bool = False


@dataclass(eq=False)
class Reader:
    """A bounded queue between a room and a socket."""

    seq: int
    is_late: bool = False
    _held: list[Part] | None = field(default_factory=list)
    _waiting: asyncio.Queue[Part] = field(default_factory=lambda: asyncio.Queue(WAITING))
    _cut: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, part: Part) -> None:
        """Hand over a part without waiting; a reader whose queue is full is late from now on.

        Until `catch_up` what comes is held back, because what was missed belongs before it.
        """
        if self._held is not None:
            self._held.append(part)
            return
        if self.is_late:
            return
        try:
            self._waiting.put_nowait(part)
        except asyncio.QueueFull:
            self.is_late = True
            self._cut.set()

    def catch_up(self, missed: Iterable[Part]) -> None:
        """What happened before the reader came, and after it what came meanwhile."""
        held, self._held = self._held or [], None
        for part in (*missed, *held):
            self.offer(part)

    async def take(self) -> Part:
        """The next part that says something new; those that were told already are skipped."""
        while True:
            part = await self._waiting.get()
            fresh = part.seq - self.seq
            if fresh > 0:
                self.seq = part.seq
                return replace(part, texts=part.texts[-fresh:]) if part.each else part
            if part.seq == part.since:
                return part

    async def until_late(self) -> None:
        await self._cut.wait()
