"""The feed of a replay: stored candles at a chosen speed, on a market clock of its own."""

from collections.abc import Iterator
from datetime import datetime

from market.domain.replaying import ReplayStep
from market.models import Replay
from market.selectors.replays import replay_steps
from tradingfarm.kernel.clock import Clock


class ReplayFeed:
    """Takes a replay up where its row says it is, and gives out one step at a time.

    It goes at most at the replay's speed, in steps a second of `clock` (wall time), and never
    makes up for lost time: whoever takes the steps may be as slow as the work that they cause. It
    writes nothing; persist each step with `advance_replay`. `steps` may be called once.
    """

    def __init__(self, replay: Replay, clock: Clock) -> None:
        self._replay = replay
        self._clock = clock
        self._seconds = 1 / float(replay.speed) if replay.speed else 0.0
        self.name: str = replay.feed_id
        self.position: int = replay.position
        self.as_of: datetime | None = replay.as_of

    def steps(self) -> Iterator[ReplayStep]:
        """The steps that are left, see TickFeed. Ends with the last candle; never starts again."""
        given_at: datetime | None = None
        for step in replay_steps(replay=self._replay):
            if given_at is not None:
                passed = (self._clock.now() - given_at).total_seconds()
                self._clock.sleep(self._seconds - passed)
            given_at = self._clock.now()
            self.position, self.as_of = step.position + 1, step.at
            yield step
