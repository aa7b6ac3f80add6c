import csv
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggers.domain.schedule import (
    InvalidSchedule,
    Missed,
    check_schedule,
    decide_missed,
    describe,
    due_between,
    next_due,
)

CASES = Path(__file__).parents[3] / "shared" / "data" / "split" / "cron_cases_dev.csv"
NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"
NOON = datetime(2024, 5, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def local(zone: str, day: date, hour: int = 0, minute: int = 0, *, fold: int = 0) -> datetime:
    moment = datetime.combine(day, time(hour, minute, fold=fold), tzinfo=ZoneInfo(zone))
    return moment.astimezone(UTC)


def all_due(*, cron, time_zone, after, until):
    found = []
    while (after := next_due(cron=cron, time_zone=time_zone, after=after)) <= until:
        found.append(after)
    return found


def test_the_next_due_minute_is_later_than_now_and_in_utc():
    due = next_due(
        cron="30 9 * * 1-5", time_zone=NEW_YORK, after=local(NEW_YORK, date(2024, 5, 3), 9, 30)
    )

    assert due == datetime(2024, 5, 6, 13, 30, tzinfo=UTC)
    assert due.tzinfo is UTC


def test_a_schedule_is_described_in_words():
    assert describe(cron="30 9 * * 1-5") == "At 09:30 on Monday through Friday"
    with pytest.raises(InvalidSchedule):
        describe(cron="61 9 * * *")


def test_a_start_in_the_middle_of_a_minute_waits_for_the_next_one():
    due = next_due(
        cron="* * * * *", time_zone="UTC", after=NOON + timedelta(seconds=1, microseconds=5)
    )

    assert due == NOON + MINUTE


@pytest.mark.parametrize(
    ("zone", "day"),
    [(NEW_YORK, date(2024, 3, 10)), (BERLIN, date(2024, 3, 31))],
)
def test_a_time_left_out_in_spring_is_due_once_at_the_first_minute_that_exists(zone, day):
    midnight = local(zone, day)

    due = all_due(
        cron="30 2 * * *", time_zone=zone, after=midnight, until=midnight + timedelta(hours=30)
    )

    assert due == [
        local(zone, day, 3, 0),
        local(zone, day + timedelta(days=1), 2, 30),
    ]


@pytest.mark.parametrize(
    ("zone", "day"),
    [(NEW_YORK, date(2024, 11, 3)), (BERLIN, date(2024, 10, 27))],
)
def test_a_time_repeated_in_autumn_is_due_the_first_time_only(zone, day):
    hour = 1 if zone == NEW_YORK else 2
    midnight = local(zone, day)

    due = all_due(
        cron=f"30 {hour} * * *",
        time_zone=zone,
        after=midnight,
        until=midnight + timedelta(hours=24),
    )

    assert due == [local(zone, day, hour, 30, fold=0)]


@pytest.mark.parametrize(
    ("zone", "day"), [(NEW_YORK, date(2024, 11, 3)), (BERLIN, date(2024, 10, 27))]
)
def test_asking_inside_the_repeated_hour_never_gives_a_minute_that_has_passed(zone, day):
    hour = 1 if zone == NEW_YORK else 2
    second_pass = local(zone, day, hour, 15, fold=1)

    due = next_due(cron=f"30 {hour} * * *", time_zone=zone, after=second_pass)

    assert due == second_pass + timedelta(hours=24, minutes=15)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (NEW_YORK, date(2024, 3, 10), 23),
        (BERLIN, date(2024, 3, 31), 23),
        (NEW_YORK, date(2024, 11, 3), 25),
        (BERLIN, date(2024, 10, 27), 25),
    ],
)
def test_every_hour_stays_every_hour_through_a_clock_change(zone, day, hours):
    midnight = local(zone, day)

    due = all_due(
        cron="0 * * * *",
        time_zone=zone,
        after=midnight - MINUTE,
        until=midnight + timedelta(hours=hours) - MINUTE,
    )

    assert due == [midnight + timedelta(hours=number) for number in range(hours)]


@given(
    cron=st.sampled_from(
        ["* * * * *", "*/7 * * * *", "30 1 * * *", "15,45 2 * * *", "0 3 * * 1", "* 2 1-15 * *"]
    ),
    zone=st.sampled_from([NEW_YORK, BERLIN, "UTC"]),
    start=st.integers(0, 242 * 1440),
    minutes=st.integers(0, 3_000),
)
def test_many_due_minutes_collapse_into_the_newest(cron, zone, start, minutes):
    after = datetime(2024, 3, 8, tzinfo=UTC) + start * MINUTE
    until = after + minutes * MINUTE

    newest = due_between(cron=cron, time_zone=zone, after=after, until=until)

    every = all_due(cron=cron, time_zone=zone, after=after, until=until)
    assert newest == (every[-1] if every else None)


@pytest.mark.parametrize(
    ("days", "due"), [(400, local(NEW_YORK, date(2024, 1, 1), 9)), (20, None)]
)
def test_a_yearly_schedule_is_found_however_far_back(days, due):
    newest = due_between(
        cron="0 9 1 1 *", time_zone=NEW_YORK, after=NOON - timedelta(days=days), until=NOON
    )

    assert newest == due


