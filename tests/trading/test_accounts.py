"""Accounts open with a deposit, permissions with limits that can be kept."""

from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfoNotFoundError

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from tests.factories import (
    NOW,
    make_account,
    make_desk,
    make_feed,
    make_permission,
    make_quote,
    wall,
)
from tests.trading.steps import decided, filled
from trading.models import Account, CashMovement, EquitySnapshot, Permission
from trading.services.accounts import (
    BadDeposit,
    UnknownLimit,
    change_permission,
    snapshot_equity,
)
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def test_an_account_opens_with_its_deposit():
    account = make_account(deposit="5000")

    assert (account.cash, account.reserved, account.kind) == (5_000, 0, "paper")
    assert CashMovement.objects.get(account=account).amount == 5_000
    event = JournalEvent.objects.get(stream=account_stream(account.id))
    assert (event.kind, event.payload["deposit"]) == ("account.opened", "5000")


@pytest.mark.parametrize("deposit", ["0", "-1", "NaN", "Infinity", "0.000000001"])
def test_a_deposit_is_a_positive_amount(deposit):
    with pytest.raises(BadDeposit, match="positive"):
        make_account(deposit=deposit)

    assert not Account.objects.exists()


def test_an_account_lives_in_a_time_zone_that_exists():
    with pytest.raises(ZoneInfoNotFoundError, match="Mars"):
        make_account(time_zone="Mars/Olympus")

    assert not Account.objects.exists()


def test_a_movement_of_cash_cannot_be_changed():
    make_account()

    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM trading_cashmovement")


def test_what_is_not_limited_by_name_keeps_its_default():
    account = make_account()

    permission = make_permission(account, max_daily_entries=7)

    permission.refresh_from_db()
    assert permission.max_daily_entries == 7
    assert (permission.stop_required, permission.price_collar_pct) == (True, 2)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_order_value": Decimal(0)},
        {"max_position_value": Decimal(-1)},
        {"max_daily_loss": Decimal(0)},
        {"max_allocation_pct": Decimal("100.01")},
        {"price_collar_pct": Decimal(0)},
        {"max_daily_entries": -1},
        {"max_order_value": "much"},
        {"hours_start": time(9)},
        {"hours_zone": "Mars/Olympus"},
        {"hours_zone": "../etc/passwd"},
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused(limits):
    account = make_account()

    with pytest.raises(ValidationError):
        make_permission(account, **limits)

    assert not Permission.objects.exists()


@pytest.mark.parametrize("name", ["max_everything", "entries_today", "account_id", "version"])
def test_only_limits_can_be_set(name):
    desk = make_desk()

    with pytest.raises(UnknownLimit, match="There are: active"):
        make_permission(desk.account, number=1, **{name: 1})
    with pytest.raises(UnknownLimit, match=name):
        change_permission(permission_id=desk.permission.id, limits={name: 1}, actor="a", at=wall())


def test_a_changed_limit_is_a_new_version_in_the_journal():
    desk = make_desk()

    change_permission(
        permission_id=desk.permission.id,
        limits={"max_order_value": Decimal(50)},
        actor="ada",
        at=wall(),
    )

    desk.permission.refresh_from_db()
    event = JournalEvent.objects.filter(kind="permission.changed").latest("seq")
    assert (desk.permission.max_order_value, desk.permission.version) == (50, 2)
    assert (event.actor, event.payload["max_order_value"], event.payload["version"]) == (
        "ada",
        "50",
        2,
    )
    assert decided(desk, desk.buy(1)).denials == ("ORDER_SIZE",)


def test_a_change_that_is_refused_changes_nothing():
    desk = make_desk()

    with pytest.raises(ValidationError):
        change_permission(
            permission_id=desk.permission.id,
            limits={"max_allocation_pct": Decimal(500)},
            actor="ada",
            at=wall(),
        )

    desk.permission.refresh_from_db()
    assert (desk.permission.max_allocation_pct, desk.permission.version) == (100, 1)


def test_a_permission_that_is_switched_off_stops_its_agents_entries():
    desk = make_desk()

    change_permission(
        permission_id=desk.permission.id, limits={"active": False}, actor="ada", at=wall()
    )

    assert decided(desk, desk.buy(1)).denials == ("PERMISSION_ACTIVE",)


def test_a_change_that_was_judged_against_an_older_version_is_refused():
    desk = make_desk()
    cut = {"max_daily_entries": 1}
    change_permission(permission_id=desk.permission.id, limits=cut, actor="ada", at=wall())

    with pytest.raises(ValidationError, match="changed these limits meanwhile"):
        change_permission(
            permission_id=desk.permission.id,
            limits={"max_daily_entries": 2},
            actor="bob",
            at=wall(),
            version=desk.permission.version,
        )

    desk.permission.refresh_from_db()
    assert desk.permission.max_daily_entries == 1


def test_a_permission_that_does_not_exist_is_not_changed():
    with pytest.raises(Permission.DoesNotExist):
        change_permission(permission_id=UUID(int=1), limits={}, actor="ada", at=wall())


def test_every_account_of_the_feed_is_valued_once_a_moment(django_assert_num_queries):
    desk = make_desk()
    make_account(number=1, deposit="5")
    make_account(number=2, feed=make_feed("another"))
    filled(desk, desk.buy(10))
    make_quote(desk.instrument, "110")

    with django_assert_num_queries(1):
        snapshot_equity(feed_name="prices", now=NOW)
    snapshot_equity(feed_name="prices", now=NOW)
    snapshot_equity(feed_name="prices", now=NOW + timedelta(days=1))

    found = EquitySnapshot.objects.filter(as_of=NOW).order_by("equity")
    assert [(row.cash, row.equity) for row in found] == [(5, 5), (99_000, 100_100)]
    assert EquitySnapshot.objects.count() == 4
