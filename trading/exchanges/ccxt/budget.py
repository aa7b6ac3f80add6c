"""How many requests we allow ourselves, so that no venue has to tell us."""

from datetime import datetime, timedelta


class Budget:
    """A bucket of tokens, one for each request; it fills at `rate` a second, up to `burst`.

    Moments are wall time, in the sequence that they came.
    """

    def __init__(self, *, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._tokens = float(burst)
        self._filled_at: datetime | None = None

    def wait(self, *, now: datetime) -> timedelta:
        """How long until a request may leave; nothing is taken."""
        self._fill(now)
        return timedelta(seconds=max(1 - self._tokens, 0) / self._rate)

    def spend(self, *, now: datetime) -> None:
        """Take one token, on credit if there is none."""
        self._fill(now)
        self._tokens -= 1

    def is_overdrawn(self, *, now: datetime) -> bool:
        """Whether the credit of one more full bucket is used up, too."""
        self._fill(now)
        return self._tokens < 1 - self._burst

    def _fill(self, now: datetime) -> None:
        passed = (now - self._filled_at).total_seconds() if self._filled_at else 0.0
        self._tokens = min(self._tokens + max(passed, 0) * self._rate, self._burst)
        self._filled_at = now
