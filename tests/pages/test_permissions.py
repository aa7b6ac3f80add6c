"""What an agent may do: tightened freely, raised by who may, never above a ceiling."""

from decimal import Decimal
from typing import Any

import pytest
from allauth.account.internal.flows import login
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from tests.pages import farms, stories
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.people.phones import give_second_factor
from trading.domain.states import OrderState, Side
from trading.models import Permission
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.money import plain
from tradingfarm.pages.permissions.usage import usages_of
from tradingfarm.people.models import User

pytest_plugins = ("tests.pages.fixtures",)


def prove(client: Client, person: User) -> None:
    """The person has just proved a second factor in this browser."""
    give_second_factor(person)
    session = client.session
    proved = {"method": "mfa", "at": SystemClock().now().timestamp()}
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [proved]
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(person.pk)
    session.save()


def address(farm: Farm) -> str:
    return reverse("permission-edit", args=[farm.permission.id])


def shown(value: object) -> object:
    """As a person types it: the database gives amounts with eighteen places."""
    return plain(value) if isinstance(value, Decimal) else value


def limits(permission: Permission, **changes: object) -> dict[str, Any]:
    names = (
        *("max_order_value", "max_position_value", "max_allocation_pct", "max_daily_entries"),
        *("max_daily_loss", "max_open_positions", "price_collar_pct", "hours_zone"),
        *("risk_level", "when_tainted", "min_seconds_between_entries"),
    )
    values = {name: shown(getattr(permission, name)) for name in names}
    return values | {"active": "on", "stop_required": "on"} | changes


def test_a_limit_is_lowered_versioned_and_journaled(trader: Client, farm: Farm) -> None:
    answer = trader.post(address(farm), limits(farm.permission, max_daily_entries=1))

    farm.permission.refresh_from_db()
    event = JournalEvent.objects.filter(kind="permission.changed").latest("id")
    assert answer.status_code == 303
    assert (farm.permission.max_daily_entries, farm.permission.version) == (1, 2)
    assert (event.actor, event.payload["max_daily_entries"]) == ("person:trader", 1)


def test_above_the_ceiling_is_refused_beside_the_field_and_nothing_is_lost(
    trader: Client, farm: Farm, settings: Settings
) -> None:
    settings.MAX_ORDER_VALUE_CEILING = Decimal(20_000)

    answer = trader.post(
        address(farm), limits(farm.permission, max_order_value="20000.01", max_daily_entries=2)
    )

    page = answer.content.decode()
    farm.permission.refresh_from_db()
    assert answer.status_code == 422
    assert "The farm&#x27;s ceiling is 20,000; choose that or less." in page
    assert 'value="20000.01"' in page
    assert 'aria-invalid="true"' in page
    assert (farm.permission.max_daily_entries, farm.permission.version) == (3, 1)


def test_every_limit_says_its_ceiling_and_todays_use(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=busy.account.day, entries_today=2)

    page = text_of(trader.get(address(busy)))

    assert "Ceiling 1,000,000 USD." in page
    assert "Entries a day Buys that were approved; exits are never counted. Ceiling 5,000." in page
    assert "Today 2" in page


def test_use_is_what_the_gate_would_count(busy: Farm) -> None:
    order = stories.make_order(
        busy, symbol="MSFT", side=Side.BUY, quantity=10, price="25.00", state=OrderState.OPEN
    )
    order.reserved_cash = Decimal(255)
    order.save()
    permission = Permission.objects.select_related("account").get()

    usage = usages_of(permissions=[permission])[permission.id]

    assert usage.open_positions == 4  # AAPL, GOOG, IBM held, MSFT being bought
    assert usage.largest_position == Decimal("22579.20")
    assert usage.largest_pct.quantize(Decimal("0.01")) == Decimal("22.52")
    assert usage.entries == 0  # counted on another day


def test_what_was_lost_today_counts_from_the_days_start(busy: Farm) -> None:
    Permission.objects.update(day=busy.account.day, day_start_pnl=Decimal(1_000))
    permission = Permission.objects.select_related("account").get()

    usage = usages_of(permissions=[permission])[permission.id]

    # 280.08 of open profit is left of the 1,000 that the day began with.
    assert usage.loss == Decimal("719.92")


