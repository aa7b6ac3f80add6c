"""The engine's life: find a replay that nobody plays, play it, look again."""

import logging
import os
import socket
from collections.abc import Callable
from itertools import count

from django.db import connection

from market.models import Replay
from market.services.replays import ReplayLost, claim_replay, release_replay
from tradingfarm.kernel.clock import Clock
from tradingfarm.kernel.database import SESSION_LOST
from triggers.loop.market_loop import MarketLoop
from triggers.loop.pulse import LEASE, Lease, Pulse

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
RETRY_SECONDS = 1.0
_numbers = count(1)


class Engine:
    """Plays one replay at a time; several engines share the replays that run, one each.

    `feed_name` restricts it to one. A lost lease or database connection is logged, and the engine
    begins again from what is stored.
    """

    def __init__(
        self, *, clock: Clock, stopping: Callable[[], bool], feed_name: str | None = None
    ) -> None:
        self._clock = clock
        self._stopping = stopping
        self._feed_name = feed_name
        self._pulse = Pulse(clock=clock, stopping=stopping)
        self._name = f"{socket.gethostname()}:{os.getpid()}:{next(_numbers)}"
        self._said = ""

    def run(self) -> None:
        """Work until told to stop; it stops between two steps."""
        while not self._stopping():
            try:
                self.work()
            except ReplayLost as lost:
                logger.warning("%s Looking for work again.", lost)
            except SESSION_LOST as error:
                logger.warning("The database does not answer (%s); beginning again.", error)
                connection.close()
                self._clock.sleep(RETRY_SECONDS)

    def work(self) -> None:
        """Play one replay until its end or until told to stop; without one, wait a moment."""
        self._pulse.lease = None
        self._pulse.beat()
        lease = self._claim()
        if lease is None:
            self._pulse.sleep(LOOK_SECONDS)
            return
        self._pulse.lease = lease
        has_ended = MarketLoop(lease=lease, pulse=self._pulse).play()
        if not has_ended:
            release_replay(replay_id=lease.replay.id, token=lease.token)

    def _claim(self) -> Lease | None:
        running = Replay.objects.filter(state=Replay.State.RUNNING).select_related("feed")
        if self._feed_name is not None:
            running = running.filter(feed_id=self._feed_name)
        replays = list(running.order_by("started_at", "id"))
        for replay in replays:
            token = claim_replay(
                replay_id=replay.id, owner=self._name, now=self._clock.now(), lease=LEASE
            )
            if token is not None:
                return self._claimed(replay, token)
        self._say(self._why_idle(replays))
        return None

    def _claimed(self, replay: Replay, token: int) -> Lease:
        # It may have moved between the reading and the claim.
        replay.refresh_from_db(fields=["position", "as_of"])
        self._say(
            f"Playing the replay on {replay.feed_id} from step {replay.position}. One engine plays"
            " one replay at a time; start another engine for another."
        )
        return Lease(replay=replay, token=token)

    def _why_idle(self, replays: list[Replay]) -> str:
        if not replays:
            return f"No replay is running on {self._feed_name or 'any feed'}; waiting for one."
        held = ", ".join(f"{one.feed_id} (held by {one.lease_owner})" for one in replays)
        return f"Every replay that runs is played by another engine: {held}; waiting."

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            logger.info(sentence)
            self._said = sentence
