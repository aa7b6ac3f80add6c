"""One open socket, as the room that feeds it sees it."""

import asyncio
from dataclasses import dataclass, field, replace

WAITING = 64
"""Parts that may wait for one reader. Who reads slower than that is cut off and comes back."""
BACKLOG = 2
"""Parts of what was missed that may wait: the next is read from the database when one is taken."""


@dataclass(frozen=True)
class Part:
    """Texts that bring a reader from event `since` to event `seq` of its stream.

    With `each` there is one text for each event, and a reader gets those that it lacks. After a
    part that `ends` a reader begins anew, and nothing more is worth sending.
    """

    since: int
    seq: int
    texts: tuple[str, ...]
    each: bool = False
    ends: bool = False


@dataclass(eq=False)
class Reader:
    """A bounded queue between a room and a socket."""

    seq: int
    is_late: bool = False
    follows: bool = False
    _waiting: asyncio.Queue[Part] = field(default_factory=lambda: asyncio.Queue(WAITING))
    _taken: asyncio.Event = field(default_factory=asyncio.Event)
    _cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def hand(self, part: Part) -> None:
        """Hand over a part of what was missed as soon as the reader has taken those before it."""
        while self._waiting.qsize() >= BACKLOG:
            self._taken.clear()
            await self._taken.wait()
        self._waiting.put_nowait(part)

    def offer(self, part: Part) -> None:
        """Hand over a part without waiting; a reader whose queue is full is late from now on.

        Until it `follows` it is told what it missed, of which this will be the end.
        """
        if self.is_late or not self.follows:
            return
        try:
            self._waiting.put_nowait(part)
        except asyncio.QueueFull:
            self.is_late = True
            self._cut.set()

    async def take(self) -> Part:
        """The next part that says something new; those that were told already are skipped."""
        while True:
            part = await self._waiting.get()
            self._taken.set()
            fresh = part.seq - self.seq
            if fresh > 0:
                self.seq = part.seq
                return replace(part, texts=part.texts[-fresh:]) if part.each else part
            if part.seq == part.since:
                return part

    async def until_late(self) -> None:
        await self._cut.wait()
