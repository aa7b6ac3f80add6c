"""How often a loop does what: each thing has its own interval, kept in memory alone."""

from datetime import datetime, timedelta


class Pace:
    """Says of each named thing whether it is time again. Lost, it costs one turn too early."""

    def __init__(self) -> None:
        self._done_at: dict[str, datetime] = {}

    def is_due(self, name: str, *, every: timedelta, now: datetime) -> bool:
        """Whether the thing is due at `now`; when it is, it counts as done from here on."""
        if not self.would_be_due(name, every=every, now=now):
            return False
        self._done_at[name] = now
        return True

    def would_be_due(self, name: str, *, every: timedelta, now: datetime) -> bool:
        """As `is_due`, and nothing is counted."""
        done_at = self._done_at.get(name)
        return done_at is None or now - done_at >= every