def test_a_year_of_missed_minutes_is_looked_through_from_its_end():
    newest = due_between(
        cron="* * * * *", time_zone="UTC", after=NOON - timedelta(days=3_650), until=NOON
    )

    assert newest == NOON


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * *", "has 4"),
        ("0 * * * * *", "has 6"),
        ("", "has 0"),
        ("60 * * * *", "minute is not understood"),
        ("5-1 * * * *", "Ranges go from the smaller"),
        ("0 24 * * *", "hour is not understood"),
        ("0 0 32 * *", "day of the month"),
        ("0 0 31 2 *", "does not exist in that month"),
        ("0 0 * 13 *", "month is not understood"),
        ("0 0 * * MONDAY", "SUN to SAT"),
        ("@daily", "has 1"),
    ],
)
def test_a_schedule_that_is_not_understood_says_what_would_be(cron, words):
    with pytest.raises(InvalidSchedule, match=words) as raised:
        check_schedule(cron=cron, time_zone="UTC", after=NOON)

    assert raised.value.field == "cron"
    assert raised.value.permanent


def test_a_schedule_that_never_comes_due_is_refused():
    with pytest.raises(InvalidSchedule, match="never comes due"):
        check_schedule(cron="0 0 */30 2 1#5", time_zone="UTC", after=NOON)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "America", "../../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_refused(name):
    with pytest.raises(InvalidSchedule, match="no time zone") as raised:
        check_schedule(cron="* * * * *", time_zone=name, after=NOON)

    assert raised.value.field == "time_zone"


@pytest.mark.parametrize(
    ("late", "policy", "clock_jumps", "fires"),
    [
        (timedelta(seconds=60), Missed.SKIP, False, True),
        (timedelta(seconds=61), Missed.SKIP, False, False),
        (timedelta(days=3), Missed.ONCE, False, True),
        (timedelta(days=3), Missed.SKIP, True, True),
    ],
)
def test_what_was_missed_follows_the_policy(late, policy, clock_jumps, fires):
    due = decide_missed(newest_due=NOON, now=NOON + late, policy=policy, clock_jumps=clock_jumps)

    assert due == (NOON if fires else None)


WRAPS = "a range that wraps around is refused, not guessed"
JENKINS = "H, a number drawn by a hash, is Jenkins' own"
QUARTZ = "?, W and L inside a range or before a weekday are Quartz' spelling"
CRONITER = "croniter puts # and plain weekdays together with AND; Debian's cron has OR"
EXTRA = "the library knows LW and 5L, which croniter refuses"
DIFFERS = {
    "0 0 29-L * *": QUARTZ,
    "0 0 25-L 1 0": QUARTZ,
    "0 0 * * L5": QUARTZ,
    "0,30 1,5 * * L5": QUARTZ,
    "0 0 * * L2,L4": QUARTZ,
    "0 0 1 * ?": QUARTZ,
    "0 23 ? * MON-FRI": QUARTZ,
    "2-59/3 1,9,22 11-26 1-6 ?": QUARTZ,
    "* * 1W * *": QUARTZ,
    "* * W1 * *": QUARTZ,
    "* * W5 * *": QUARTZ,
    "* * LW * *": EXTRA,
    "0 0 * * 5L": EXTRA,
    "30 6 1-7 MAY MON#1": CRONITER,
    "0 0 31 1 1#1": CRONITER,
    "0 0 * 1 0-6,sat#3": CRONITER,
    "0 0 * * Mon-Sun": WRAPS,
    "0 0 * * Wed-Sun": WRAPS,
    "0 0 * * Fri-Sun": WRAPS,
    "0 0 * * Thu-Tue/2": WRAPS,
    "0 0 1 Apr-Feb *": WRAPS,
    "0 0 1 Apr-Mar/2 *": WRAPS,
    "0 0 * MAR-JAN *": WRAPS,
    "5-1 * * * *": WRAPS,
    "H * * * *": JENKINS,
    "H H * * H": JENKINS,
    "H H H H *": JENKINS,
}


def test_five_field_cases_of_other_projects_agree_but_for_those_named_here():
    if not CASES.exists():
        pytest.skip(f"{CASES} is absent: cron expressions gathered from other projects.")

    with CASES.open(newline="") as file:
        cases = [case for case in csv.DictReader(file) if case["fields"] == "5"]
    differing = {case["expression"] for case in cases if next_five(case) != case["next5"]}

    assert cases
    assert differing == {case["expression"] for case in cases} & DIFFERS.keys()


def next_five(case):
    after = datetime.fromisoformat(case["base_utc"]).replace(tzinfo=UTC)
    found = []
    try:
        while len(found) < 5:
            after = next_due(cron=case["expression"], time_zone="UTC", after=after)
            found.append(after.strftime("%Y-%m-%dT%H:%M:%S"))
    except InvalidSchedule:
        pass
    return " | ".join(found)
