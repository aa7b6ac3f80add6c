"""Ceilings where they bind: when a permission is set, and when an order is checked."""

from datetime import time
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from tests.factories import AGENT_ID, make_account, make_desk, make_permission, wall
from tests.trading.steps import decided
from trading.models import Order, Permission
from trading.selectors.ceilings import effective_limits
from trading.services.accounts import (
    change_permission,
    grant_permission,
    lock_accounts_of,
    withdraw_permissions,
)
from trading.services.withdrawing import withdraw_entries
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def test_a_limit_above_the_ceiling_is_not_granted(settings):
    settings.MAX_ORDER_VALUE_CEILING = Decimal(5_000)

    with pytest.raises(ValidationError, match="ceiling is 5,000; choose that or less"):
        make_permission(make_account(), max_order_value="5000.01")

    assert not Permission.objects.exists()


def test_a_default_above_the_ceiling_becomes_the_ceiling(settings):
    settings.MAX_ORDER_VALUE_CEILING = Decimal(500)

    permission = grant_permission(
        account=make_account(),
        agent_id=AGENT_ID,
        agent_name="Agent",
        limits={},
        actor="test",
        at=wall(),
    )

    assert permission.max_order_value == 500


def test_a_limit_is_not_changed_beyond_its_ceiling(settings):
    desk = make_desk()
    settings.MAX_DAILY_ENTRIES_CEILING = 20

    with pytest.raises(ValidationError, match="ceiling is 20"):
        change(desk.permission, max_daily_entries=21)

    desk.permission.refresh_from_db()
    assert (desk.permission.max_daily_entries, desk.permission.version) == (1_000, 1)


def test_a_ceiling_that_came_down_later_leaves_other_limits_changeable(settings):
    desk = make_desk()
    settings.MAX_DAILY_ENTRIES_CEILING = 20

    change(desk.permission, active=False)

    assert not Permission.objects.get().active


def change(permission, **limits):
    change_permission(permission_id=permission.id, limits=limits, actor="ada", at=wall())


def test_changing_nothing_makes_no_version():
    desk = make_desk()

    change(desk.permission, max_daily_entries=desk.permission.max_daily_entries)

    assert Permission.objects.get().version == 1


@pytest.mark.parametrize(
    ("ceiling", "code"),
    [
        ({"MAX_ORDER_VALUE_CEILING": Decimal(500)}, "ORDER_SIZE"),
        ({"MAX_POSITION_VALUE_CEILING": Decimal(500)}, "POSITION_SIZE"),
        ({"MAX_ALLOCATION_PCT_CEILING": Decimal("0.5")}, "ALLOCATION"),
        ({"MAX_DAILY_ENTRIES_CEILING": 0}, "DAILY_ENTRIES"),
        ({"MAX_DAILY_LOSS_CEILING": Decimal(0)}, "DAILY_LOSS"),
        ({"MAX_OPEN_POSITIONS_CEILING": 0}, "OPEN_POSITIONS"),
    ],
)
def test_the_gate_counts_the_ceiling_where_it_is_smaller(settings, ceiling, code):
    desk = make_desk()
    for name, value in ceiling.items():
        setattr(settings, name, value)

    verdict = decided(desk, desk.buy(10))

    assert verdict.denials == (code,)


def test_below_every_ceiling_the_same_order_passes():
    desk = make_desk()

    assert decided(desk, desk.buy(10)).approved


def test_the_collar_is_never_wider_than_its_ceiling(settings):
    desk = make_desk(limits={"price_collar_pct": Decimal(8)})
    settings.PRICE_COLLAR_PCT_CEILING = Decimal(1)

    verdict = decided(desk, desk.buy(1))

    assert Order.objects.get(id=verdict.order_id).worst_price == Decimal(101)


def test_the_permissions_of_an_agent_are_withdrawn_everywhere_and_journaled():
    first = make_permission(make_account(number=0))
    second = make_permission(make_account(number=1))

    with transaction():
        locked = lock_accounts_of(agent_id=first.agent_id)
        withdraw_permissions(agent_id=first.agent_id, actor="ada", at=wall())

    assert {account.id for account in locked} == {first.account_id, second.account_id}
    assert not Permission.objects.filter(active=True).exists()
    assert JournalEvent.objects.filter(kind="permission.changed", actor="ada").count() == 2


