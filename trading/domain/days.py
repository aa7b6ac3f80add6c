"""The trading days of an account: when each begins and ends, by the clock of the account's zone.

A day begins with the first midnight of a date there, so it has 23 or 25 hours when the clocks
change, and an hour that is repeated does not bring yesterday back. Days follow one another and
never return: a moment before the day that an account is on changes nothing. No day is shorter than
20 hours, whatever is done to the zone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHORTEST = timedelta(hours=20)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """One trading day. `began_at` is market time in UTC; `zone` (IANA) says when it ends."""

    date: date
    began_at: datetime
    zone: str


@dataclass(frozen=True)
class Reckoning:
    """How an account counts its days: the one it is on (None before its first), and by what zone.

    A pending zone counts from the next day on; it is empty when there is none.
    """

    day: Day | None
    zone: str
    pending_zone: str = ""

    @classmethod
    def stored(
        cls, on: date | None, began_at: datetime | None, zone: str, pending_zone: str
    ) -> "Reckoning":
        """As an account's row has it. A day that is not known to have begun began at midnight."""
        if on is None:
            return cls(None, zone, pending_zone)
        day = named_day(on, zone=zone) if began_at is None else Day(on, began_at, zone)
        return cls(day, zone, pending_zone)

    def next_day(self, now: datetime) -> Day | None:
        """The day to begin at market time `now`; None while the account is on the right one."""
        if self.day is None:
            return day_of(now, zone=self.pending_zone or self.zone)
        found = day_at(now, day=self.day, pending_zone=self.pending_zone)
        return None if found == self.day else found


def day_of(now: datetime, *, zone: str) -> Day:
    """The day that market time `now` lies in, for an account that had none before."""
    found = now.astimezone(ZoneInfo(zone)).date()
    # In an hour that is repeated at midnight the new date has begun already.
    on = found + ONE_DAY if _begin(found + ONE_DAY, zone) <= now else found
    return named_day(on, zone=zone)


def named_day(on: date, *, zone: str) -> Day:
    """The day of that date in the zone."""
    return Day(on, _begin(on, zone), zone)


def following(day: Day, *, pending_zone: str = "") -> Day:
    """The day after `day`; a pending zone counts from its beginning on.

    It begins by the zone that `day` has, so a change of the zone ends no day early. A day that
    changes the zone is named by the date that it has when its shortest length is over: it ends
    with the first midnight of the new zone from there on, 51 hours on at most.
    """
    earliest = day.began_at + SHORTEST
    on, began_at = day.date, day.began_at
    while began_at < earliest:
        on += ONE_DAY
        began_at = _begin(on, day.zone)
    zone = pending_zone or day.zone
    named = max(
        began_at.astimezone(ZoneInfo(day.zone)).date(),
        (began_at + SHORTEST - datetime.resolution).astimezone(ZoneInfo(zone)).date(),
    )
    return Day(named, began_at, zone)


def day_at(now: datetime, *, day: Day, pending_zone: str = "") -> Day:
    """The day of an account that was last on `day`, at market time `now`: `day` itself or later.

    It is the same however often was asked in between.
    """
    while (later := following(day, pending_zone=pending_zone)).began_at <= now:
        day = later
    return day


def _begin(on: date, zone: str) -> datetime:
    """The first moment of a date, in UTC. A date that a zone left out begins with the next one."""
    return datetime.combine(on, time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)
