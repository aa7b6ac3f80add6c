"""The rooms of this web process: one subscription for all, and a look without doorbells."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import TypeVar

from channels.layers import get_channel_layer
from django.db import Error as DatabaseError
from django.db import close_old_connections
from redis.exceptions import RedisError

from market.selectors.quotes import newest_quotes
from tradingfarm.kernel.journal import heads_of
from tradingfarm.kernel.live import GROUP
from tradingfarm.live.readers import Reader
from tradingfarm.live.rooms import Room, Source

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""Without a doorbell, the heads of the journal's streams are looked at this often."""
THREADS = 4

Result = TypeVar("Result")
_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")


async def in_thread(work: Callable[[], Result]) -> Result:
    """Run what asks the database in a thread that keeps its connection."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _connected, work)


def _connected(work: Callable[[], Result]) -> Result:
    close_old_connections()
    return work()


class Hub:
    """Every reader of this process, in rooms by what they listen to."""

    def __init__(self) -> None:
        self._rooms: dict[Source, Room] = {}
        self._by_topic: dict[str, set[Room]] = defaultdict(set)
        self._quoted: dict[str, datetime] = {}
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]

    async def enter(self, *, source: Source, reader: Reader) -> Room:
        """The room of a source, for a reader that is about to join it."""
        stream = _name(source.topics[0])
        heads = await in_thread(lambda: heads_of([stream]))
        reader.seq = min(reader.seq, heads.get(stream, 0))  # nobody is ahead of what happened
        room = self._rooms.get(source)
        if room is None:
            room = Room(source=source, seq=reader.seq, in_thread=in_thread)
            self._rooms[source] = room
            for topic in source.topics:
                self._by_topic[topic].add(room)
        room.readers.add(reader)
        return room

    def leave(self, *, room: Room, reader: Reader) -> None:
        """Take a reader out; an empty room is closed."""
        room.leave(reader)
        if room.readers or self._rooms.get(room.source) is not room:
            return
        del self._rooms[room.source]
        for topic in room.source.topics:
            self._by_topic[topic].discard(room)
        room.close()

    def ring(self, topic: str) -> None:
        for room in self._by_topic.get(topic, ()):
            room.ring(events=topic.startswith("stream:"), prices=topic.startswith("feed:"))

    async def _listen(self) -> None:
        """Hear doorbells. Raises nothing: while the layer is away, looking has to do."""
        while True:
            try:
                layer = get_channel_layer()
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while True:
                    message = await layer.receive(channel)
                    for topic in message["topics"]:
                        self.ring(topic)
            except (RedisError, OSError) as error:
                logger.warning("Open pages hear no doorbells and look instead: %s", error)
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        """Find what no doorbell told of."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            rooms = list(self._rooms.values())
            if not rooms:
                continue
            try:
                await self._compare(rooms)
            except DatabaseError as error:
                logger.warning("Open pages wait for the database: %s", error)

    async def _compare(self, rooms: list[Room]) -> None:
        streams = {_name(room.source.topics[0]) for room in rooms}
        feeds = {_name(topic) for room in rooms for topic in room.source.topics[1:]}
        heads, quoted = await in_thread(lambda: (heads_of(streams), newest_quotes(feeds=feeds)))
        moved = {feed for feed, at in quoted.items() if self._quoted.get(feed) != at}
        self._quoted = quoted
        for room in rooms:
            if heads.get(_name(room.source.topics[0]), 0) > room.seq:
                room.ring(events=True)
            if moved & {_name(topic) for topic in room.source.topics[1:]}:
                room.ring(prices=True)


def _name(topic: str) -> str:
    """The stream or feed of a topic."""
    return topic.partition(":")[2]


@cache
def _hub_of(loop: asyncio.AbstractEventLoop) -> Hub:
    return Hub()


def hub() -> Hub:
    """The hub of the running loop."""
    return _hub_of(asyncio.get_running_loop())
