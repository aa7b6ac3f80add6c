"""The campaign's own idea of a day, each breach that it knows, and tiny runs with planted bugs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.campaigns.calendars import (
    ZONES,
    Begin,
    Expected,
    Found,
    compare,
    first_day,
    table_of,
)

FIRST = datetime(2010, 11, 1, 12, tzinfo=UTC)
TABLE = table_of(
    first=FIRST,
    last=FIRST + timedelta(days=12),
    zones=("America/New_York", "America/Havana", "America/St_Johns", "Asia/Tokyo"),
)
NOW = FIRST + timedelta(days=2)
BEFORE = Found(date(2010, 11, 2), datetime(2010, 11, 2, 4, tzinfo=UTC), "America/New_York", "", 7)
GOES_ON = Expected(Begin(BEFORE.began_at, BEFORE.on), "America/New_York")
ROLLED = replace(
    BEFORE, on=date(2010, 11, 3), began_at=BEFORE.began_at + timedelta(days=1), entries=0
)


def found(after, *, expected=GOES_ON, before=BEFORE):
    """The kinds of breaches that a look finds."""
    breaches = compare(
        name="one",
        now=NOW,
        before=before,
        after=after,
        expected=expected,
        table=TABLE,
        used=7,
    )
    return sorted(breach.kind for breach in breaches)


def began(zone):
    return [(begin.at.strftime("%d %H:%M"), begin.on.day) for begin in TABLE[zone]][4:7]


def test_there_are_forty_zones():
    assert len(set(ZONES)) == 40


@pytest.mark.parametrize(
    ("zone", "begins"),
    [
        ("America/New_York", [("06 04:00", 6), ("07 04:00", 7), ("08 05:00", 8)]),
        ("America/Havana", [("06 05:00", 6), ("07 05:00", 7), ("08 05:00", 8)]),
        ("America/St_Johns", [("06 02:30", 6), ("07 02:30", 7), ("08 03:30", 8)]),
    ],
)
def test_a_date_begins_when_a_clock_on_the_wall_says_so_first(zone, begins):
    assert began(zone) == begins


def test_an_account_goes_from_day_to_day_and_takes_its_new_zone_along():
    day = first_day(NOW, "America/New_York", TABLE).moved_to("Asia/Tokyo")

    later = day.at(datetime(2010, 11, 4, 4, tzinfo=UTC), TABLE)

    assert day.at(datetime(2010, 11, 4, 3, 59, tzinfo=UTC), TABLE) == day
    assert later == Expected(
        Begin(datetime(2010, 11, 4, 4, tzinfo=UTC), date(2010, 11, 4)), "Asia/Tokyo"
    )
    assert later.next_begin(TABLE).at == datetime(2010, 11, 5, 15, tzinfo=UTC)


def test_a_day_that_goes_on_or_begins_in_time_is_no_breach():
    begins = Expected(Begin(ROLLED.began_at, ROLLED.on), "America/New_York")

    assert found(BEFORE) == []
    assert found(ROLLED, expected=begins) == []


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (replace(BEFORE, entries=0), ["counters"]),
        (replace(BEFORE, entries=8), ["counters"]),
        (ROLLED, ["early", "misnamed"]),
        (replace(ROLLED, on=BEFORE.on), ["double", "early"]),
        (
            replace(ROLLED, began_at=BEFORE.began_at + timedelta(hours=19)),
            ["early", "misnamed", "short"],
        ),
        (
            replace(BEFORE, began_at=BEFORE.began_at - timedelta(days=1), entries=0),
            ["double", "late", "short"],
        ),
        (replace(BEFORE, zone="Asia/Tokyo"), ["zone"]),
        (replace(BEFORE, pending="Asia/Tokyo"), ["zone"]),
        (replace(BEFORE, on=date(2010, 11, 1)), ["misnamed"]),
    ],
)
def test_each_breach_is_found(after, kinds):
    assert found(after) == kinds


def test_the_days_of_three_days_are_right(campaign):
    status, line = campaign("days", "--days=3")

    assert (status, line["breaches"]) == (0, 0), line
    assert line["resets"] > 80


@pytest.mark.parametrize(("planted", "kind"), [("short", "short"), ("eager", "zone")])
def test_a_planted_bug_is_found(campaign, planted, kind):
    status, line = campaign("days", "--days=8", f"--planted={planted}")

    assert status == 1
    assert kind in line["breaches_by_kind"], line
