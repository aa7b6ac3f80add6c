"""A trading day is a date in the account's own zone, and it never begins twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_account, make_desk, make_feed, make_quote, wall
from tests.trading.steps import decided, filled
from trading.models import Account, Permission
from trading.services.days import roll_days
from trading.services.recovery import expire_stale
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db


def rolled(now, *, feed="prices"):
    with transaction():
        return roll_days(feed_name=feed, now=now)


def utc(year, month, day, hour, minute, second):
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "last_moment", "next_day"),
    [
        # Standard time until 2 April 2000 at two in New York, daylight time from then on.
        ("America/New_York", utc(2000, 4, 2, 4, 59, 59), date(2000, 4, 2)),
        ("America/New_York", utc(2000, 4, 3, 3, 59, 59), date(2000, 4, 3)),
        ("America/New_York", utc(2000, 10, 30, 4, 59, 59), date(2000, 10, 30)),
        ("Europe/Berlin", utc(2000, 3, 25, 22, 59, 59), date(2000, 3, 26)),
        ("Europe/Berlin", utc(2000, 3, 26, 21, 59, 59), date(2000, 3, 27)),
        ("Europe/Berlin", utc(2000, 10, 29, 22, 59, 59), date(2000, 10, 30)),
    ],
)
def test_a_day_begins_at_midnight_of_the_zone_whatever_the_season(zone, last_moment, next_day):
    make_account(time_zone=zone)
    rolled(last_moment)
    before = Account.objects.get().day

    assert rolled(last_moment) == 0
    assert rolled(last_moment + timedelta(seconds=1)) == 1
    assert (before, Account.objects.get().day) == (next_day - timedelta(days=1), next_day)


def test_a_clock_that_steps_back_does_not_open_yesterday_again():
    make_account()
    rolled(NOW)

    assert rolled(NOW - timedelta(days=1)) == 0
    assert Account.objects.get().day == NOW.date()


def test_a_decision_at_an_earlier_time_keeps_the_counters_of_the_later_day():
    desk = make_desk(limits={"max_daily_entries": 1})
    filled(desk, desk.buy(1))
    make_quote(desk.instrument, as_of=NOW - timedelta(days=1))

    verdict = decided(desk, desk.buy(2, key="back"), now=NOW - timedelta(days=1))

    assert verdict.denials == ("DAILY_ENTRIES",)


def test_only_the_accounts_of_the_feed_are_rolled():
    make_account()
    make_account(number=1, feed=make_feed("another"))

    assert rolled(NOW) == 1
    assert sorted(map(str, Account.objects.values_list("day", flat=True))) == [
        "2001-03-07",
        "None",
    ]


def test_counters_begin_anew_with_the_day():
    desk = make_desk(limits={"max_daily_entries": 1})
    filled(desk, desk.buy(1))
    tomorrow = NOW + timedelta(days=1)
    make_quote(desk.instrument, as_of=tomorrow)

    rolled(tomorrow)

    desk.permission.refresh_from_db()
    assert (desk.permission.entries_today, desk.permission.day) == (0, tomorrow.date())
    assert decided(desk, desk.buy(1, key="second"), now=tomorrow).approved


def test_a_decision_rolls_a_day_that_nobody_has_rolled():
    desk = make_desk(limits={"max_daily_entries": 1})
    filled(desk, desk.buy(1))
    tomorrow = NOW + timedelta(days=1)
    make_quote(desk.instrument, as_of=tomorrow)

    assert decided(desk, desk.buy(1, key="second"), now=tomorrow).approved
    assert Account.objects.get().day == tomorrow.date()
    assert Permission.objects.get().entries_today == 1


def test_the_gap_of_the_night_counts_for_the_new_day():
    desk = make_desk(limits={"max_daily_loss": Decimal(100)})
    filled(desk, desk.buy(10))
    tomorrow = NOW + timedelta(days=1)

    rolled(tomorrow)
    make_quote(desk.instrument, "90", as_of=tomorrow)

    account = Account.objects.get()
    verdict = decided(desk, desk.buy(1, key="next", stop_loss=Decimal(80)), now=tomorrow)
    assert account.day_start_equity == 100_000
    assert verdict.denials == ("DAILY_LOSS",)


def test_a_loss_of_yesterday_does_not_count_today():
    desk = make_desk(limits={"max_daily_loss": Decimal(100)})
    filled(desk, desk.buy(10))
    make_quote(desk.instrument, "90")
    assert decided(desk, desk.buy(1, key="a", stop_loss=Decimal(80))).denials == ("DAILY_LOSS",)
    tomorrow = NOW + timedelta(days=1)

    rolled(tomorrow)
    make_quote(desk.instrument, "90", as_of=tomorrow)

    account = Account.objects.get()
    assert account.day_start_equity == 99_900
    assert decided(desk, desk.buy(1, key="b", stop_loss=Decimal(80)), now=tomorrow).approved


def test_a_position_without_a_price_begins_the_day_at_its_cost():
    desk = make_desk()
    filled(desk, desk.buy(10), price="101")
    make_quote(desk.instrument).delete()

    rolled(NOW + timedelta(days=1))

    assert Account.objects.get().day_start_equity == 100_000


def test_an_entry_given_back_on_its_own_day_can_be_used_again():
    desk = make_desk(limits={"max_daily_entries": 1})
    verdict = decided(desk, desk.buy(1), at=wall() - timedelta(minutes=5))
    assert verdict.approved

    expire_stale(account=desk.account, at=wall())

    assert decided(desk, desk.buy(2, key="second")).approved
