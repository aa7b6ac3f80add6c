"""When the days of accounts must begin, found by another way than the product's: by looking.

Here every quarter of an hour is asked for its local date; nothing is computed from a midnight. All
offsets since 1990 are whole quarters, so no first moment of a date lies between two of them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.campaigns.judge import Breach

QUARTER = timedelta(minutes=15)
TWENTY_HOURS = timedelta(hours=20)
ZONES = (
    "UTC",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Windhoek",
    "America/Anchorage",
    "America/Argentina/San_Luis",
    "America/Asuncion",
    "America/Caracas",
    "America/Chicago",
    "America/Denver",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Noronha",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Davis",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Asia/Vladivostok",
    "Atlantic/Azores",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Moscow",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
"""From +14 to -11 hours; clocks that change at midnight, by half an hour, by three; a lost day."""


@dataclass(frozen=True)
class Begin:
    """The first moment of a date in a zone."""

    at: datetime
    on: date


Table = Mapping[str, Sequence[Begin]]


def table_of(*, first: datetime, last: datetime, zones: Sequence[str] = ZONES) -> Table:
    """All first moments of dates in `zones` between two moments on the hour."""
    return {zone: tuple(_begins(zone, first, last)) for zone in zones}


def _begins(zone: str, first: datetime, last: datetime) -> Iterator[Begin]:
    clock, moment = ZoneInfo(zone), first
    newest = first.astimezone(clock).date()
    while moment < last:
        moment += QUARTER
        on = moment.astimezone(clock).date()
        if on > newest:
            newest = on
            yield Begin(moment, on)


@dataclass(frozen=True)
class Expected:
    """The day that an account must be on. `began` names its date by the zone that ended the last.

    A pending zone counts from the next day on.
    """

    began: Begin
    zone: str
    pending: str = ""

    def next_begin(self, table: Table) -> Begin:
        """When the next day must begin: never within 20 hours, nor with a date that was."""
        begins = table[self.zone]
        earliest = self.began.at + TWENTY_HOURS
        found = bisect_left(begins, earliest, key=lambda begin: begin.at)
        while begins[found].on <= self.began.on:
            found += 1
        return begins[found]

    def at(self, now: datetime, table: Table) -> "Expected":
        """The same account, after it was looked at."""
        state = self
        while (begin := state.next_begin(table)).at <= now:
            state = Expected(began=begin, zone=state.pending or state.zone)
        return state

    def moved_to(self, zone: str) -> "Expected":
        return replace(self, pending="" if zone == self.zone else zone)


def first_day(now: datetime, zone: str, table: Table) -> Expected:
    """The day of an account that is looked at for the first time."""
    begins = table[zone]
    found = bisect_left(begins, now + timedelta.resolution, key=lambda begin: begin.at)
    return Expected(began=begins[found - 1], zone=zone)


@dataclass(frozen=True)
class Found:
    """An account as the database has it. `entries` is a counter that begins anew with the day."""

    on: date
    began_at: datetime
    zone: str
    pending: str
    entries: int


def compare(
    *,
    name: str,
    now: datetime,
    before: Found,
    after: Found,
    expected: Expected,
    table: Table,
    used: int,
) -> Iterator[Breach]:
    """What is wrong with one account after one look at it.

    `before` and `after` are its rows; a day that goes on must have kept its counter at `used`.
    """
    said = f"{name} at {now:%Y-%m-%d %H:%M:%S}: began {after.began_at}, not {expected.began.at}"
    if after.began_at > expected.began.at:
        yield Breach("early", said)
    if after.began_at < expected.began.at:
        yield Breach("late", said)
    if (after.zone, after.pending) != (expected.zone, expected.pending):
        yield Breach("zone", f"{name}: {after.zone}, pending {after.pending!r}")
    if not expected.began.on <= after.on < expected.next_begin(table).on:
        yield Breach("misnamed", f"{name}: {after.on} for {expected.began.on}")
    has_rolled = after.began_at != before.began_at
    if has_rolled and after.on <= before.on:
        yield Breach("double", f"{name}: {after.on} after {before.on}")
    if has_rolled and after.began_at - before.began_at < TWENTY_HOURS:
        yield Breach("short", f"{name}: {after.began_at - before.began_at} on {before.on}")
    if after.entries != (0 if has_rolled else used):
        yield Breach("counters", f"{name}: {after.entries} entries, rolled: {has_rolled}")
