"""How often a trigger may wake somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Throttle:
    """At most so many firings within any hour, and a pause between two of them."""

    max_per_hour: int
    min_interval: timedelta

    @property
    def horizon(self) -> timedelta:
        """How far back earlier firings matter."""
        return max(HOUR, self.min_interval)


def refuse(*, throttle: Throttle, recent: Sequence[datetime], now: datetime) -> str:
    """Why a firing at `now` must wake nobody, or nothing when it may.

    `recent` are the firings that did wake somebody, on the clock of `now`: market time for a
    trigger with a feed, so that a replay repeats itself; wall time otherwise. One exactly an hour
    or exactly the pause ago no longer counts.
    """
    if any(now - moment < throttle.min_interval for moment in recent):
        return f"throttled: {throttle.min_interval.total_seconds():.0f} s between two"
    if sum(now - moment < HOUR for moment in recent) >= throttle.max_per_hour:
        return f"throttled: {throttle.max_per_hour} an hour"
    return ""
