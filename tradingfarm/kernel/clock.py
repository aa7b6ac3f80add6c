"""Time is handed in. Only feeds, loops and adapters hold a Clock; everything else takes `now`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a loop gets its time from."""

    def now(self) -> datetime:
        """The current moment, aware and in UTC."""

    def sleep(self, seconds: float) -> None:
        """Let time pass. Negative durations return at once."""


class SystemClock:
    """Wall time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to: replays, backtests, tests."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"A clock needs an aware moment, not {moment!r}.")
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        return self._moment

    def sleep(self, seconds: float) -> None:
        self._moment += timedelta(seconds=max(seconds, 0))

    def advance_to(self, moment: datetime) -> None:
        """Move forward to `moment`. Raises ValueError when that lies in the past."""
        if moment < self._moment:
            raise ValueError(f"Time does not go back from {self._moment} to {moment}.")
        self._moment = moment