def test_symbols_are_known_or_refused(trader: Client, farm: Farm) -> None:
    good = trader.post(address(farm), limits(farm.permission, allowed_symbols="aapl, IBM"))
    bad = trader.post(address(farm), limits(farm.permission, allowed_symbols="AAPL, NOPE"))

    farm.permission.refresh_from_db()
    assert good.status_code == 303
    assert farm.permission.allowed_symbols == ["AAPL", "IBM"]
    assert "There is no instrument NOPE." in bad.content.decode()


def test_one_time_without_the_other_is_refused(trader: Client, farm: Farm) -> None:
    answer = trader.post(address(farm), limits(farm.permission, hours_start="09:30"))

    assert "Give both times, or neither for no limit." in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "entries", "status"),
    [("trader", 9, 422), ("operator", 9, 303), ("trader", 1, 303)],
)
def test_at_somebody_elses_desk_raising_takes_an_operator(
    client: Client, farm: Farm, role: str, entries: int, status: int
) -> None:
    guest = farms.make_user("guest")
    guest.role, guest.desk = role, farm.owner
    guest.save()
    client.force_login(guest)
    prove(client, guest)

    answer = client.post(address(farm), limits(farm.permission, max_daily_entries=entries))

    farm.permission.refresh_from_db()
    assert answer.status_code == status
    assert farm.permission.max_daily_entries == (3 if status == 422 else entries)
    if status == 422:
        assert "Raising this takes the role operator" in answer.content.decode()


def test_raising_takes_a_second_factor_and_keeps_what_was_typed(
    trader: Client, farm: Farm
) -> None:
    typed = limits(farm.permission, max_daily_entries="9", max_open_positions="2")

    asked = trader.post(address(farm), typed)
    page = trader.get(address(farm)).content.decode()

    farm.permission.refresh_from_db()
    assert asked.status_code == 303
    assert asked["Location"].startswith(reverse("mfa_activate_totp"))
    assert farm.permission.version == 1
    assert "These are the limits that you typed." in page
    assert 'value="9"' in page


def test_a_proved_second_factor_raises(trader: Client, farm: Farm) -> None:
    prove(trader, farm.owner)

    answer = trader.post(address(farm), limits(farm.permission, max_daily_entries="9"))

    farm.permission.refresh_from_db()
    assert answer.status_code == 303
    assert farm.permission.max_daily_entries == 9


def standard(farm: Farm) -> dict[str, str]:
    """The form of a grant as it comes filled in."""
    return {
        "account": str(farm.account.id),
        "max_order_value": "5000",
        "max_position_value": "25000",
        "max_allocation_pct": "25",
        "max_daily_loss": "5000",
        "max_daily_entries": "10",
        "max_open_positions": "5",
        "price_collar_pct": "2",
        "hours_start": "09:30",
        "hours_end": "16:00",
        "hours_zone": "America/New_York",
        "confirm_above": "10000",
        "risk_level": "high",
        "when_tainted": "allow",
        "min_seconds_between_entries": "0",
        "stop_required": "on",
        "active": "on",
    }


@pytest.mark.parametrize(("role", "status"), [("trader", 422), ("operator", 303)])
def test_at_somebody_elses_desk_a_further_agent_takes_an_operator(
    client: Client, farm: Farm, role: str, status: int
) -> None:
    guest = farms.make_user("guest")
    guest.role, guest.desk = role, farm.owner
    guest.save()
    client.force_login(guest)
    prove(client, guest)
    agent = farm.agents["Risk"]

    answer = client.post(reverse("permission-grant", args=[agent.id]), standard(farm))

    assert answer.status_code == status
    assert Permission.objects.filter(agent_id=agent.id).exists() is (status == 303)
    if status == 422:
        assert "takes the role operator: its limits count" in answer.content.decode()


def test_a_permission_is_granted_with_the_standard_limits_filled_in(
    trader: Client, farm: Farm
) -> None:
    agent = farm.agents["Risk"]
    where = reverse("permission-grant", args=[agent.id])

    page = trader.get(where).content.decode()
    answer = trader.post(where, standard(farm))

    granted = Permission.objects.get(agent_id=agent.id)
    assert 'value="25000.00"' in page
    assert answer.status_code == 303
    assert (granted.agent_name, granted.max_order_value, granted.active) == ("Risk", 5_000, True)


