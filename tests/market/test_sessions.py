from datetime import UTC, date, datetime, timedelta

import pytest

from market.domain.sessions import ListedSessions, OutsideCalendar, RoundTheClock, Session
from market.selectors.calendars import calendar_of

NEW_YORK = calendar_of("XNYS")


def at(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_new_york_opens_at_half_past_two_in_winter_and_half_past_one_in_summer():
    winter = NEW_YORK.session_on(date(2001, 3, 5))
    summer = NEW_YORK.session_on(date(2001, 7, 5))

    assert winter == Session(date(2001, 3, 5), at(2001, 3, 5, 14, 30), at(2001, 3, 5, 21))
    assert summer == Session(date(2001, 7, 5), at(2001, 7, 5, 13, 30), at(2001, 7, 5, 20))


def test_thanksgiving_is_closed_and_the_day_after_is_short():
    assert NEW_YORK.session_on(date(2012, 11, 22)) is None
    short = NEW_YORK.session_on(date(2012, 11, 23))
    assert short is not None
    assert short.closes_at == at(2012, 11, 23, 18)


def test_there_are_no_sessions_from_the_eleventh_to_the_fourteenth_of_september_2001():
    days = [
        session.day
        for session in NEW_YORK.sessions(first=date(2001, 9, 10), last=date(2001, 9, 17))
    ]

    assert days == [date(2001, 9, 10), date(2001, 9, 17)]


def test_both_ends_belong_to_a_session_and_the_moments_beside_them_do_not():
    second = timedelta(seconds=1)
    opens, closes = at(2001, 3, 5, 14, 30), at(2001, 3, 5, 21)

    assert NEW_YORK.session_of(opens) is not None
    assert NEW_YORK.session_of(closes) is not None
    assert NEW_YORK.session_of(opens - second) is None
    assert NEW_YORK.session_of(closes + second) is None


def test_after_the_close_on_friday_it_opens_on_monday():
    friday_evening = at(2001, 3, 9, 22)

    assert NEW_YORK.next_open(friday_evening) == at(2001, 3, 12, 14, 30)


def test_while_it_is_open_the_next_open_is_now():
    assert NEW_YORK.next_open(at(2001, 3, 5, 15)) == at(2001, 3, 5, 15)


@pytest.mark.parametrize("day", [date(1980, 1, 1), date(2090, 1, 1)])
def test_a_day_that_the_calendar_does_not_know_is_an_error(day):
    with pytest.raises(OutsideCalendar, match="outside of the calendar") as error:
        NEW_YORK.session_on(day)

    assert error.value.day == day


def test_a_calendar_without_sessions_knows_no_day():
    with pytest.raises(OutsideCalendar):
        ListedSessions([]).session_on(date(2001, 3, 5))


def test_crypto_never_closes_and_its_sessions_are_days():
    calendar = calendar_of("24/7")
    sunday = at(2001, 3, 4, 3)

    assert isinstance(calendar, RoundTheClock)
    assert calendar.session_of(sunday) == Session(date(2001, 3, 4), at(2001, 3, 4), at(2001, 3, 5))
    assert calendar.next_open(sunday) == sunday
    assert len(calendar.sessions(first=date(2001, 3, 1), last=date(2001, 3, 31))) == 31


def test_the_calendar_of_a_market_is_read_once():
    assert calendar_of("XNYS") is NEW_YORK
