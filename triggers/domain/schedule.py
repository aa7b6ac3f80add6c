"""When a time trigger is due: five cron fields in a time zone, and what happens to missed minutes.

The fields mean what they mean to Debian's cron, by the cronsim library. A time that a clock change
leaves out is due at the first minute that exists after it; one that a clock change repeats is due
the first time. Schedules with `*` in the minute or hour follow real time through both changes.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from tradingfarm.kernel.errors import FarmError

ON_TIME = timedelta(minutes=1)
"""A due minute that is noticed within this time was not missed."""

FIELDS = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_LOOK_BACK = timedelta(hours=1)
HINTS = {
    "Bad minute": "the minute is not understood; use *, 0 to 59, or a list, range or step of them",
    "Bad hour": "the hour is not understood; use *, 0 to 23, or a list, range or step of them",
    "Bad day-of-month": (
        "the day of the month is not understood or does not exist in that month; use *, 1 to 31,"
        " L for the last day, LW for the last weekday, or a list, range or step of numbers"
    ),
    "Bad month": (
        "the month is not understood; use *, 1 to 12, JAN to DEC, or a list, range or step of them"
    ),
    "Bad day-of-week": (
        "the day of the week is not understood; use *, 0 to 7 (0 and 7 are Sunday), SUN to SAT,"
        " 5L for the last Friday, MON#1 for the first Monday, or a list, range or step"
    ),
}
RANGES_RISE = "Ranges go from the smaller to the larger number."


class Missed(StrEnum):
    """What becomes of due minutes that nobody noticed in time."""

    SKIP = "skip"
    ONCE = "once"


class InvalidSchedule(FarmError):
    """A schedule that is not understood or never comes due. `field` is `cron` or `time_zone`."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message, permanent=True)
        self.field = field


def check_schedule(*, cron: str, time_zone: str, after: datetime) -> None:
    """Raise InvalidSchedule unless the schedule is understood and comes due after `after`."""
    next_due(cron=cron, time_zone=time_zone, after=after)


def next_due(*, cron: str, time_zone: str, after: datetime) -> datetime:
    """The first due minute later than `after`, in UTC.

    Raises InvalidSchedule, also when there is none in the next fifty years.
    """
    moments = _moments(cron, time_zone, after)
    due = next(moments, None)
    # In the hour that a clock change repeats the library starts from its first pass.
    while due is not None and due.astimezone(UTC) <= after:
        due = next(moments, None)
    if due is None:
        raise InvalidSchedule(f"'{cron}' never comes due.", field="cron")
    return due.astimezone(UTC)


def due_between(*, cron: str, time_zone: str, after: datetime, until: datetime) -> datetime | None:
    """The due minutes later than `after` and up to `until`, collapsed into the newest, or None.

    Raises InvalidSchedule. Looks back from `until` in windows that double, so a long gap is cheap.
    """
    window = FIRST_LOOK_BACK
    end = until
    while end > after:
        start = max(after, until - window)
        newest = _newest(cron, time_zone, start, end)
        if newest is not None:
            return newest
        end, window = start, window * 2
    return None


def decide_missed(
    *, newest_due: datetime, now: datetime, policy: Missed, clock_jumps: bool
) -> datetime | None:
    """The due minute to fire for at `now`, when `newest_due` is the newest that has come; or None.

    A replay's clock jumps from step to step: what it passes over came due at the step and was not
    missed. On any other clock SKIP drops what was noticed more than a minute late.
    """
    if clock_jumps or policy is Missed.ONCE or now - newest_due <= ON_TIME:
        return newest_due
    return None


def describe(*, cron: str) -> str:
    """The schedule in words, such as 'At 09:30 on Monday through Friday'.

    Raises InvalidSchedule.
    """
    return _moments(cron, "UTC", EPOCH).explain()


def _newest(cron: str, time_zone: str, after: datetime, until: datetime) -> datetime | None:
    newest = None
    for moment in _moments(cron, time_zone, after):
        due = moment.astimezone(UTC)
        if due > until:
            break
        if due > after:
            newest = due
    return newest


def _moments(cron: str, time_zone: str, after: datetime) -> CronSim:
    zone = _zone(time_zone)
    fields = len(cron.split())
    if fields != FIELDS:
        raise InvalidSchedule(
            "A schedule has five fields (minute, hour, day of month, month, day of week);"
            f" '{cron}' has {fields}.",
            field="cron",
        )
    try:
        return CronSim(cron, after.astimezone(zone))
    except CronSimError as error:
        hint = HINTS.get(str(error), str(error))
        raise InvalidSchedule(f"'{cron}': {hint}. {RANGES_RISE}", field="cron") from None


def _zone(name: str) -> ZoneInfo:
    if name not in _zone_names():
        raise InvalidSchedule(
            f"There is no time zone '{name}'; use a name such as America/New_York or UTC.",
            field="time_zone",
        )
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
