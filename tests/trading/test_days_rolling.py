"""What begins with a day of an account, and what a change of its time zone does to its days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_account, make_desk, wall
from tests.trading.guarding import account_of, events
from tests.trading.steps import filled, report, sent
from trading.domain.states import OrderState
from trading.models import Account, Permission
from trading.selectors.books import lock_account
from trading.services.days import (
    UnknownTimeZone,
    change_time_zone,
    roll_account,
    roll_days,
    shift_baselines,
)
from trading.services.fills import ingest
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2001, 3, 8, 5, tzinfo=UTC)
"""The end of the day of NOW in New York."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def rolled(now):
    with transaction():
        return roll_days(feed_name="prices", now=now)


def moved_to(time_zone, *, now=NOW):
    """The moment from which on the other zone counts."""
    return change_time_zone(
        account_id=Account.objects.get().id, time_zone=time_zone, actor="Ada", now=now, at=wall()
    )


def days():
    row = Account.objects.get()
    return row.day, row.day_began_at, row.time_zone, row.pending_time_zone


def exited(desk, *, price, quantity=10, key):
    """The agent bought at 100 and sold at this price, in two fills; market time is NOW."""
    filled(desk, desk.buy(quantity, key=f"buy {key}"))
    order = sent(desk, desk.sell(quantity, key=f"sell {key}"))
    half = Decimal(quantity) / 2
    trades = [(f"{key} {part}", half, price) for part in (1, 2)]
    ingest(order_id=order.id, report=report(order, *trades, state=OrderState.FILLED), at=wall())


def test_the_first_day_began_at_midnight_whenever_it_is_first_looked_at():
    make_account()

    assert rolled(NOW) == 1
    assert days() == (date(2001, 3, 7), MIDNIGHT - DAY, "America/New_York", "")


def test_a_day_that_is_rolled_late_began_at_midnight_all_the_same():
    make_account()
    rolled(NOW)
    rolled(NOW + 5 * DAY)

    assert days()[:2] == (date(2001, 3, 12), MIDNIGHT + 4 * DAY)


def test_a_day_of_an_older_release_is_taken_to_have_begun_at_midnight():
    make_account(day=date(2001, 3, 7))

    assert rolled(MIDNIGHT - SECOND) == 0
    assert rolled(MIDNIGHT) == 1


def test_the_mark_of_the_most_that_it_was_worth_is_raised_with_the_day():
    make_account()
    rolled(NOW)
    first = Account.objects.get().high_water_equity
    Account.objects.update(cash=120_000)
    rolled(MIDNIGHT)
    Account.objects.update(cash=90_000)
    rolled(MIDNIGHT + DAY)

    account = Account.objects.get()
    assert (first, account.high_water_equity, account.day_start_equity) == (
        100_000,
        120_000,
        90_000,
    )


def test_nothing_is_locked_while_no_day_ends(django_assert_num_queries):
    make_account()
    rolled(NOW)

    with django_assert_num_queries(3):  # the savepoint that stands for the transaction, and one
        assert rolled(MIDNIGHT - SECOND) == 0


def test_another_zone_counts_from_the_end_of_the_day_in_the_old_one():
    make_account()

    assert moved_to("Asia/Tokyo") == MIDNIGHT
    assert days()[2:] == ("America/New_York", "Asia/Tokyo")
    assert rolled(MIDNIGHT - SECOND) == 0
    assert rolled(MIDNIGHT) == 1
    # Tokyo's next midnight is ten hours on, and too early.
    assert days() == (date(2001, 3, 9), MIDNIGHT, "Asia/Tokyo", "")
    assert rolled(MIDNIGHT + timedelta(hours=34) - SECOND) == 0
    assert rolled(MIDNIGHT + timedelta(hours=34)) == 1
    assert days()[0] == date(2001, 3, 10)


def test_the_counters_last_as_long_as_the_long_day_does():
    desk = make_desk(limits={"max_daily_entries": 1})
    filled(desk, desk.buy(1))
    moved_to("Asia/Tokyo")
    rolled(MIDNIGHT)
    Permission.objects.update(entries_today=1)

    with transaction():
        locked = lock_account(account_id=desk.account.id, now=MIDNIGHT + timedelta(hours=12))
        same = roll_account(account=locked, now=MIDNIGHT + timedelta(hours=12))

    assert same == locked
    assert Permission.objects.get().entries_today == 1


