"""When a market is open: its sessions in order, and questions about moments and days."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from tradingfarm.kernel.errors import FarmError

DAY = timedelta(days=1)


class OutsideCalendar(FarmError):
    """A day lies outside of the years that a calendar knows."""

    def __init__(self, day: date, first: date, last: date) -> None:
        super().__init__(
            f"{day} is outside of the calendar, which knows {first} to {last}.", permanent=True
        )
        self.day = day


@dataclass(frozen=True)
class Session:
    """One day of trading: its date at the exchange, and when it opens and closes in UTC."""

    day: date
    opens_at: datetime
    closes_at: datetime


class Calendar(Protocol):
    """The sessions of one market. Methods raise OutsideCalendar for a day that is not known."""

    def sessions(self, *, first: date, last: date) -> Sequence[Session]:
        """All sessions from `first` to `last`, both included, oldest first; may be empty."""

    def session_on(self, day: date) -> Session | None:
        """The session of that date, or None on a day without one."""

    def session_of(self, moment: datetime) -> Session | None:
        """The session that `moment` lies in, or None while the market is closed."""

    def next_open(self, moment: datetime) -> datetime:
        """`moment` itself while the market is open, else when it opens next."""


class RoundTheClock:
    """A market that never closes: its sessions are the days in UTC, [midnight, next midnight)."""

    def sessions(self, *, first: date, last: date) -> Sequence[Session]:
        return [self.session_on(first + DAY * number) for number in range((last - first).days + 1)]

    def session_on(self, day: date) -> Session:
        opens_at = datetime.combine(day, time.min, tzinfo=UTC)
        return Session(day, opens_at, opens_at + DAY)

    def session_of(self, moment: datetime) -> Session:
        return self.session_on(moment.astimezone(UTC).date())

    def next_open(self, moment: datetime) -> datetime:
        return moment


class ListedSessions:
    """A market with hours, from the list of all its sessions, oldest first.

    The moment of the close still belongs to the session: the closing print can be traded.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = sessions
        self._days = [session.day for session in sessions]
        self._closes = [session.closes_at for session in sessions]

    def sessions(self, *, first: date, last: date) -> Sequence[Session]:
        self._check(first)
        self._check(last)
        return self._sessions[bisect_left(self._days, first) : bisect_right(self._days, last)]

    def session_on(self, day: date) -> Session | None:
        self._check(day)
        place = bisect_left(self._days, day)
        return self._sessions[place] if self._days[place] == day else None

    def session_of(self, moment: datetime) -> Session | None:
        coming = self._coming(moment)
        return coming if coming.opens_at <= moment else None

    def next_open(self, moment: datetime) -> datetime:
        return max(moment, self._coming(moment).opens_at)

    def _coming(self, moment: datetime) -> Session:
        """The session that is running at `moment`, else the next one."""
        self._check(moment.astimezone(UTC).date())
        return self._sessions[bisect_left(self._closes, moment)]

    def _check(self, day: date) -> None:
        if not self._days or not self._days[0] <= day < self._days[-1]:
            first, last = (self._days[0], self._days[-1]) if self._days else (day, day)
            raise OutsideCalendar(day, first, last)
