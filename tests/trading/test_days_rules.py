"""Which day it is in an account's zone: none early, none twice, none shorter than 20 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.days import SHORTEST, Day, Reckoning, day_at, day_of, following, named_day

ZONES = (
    "UTC",
    "America/New_York",
    "America/Los_Angeles",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Atlantic/Azores",
    "Europe/Berlin",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Antarctica/Casey",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Pacific/Chatham",
    "Etc/GMT+12",
    "Etc/GMT-14",
)
LONGEST = timedelta(hours=51)
FIRST = datetime(2008, 1, 1, tzinfo=UTC)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2200)).map(FIRST.__add__)
zones = st.sampled_from(ZONES)
edits = st.lists(st.one_of(st.just(""), zones), min_size=1, max_size=12)
waits = st.lists(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)), min_size=1, max_size=8
)


def utc(year, month, day, hour=0, minute=0, second=0):
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def hours(day):
    return (following(day).began_at - day.began_at) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "on", "length"),
    [
        ("America/New_York", date(2010, 3, 13), 24),
        ("America/New_York", date(2010, 3, 14), 23),
        ("America/New_York", date(2010, 11, 7), 25),
        ("Australia/Lord_Howe", date(2010, 4, 4), 24.5),
        # The clocks go from midnight to one: the day begins at one.
        ("America/Santiago", date(2010, 10, 10), 23),
        # They go back from one to midnight: the day begins with the first of the two midnights.
        ("America/Havana", date(2010, 10, 31), 25),
        # One minute after midnight they went back to one minute past eleven.
        ("America/St_Johns", date(2010, 11, 6), 24),
        ("America/St_Johns", date(2010, 11, 7), 25),
    ],
)
def test_a_day_is_as_long_as_the_clocks_of_its_zone_make_it(zone, on, length):
    assert hours(named_day(on, zone=zone)) == length


def test_a_date_that_a_zone_left_out_is_no_day():
    # Samoa went from the 29th of December 2011 straight to the 31st.
    day = named_day(date(2011, 12, 29), zone="Pacific/Apia")

    assert (following(day).date, hours(day)) == (date(2011, 12, 31), 24)


def test_a_day_that_the_clocks_cut_short_goes_on_until_the_next_midnight():
    # Vostok went seven hours ahead on the first of November 1994.
    day = named_day(date(1994, 11, 1), zone="Antarctica/Vostok")

    assert (following(day).date, hours(day)) == (date(1994, 11, 3), 41)


def test_an_hour_that_is_repeated_does_not_bring_yesterday_back():
    again_before_midnight = utc(2010, 11, 7, 3, 0)

    found = day_of(again_before_midnight, zone="America/St_Johns")

    assert again_before_midnight.astimezone(ZoneInfo("America/St_Johns")).day == 6
    assert (found.date, found.began_at) == (date(2010, 11, 7), utc(2010, 11, 7, 2, 30))


def test_another_zone_counts_from_the_end_of_the_day_in_the_old_one():
    day = named_day(date(2010, 1, 4), zone="America/New_York")

    before = day_at(utc(2010, 1, 5, 4, 59, 59), day=day, pending_zone="Asia/Tokyo")
    after = day_at(utc(2010, 1, 5, 5), day=day, pending_zone="Asia/Tokyo")

    # Tokyo's midnight, ten hours on, would be too early: the next one ends the day.
    assert before == day
    assert after == Day(date(2010, 1, 6), utc(2010, 1, 5, 5), "Asia/Tokyo")
    assert following(after) == named_day(date(2010, 1, 7), zone="Asia/Tokyo")
    assert hours(after) == 34


def test_going_west_names_no_date_twice():
    day = named_day(date(2010, 1, 4), zone="Asia/Tokyo")

    after = following(day, pending_zone="America/New_York")

    assert after == Day(date(2010, 1, 5), utc(2010, 1, 4, 15), "America/New_York")
    assert hours(after) == 38


def test_twenty_hours_to_the_second_are_enough():
    day = named_day(date(2010, 1, 4), zone="Etc/GMT+5")

    after = following(day, pending_zone="Etc/GMT+1")

    assert hours(after) == 20


def test_a_midnight_that_is_over_when_the_zone_changes_is_not_taken_for_the_next():
    # Twenty hours after Los Angeles' midnight it is the 6th in St. John's for the second time.
    day = named_day(date(2010, 11, 5), zone="America/Los_Angeles")

    after = following(day, pending_zone="America/St_Johns")

    assert after.date == date(2010, 11, 6)
    assert following(after).began_at == utc(2010, 11, 8, 3, 30)


@given(moments, zones)
def test_a_day_has_begun_and_has_not_ended(now, zone):
    day = day_of(now, zone=zone)

    assert day.began_at <= now < following(day).began_at


@given(moments, zones, edits)
def test_no_day_is_shorter_than_twenty_hours_whatever_is_done_to_the_zone(now, zone, edited):
    day = day_of(now, zone=zone)
    for pending in edited:
        later = following(day, pending_zone=pending)
        assert SHORTEST <= later.began_at - day.began_at <= LONGEST
        assert later.date > day.date
        assert later.zone == (pending or day.zone)
        day = later


@given(moments, zones, st.one_of(st.just(""), zones), waits)
def test_the_day_is_the_same_however_often_was_asked_in_between(now, zone, pending, waited):
    first = day_of(now, zone=zone)
    day, left, moment = first, pending, now
    for wait in waited:
        moment += wait
        later = day_at(moment, day=day, pending_zone=left)
        day, left = later, left if later == day else ""

    assert day == day_at(moment, day=first, pending_zone=pending)


@given(moments, zones, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_a_clock_that_steps_back_changes_nothing(now, zone, step):
    day = day_of(now, zone=zone)

    assert day_at(now - step, day=day) == day


@given(moments, zones)
def test_without_a_change_of_zone_a_day_is_a_date_there(now, zone):
    day = day_at(now, day=day_of(now - timedelta(days=3), zone=zone))

    assert day == day_of(now, zone=zone)
    assert day.date - now.astimezone(ZoneInfo(zone)).date() <= timedelta(days=1)


def test_an_account_that_had_no_day_begins_the_one_of_now_in_the_zone_to_come():
    now = utc(2010, 1, 5, 4)

    assert Reckoning.stored(None, None, "UTC", "").next_day(now) == day_of(now, zone="UTC")
    assert Reckoning.stored(None, None, "UTC", "Asia/Tokyo").next_day(now) == day_of(
        now, zone="Asia/Tokyo"
    )


def test_a_stored_day_is_the_right_one_until_it_ends():
    began_at = utc(2010, 1, 5, 5)
    account = Reckoning.stored(date(2010, 1, 6), began_at, "Asia/Tokyo", "UTC")

    assert account.day == Day(date(2010, 1, 6), began_at, "Asia/Tokyo")
    assert account.next_day(utc(2010, 1, 6, 14, 59)) is None
    assert account.next_day(utc(2010, 1, 6, 15)) == Day(
        date(2010, 1, 7), utc(2010, 1, 6, 15), "UTC"
    )


def test_a_stored_day_without_its_beginning_began_at_midnight():
    account = Reckoning.stored(date(2010, 1, 6), None, "Asia/Tokyo", "")

    assert account.day == named_day(date(2010, 1, 6), zone="Asia/Tokyo")