PARTS = {
    "allowed_strategies": "Momentum, dip",
    "agent_allocation_pct": "30",
    "agent_allocation_value": "20000",
    "confirm_above": "5000",
    "risk_level": "medium",
    "min_seconds_between_entries": "60",
    "when_tainted": "confirm",
    "max_tainted_value": "1000",
}


def test_every_further_limit_is_stored(trader: Client, farm: Farm) -> None:
    prove(trader, farm.owner)  # from an equal part to a part of its own counts as more

    answer = trader.post(address(farm), limits(farm.permission, **PARTS))

    stored = farm.permission
    stored.refresh_from_db()
    assert answer.status_code == 303
    assert stored.allowed_strategies == ["dip", "momentum"]
    assert (stored.agent_allocation_pct, stored.agent_allocation_value) == (30, 20_000)
    assert (stored.confirm_above, stored.risk_level) == (5_000, "medium")
    assert stored.min_seconds_between_entries == 60
    assert (stored.when_tainted, stored.max_tainted_value) == ("confirm", 1_000)


@pytest.mark.parametrize(
    ("name", "tight", "loose"),
    [
        ("confirm_above", "1000", ""),
        ("risk_level", "low", "high"),
        ("when_tainted", "deny", "allow"),
        ("max_tainted_value", "500", "600"),
        ("min_seconds_between_entries", "60", "30"),
        ("allowed_strategies", "dip", "dip, momentum"),
        ("agent_allocation_value", "500", "600"),
        ("agent_allocation_pct", "10", "20"),
    ],
)
def test_loosening_any_of_them_takes_a_second_factor_and_tightening_none(
    trader: Client, farm: Farm, name: str, tight: str, loose: str
) -> None:
    Permission.objects.update(agent_allocation_pct=Decimal(50))
    farm.permission.refresh_from_db()
    kept = {"agent_allocation_pct": "50"}
    tightened = trader.post(address(farm), limits(farm.permission, **(kept | {name: tight})))
    loosened = trader.post(address(farm), limits(farm.permission, **(kept | {name: loose})))

    farm.permission.refresh_from_db()
    assert tightened["Location"].startswith(reverse("agent", args=[farm.permission.agent_id]))
    assert loosened["Location"].startswith(reverse("mfa_activate_totp"))
    assert farm.permission.version == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent_allocation_pct", "0"),
        ("agent_allocation_pct", "101"),
        ("confirm_above", "-1"),
        ("risk_level", "reckless"),
        ("when_tainted", "pray"),
        ("min_seconds_between_entries", "-1"),
        ("max_tainted_value", "many"),
    ],
)
def test_what_is_no_limit_is_refused_beside_its_field(
    trader: Client, farm: Farm, name: str, value: str
) -> None:
    answer = trader.post(address(farm), limits(farm.permission, **{name: value}))

    assert answer.status_code == 422
    assert f'id="id_{name}_error"' in answer.content.decode()


def test_what_counts_is_said_while_the_farm_scales_agents(
    trader: Client, busy: Farm, settings: Settings
) -> None:
    settings.AGENT_RISK_MULTIPLIER = Decimal("0.5")

    page = text_of(trader.get(address(busy)))

    assert "Counts as 5,000.00 USD while the farm scales agents by 0.5." in page
    assert "Counts as 3" not in page  # entries a day are not scaled
    assert "50.00 % of the account, an equal part scaled by 0.5" in page


def test_nothing_is_scaled_where_the_farm_gives_all(trader: Client, busy: Farm) -> None:
    assert "while the farm scales" not in text_of(trader.get(address(busy)))


def test_an_agents_part_says_what_is_used_of_it(trader: Client, busy: Farm) -> None:
    Permission.objects.update(agent_allocation_pct=Decimal(20))

    page = text_of(trader.get(address(busy)))

    assert "20.00 % of the account; 56,187.80 are used." in page


def test_an_agent_with_a_permission_everywhere_is_granted_no_more(
    trader: Client, farm: Farm
) -> None:
    page = text_of(trader.get(reverse("permission-grant", args=[farm.agents["Technical"].id])))

    assert "There is no account left." in page


def test_the_editor_takes_few_queries(
    trader: Client, busy: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trader.get(address(busy))  # the first look makes this the account that is shown

    with django_assert_max_num_queries(12):
        trader.get(address(busy))