def test_a_locked_account_is_handed_back_as_it_is_on_the_new_day():
    desk = make_desk()
    rolled(NOW)
    moved_to("Asia/Tokyo")
    Account.objects.update(cash=101_000)

    with transaction():
        found = roll_account(
            account=lock_account(account_id=desk.account.id, now=MIDNIGHT), now=MIDNIGHT
        )

    assert (found.day, found.time_zone) == (date(2001, 3, 9), "Asia/Tokyo")
    assert (found.day_start_equity, found.high_water) == (101_000, 101_000)


def test_the_zone_is_changed_on_the_day_that_it_is():
    make_account()
    rolled(NOW - 7 * DAY)

    assert moved_to("Asia/Tokyo") == MIDNIGHT
    assert days()[0] == date(2001, 3, 7)


def test_going_back_before_it_counts_leaves_everything_as_it_was():
    make_account()
    moved_to("Asia/Tokyo")

    moved_to("America/New_York")

    assert days()[2:] == ("America/New_York", "")


def test_a_change_is_journaled_once():
    desk = make_desk()

    moved_to("Asia/Tokyo")
    moved_to("Asia/Tokyo")

    (event,) = events(desk, "account.time_zone")
    assert (event.actor, event.as_of) == ("Ada", NOW)
    assert event.payload == {"time_zone": "Asia/Tokyo", "before": "America/New_York"}


@pytest.mark.parametrize("name", ["", "Europe", "Mars/Olympus", "../etc/passwd"])
def test_a_name_that_is_no_zone_is_refused(name):
    make_account()

    with pytest.raises(UnknownTimeZone):
        moved_to(name)


def test_a_zone_that_the_database_does_not_know_is_refused(monkeypatch):
    make_account()
    monkeypatch.setattr("trading.services.days.known_zones", lambda: {"Mars/Olympus"})

    with pytest.raises(UnknownTimeZone):
        moved_to("Mars/Olympus")


@pytest.mark.parametrize("amount", ["2500", "-2500"])
def test_deposits_and_withdrawals_are_no_profit_and_no_loss(amount):
    desk = make_desk()
    rolled(NOW)

    with transaction():
        shift_baselines(account=desk.account, amount=Decimal(amount))

    account = account_of(desk)
    assert account.day_start_equity == account.high_water_equity == 100_000 + Decimal(amount)


def test_an_account_without_a_day_has_no_baselines_to_shift():
    desk = make_desk()

    with transaction():
        shift_baselines(account=desk.account, amount=Decimal(1))

    assert account_of(desk).day_start_equity is None


def test_recent_exits_are_counted_by_order_with_their_average():
    desk = make_desk()
    exited(desk, price="110", key="a")
    exited(desk, price="95", key="b", quantity=20)
    filled(desk, desk.buy(4, key="kept"))

    rolled(MIDNIGHT)

    permission = Permission.objects.get()
    assert (permission.recent_exits, permission.recent_average) == (2, 0)


def test_an_average_is_rounded_once():
    desk = make_desk()
    for key, price, quantity in (("a", "110", 10), ("b", "100", 12), ("c", "100", 14)):
        exited(desk, price=price, key=key, quantity=quantity)

    rolled(MIDNIGHT)

    assert Permission.objects.get().recent_average == Decimal("33.33333333")


@pytest.mark.parametrize(("later", "exits"), [(29, 1), (30, 1), (31, 0)])
def test_exits_of_the_thirty_days_before_count(later, exits):
    desk = make_desk()
    exited(desk, price="110", key="a")

    rolled(MIDNIGHT + (later - 1) * DAY)

    assert Permission.objects.get().recent_exits == exits


def test_exits_of_the_day_itself_do_not_count_yet():
    desk = make_desk()
    exited(desk, price="110", key="a")
    Account.objects.update(day=None, day_began_at=None)

    rolled(NOW + timedelta(minutes=1))

    assert (Permission.objects.get().recent_exits, Permission.objects.get().recent_average) == (
        0,
        0,
    )
