"""What a loop must go on doing while it waits, whatever it waits for."""

from collections.abc import Callable
from datetime import datetime, timedelta

from market.models import Replay
from market.services.replays import ReplayLost, renew_replay
from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import Clock

LEASE = timedelta(seconds=4)
"""After a crash another engine goes on within this time."""

EVERY = timedelta(seconds=1)
SLICE_SECONDS = 0.1


class Lease:
    """The right to advance one replay, by the token that this engine was given."""

    def __init__(self, *, replay: Replay, token: int) -> None:
        self.replay = replay
        self.token = token

    def renew(self, *, now: datetime) -> None:
        """Hold on to it from wall time `now`. Raises ReplayLost when it is in other hands."""
        if not renew_replay(replay_id=self.replay.id, token=self.token, now=now, lease=LEASE):
            raise ReplayLost(self.replay.id)


class Pulse:
    """A Clock whose sleep says that the engine is alive and holds its lease.

    It runs on wall time, and sleep ends early when the engine is to stop.
    """

    def __init__(self, *, clock: Clock, stopping: Callable[[], bool]) -> None:
        self.lease: Lease | None = None
        self._clock = clock
        self._stopping = stopping
        self._beat_at: datetime | None = None

    def is_stopping(self) -> bool:
        return self._stopping()

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        """Sleep in slices. Raises ReplayLost when the lease was lost meanwhile."""
        until = self.now() + timedelta(seconds=seconds)
        self.beat()
        while not self.is_stopping() and (left := (until - self.now()).total_seconds()) > 0:
            self._clock.sleep(min(left, SLICE_SECONDS))
            self.beat()

    def beat(self) -> None:
        """At most once a second: the heartbeat, and the lease if there is one.

        Not inside of a transaction, where others could not see it.
        """
        now = self.now()
        if self._beat_at is not None and now - self._beat_at < EVERY:
            return
        self._beat_at = now
        heartbeats.beat(process="engine", now=now)
        if self.lease is not None:
            self.lease.renew(now=now)