def test_withdrawing_takes_back_entries_and_leaves_exits_and_others():
    desk = make_desk()
    entry = decided(desk, desk.buy(1)).order_id
    other = make_permission(desk.account, number=1)
    kept = decided(desk, desk.buy(1, key="other", permission_id=other.id)).order_id

    count = withdraw_entries(permission_id=desk.permission.id, requested_by="ada", at=wall())

    states = dict(Order.objects.values_list("id", "state"))
    assert count == 1
    assert states == {entry: "EXPIRED_LOCAL", kept: "APPROVED"}
    assert JournalEvent.objects.filter(kind="order.cancel_requested", actor="ada").count() == 1


def test_the_limits_that_count_are_a_part_of_what_the_ceilings_leave(settings):
    desk = make_desk(
        limits={
            "max_order_value": Decimal(9_000),
            "max_position_value": Decimal(8_000),
            "agent_allocation_value": Decimal(5_000),
            "hours_start": time(9),
            "hours_end": time(17),
        }
    )
    settings.AGENT_RISK_MULTIPLIER = Decimal("0.5")
    settings.MAX_ORDER_VALUE_CEILING = Decimal(6_000)

    found = effective_limits(desk.permission)

    assert (found.max_order_value, found.max_position_value) == (3_000, 4_000)
    assert (found.agent_allocation_pct, found.agent_allocation_value) == (50, 2_500)
    assert found.hours is not None
    assert (found.hours.start, found.hours.zone) == (time(9), "America/New_York")


def test_an_agent_without_a_part_of_its_own_shares_with_the_active_ones():
    account = make_account()
    first = make_permission(account, agent_allocation_pct=None)
    make_permission(account, number=1)
    make_permission(account, number=2, active=False)

    assert effective_limits(first).agent_allocation_pct == 50
    assert effective_limits(first, agents=4).agent_allocation_pct == 25


def test_no_more_agents_trade_an_account_than_the_farm_allows(settings):
    settings.MAX_AGENTS_PER_ACCOUNT = 2
    account = make_account()
    make_permission(make_account(number=1))
    make_permission(account)
    second = make_permission(account, number=1)

    with pytest.raises(ValidationError, match="2 agents may trade this account already"):
        make_permission(account, number=2)
    resting = make_permission(account, number=2, active=False)
    with pytest.raises(ValidationError, match="switch one of them off"):
        change(resting, active=True)
    change(second, active=False)
    change(resting, active=True, max_daily_entries=5)

    assert Permission.objects.filter(account=account, active=True).count() == 2


def test_an_agent_above_the_number_that_is_allowed_can_still_be_changed(settings):
    account = make_account()
    make_permission(account)
    second = make_permission(account, number=1)
    settings.MAX_AGENTS_PER_ACCOUNT = 1

    change(second, max_daily_entries=5)
    change(second, active=False)

    assert not Permission.objects.get(id=second.id).active


@pytest.mark.parametrize(
    "limits",
    [
        {"risk_level": "reckless"},
        {"when_tainted": "perhaps"},
        {"agent_allocation_pct": Decimal(0)},
        {"agent_allocation_value": Decimal(-1)},
        {"confirm_above": Decimal(-1)},
        {"min_seconds_between_entries": -1},
        {"max_tainted_value": Decimal(-1)},
    ],
)
def test_limits_out_of_range_are_refused(limits):
    with pytest.raises(ValidationError):
        make_permission(make_account(), **limits)


def test_the_new_limits_are_stored_and_journaled():
    desk = make_desk()

    change(
        desk.permission,
        allowed_strategies=["dip"],
        risk_level="low",
        confirm_above=Decimal(1_000),
        when_tainted="deny",
    )

    event = JournalEvent.objects.filter(kind="permission.changed").latest("seq")
    assert event.payload["allowed_strategies"] == ["dip"]
    assert (event.payload["risk_level"], event.payload["confirm_above"]) == ("low", "1000")
    assert Permission.objects.get().when_tainted == "deny"
