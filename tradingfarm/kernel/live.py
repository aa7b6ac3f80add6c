"""Doorbells for open pages: something in a stream of the journal or on a feed has changed.

Only names are published, never what changed: whoever hears one reads the rows. A doorbell may be
lost, so ringing blocks nobody: `ring_pages` puts a name into a set in memory, and one thread
publishes what has gathered, with a short timeout, without retry, counting what it dropped.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Iterable

from channels.layers import get_channel_layer
from django.db.transaction import on_commit
from redis.exceptions import RedisError

from tradingfarm.kernel.clock import SystemClock

logger = logging.getLogger(__name__)

GROUP = "live"
TIMEOUT_SECONDS = 0.2
GATHER_SECONDS = 0.02
"""One piece of work commits several times in a row; its topics are published together."""


def stream_topic(stream: str) -> str:
    """The topic of a stream of the journal, such as `account:<id>`."""
    return f"stream:{stream}"


def feed_topic(feed: str) -> str:
    """The topic of a feed's quotes."""
    return f"feed:{feed}"


class Announcer:
    """Publishes topics from one background thread; a topic that waits already waits once."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """With nothing waiting and no thread, as also a process that was forked has none."""
        self.dropped = 0
        self._is_away = False  # said once, not for each doorbell
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, topics: Iterable[str]) -> None:
        with self._lock:
            self._waiting.update(topics)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
        self._rung.set()

    def _run(self) -> None:
        clock = SystemClock()
        with asyncio.Runner() as runner:
            while True:
                self._rung.wait()
                clock.sleep(GATHER_SECONDS)
                self._rung.clear()
                with self._lock:
                    topics, self._waiting = self._waiting, set()
                if topics:
                    self._publish(runner, sorted(topics))

    def _publish(self, runner: asyncio.Runner, topics: list[str]) -> None:
        try:
            runner.run(publish(topics))
        except (RedisError, OSError, TimeoutError) as error:
            self.dropped += len(topics)
            if not self._is_away:
                logger.warning("Doorbells for open pages are dropped; pages look: %s", error)
            self._is_away = True
        else:
            self._is_away = False


async def publish(topics: list[str]) -> None:
    """Tell every web process. Raises TimeoutError or what the layer raises when it is away."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await get_channel_layer().group_send(GROUP, {"type": "live.topics", "topics": topics})


announcer = Announcer()
# Else a child would wait for ever for a lock that a thread of its parent held at that moment.
os.register_at_fork(after_in_child=announcer.begin)


def ring_pages(*topics: str) -> None:
    """Tell open pages that something changed, once the open transaction has committed."""
    on_commit(lambda: announcer.put(topics), robust=True)
