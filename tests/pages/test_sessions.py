"""Trading sessions: started with limits and an accepted risk, stopped at once."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agents.models import TradingSession
from tests.pages import farms
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from trading.models import Permission
from tradingfarm.kernel.models import JournalEvent

pytest_plugins = ("tests.pages.fixtures",)

LOWER = {"max_daily_entries": "2", "max_open_positions": "3", "max_allocation_pct": "20"}
"""Less than the farm's permission has."""


@pytest.fixture
def idle(farm: Farm) -> Farm:
    """A farm whose session was stopped, and whose proposer has no permission yet."""
    farm.team.sessions.update(state="STOPPED")
    Permission.objects.all().delete()
    return farm


def address(farm: Farm) -> str:
    return reverse("session-start", args=[farm.team.id])


def filled(farm: Farm, **changes: object) -> dict[str, Any]:
    return {
        "account": str(farm.account.id),
        "max_position_value": "25000",
        "max_allocation_pct": "25",
        "max_order_value": "10000",
        "max_daily_loss": "5000",
        "max_daily_entries": "10",
        "max_open_positions": "5",
        "hours_start": "09:30",
        "hours_end": "16:00",
        "hours_zone": "America/New_York",
        "accepts": "on",
    } | changes


def test_the_form_shows_the_limits_that_a_session_starts_with(trader: Client, idle: Farm) -> None:
    page = trader.get(address(idle)).content.decode()

    for value in ("25000.00", "5000.00", "09:30", "16:00"):
        assert f'value="{value}"' in page
    assert "Before a team trades by itself" in page


def test_starting_writes_the_limits_and_trades_automatically(trader: Client, idle: Farm) -> None:
    answer = trader.post(address(idle), filled(idle, max_daily_entries="4"))

    permission = Permission.objects.get()
    session = TradingSession.objects.exclude(state="STOPPED").get()
    assert answer.status_code == 303
    assert (permission.agent_name, permission.max_daily_entries) == ("Technical", 4)
    assert (permission.max_position_value, permission.max_daily_loss) == (25_000, 5_000)
    assert (session.state, session.accepted_by) == ("AUTO_TRADING", "person:trader")
    kinds = JournalEvent.objects.order_by("id").values_list("kind", flat=True)
    assert list(kinds)[-2:] == ["permission.changed", "session.started"]


def test_without_accepting_the_risk_nothing_starts(trader: Client, idle: Farm) -> None:
    answer = trader.post(address(idle), filled(idle, accepts=""))

    assert answer.status_code == 422
    assert "Read the disclosure and accept it, or do not start." in answer.content.decode()
    assert not Permission.objects.exists()
    assert not TradingSession.objects.exclude(state="STOPPED").exists()


def test_a_limit_above_its_ceiling_starts_nothing(
    trader: Client, idle: Farm, settings: Settings
) -> None:
    settings.MAX_DAILY_LOSS_CEILING = Decimal(1_000)

    page = trader.get(address(idle)).content.decode()
    answer = trader.post(address(idle), filled(idle))

    assert 'value="1000.00"' in page or 'value="1000"' in page
    assert "The farm&#x27;s ceiling is 1,000; choose that or less." in answer.content.decode()
    assert not TradingSession.objects.exclude(state="STOPPED").exists()


def test_a_halted_account_says_so_and_starts_nothing(trader: Client, idle: Farm) -> None:
    farms.halt(idle)

    answer = trader.post(address(idle), filled(idle))

    assert "Demo is halted; resume it first." in answer.content.decode()
    assert not TradingSession.objects.exclude(state="STOPPED").exists()


def test_a_team_that_trades_every_account_is_offered_none(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "There is no account left." in page


def test_the_account_of_somebody_else_cannot_be_traded(
    trader: Client, idle: Farm, wall: object
) -> None:
    other = farms.make_farm(owner=farms.make_user("other"), wall=idle.wall)

    answer = trader.post(address(idle), filled(idle, account=str(other.account.id)))

    assert answer.status_code == 200
    assert TradingSession.objects.exclude(state="STOPPED").count() == 1  # the other one's own


def test_the_limits_that_are_there_are_shown_again(trader: Client, farm: Farm) -> None:
    farm.team.sessions.update(state="STOPPED")

    page = trader.get(address(farm)).content.decode()

    assert 'value="3"' in page  # the permission's entries a day, not the standard ten


def test_stopping_is_at_once_with_its_reason(trader: Client, farm: Farm) -> None:
    session = TradingSession.objects.get()

    answer = trader.post(
        reverse("session-stop", args=[session.id]), {"reason": "Earnings week"}, follow=True
    )

    session.refresh_from_db()
    assert (session.state, session.stop_reason) == ("STOPPED", "Earnings week")
    assert "no longer trades Demo. What it holds keeps its stops" in text_of(answer)


def test_stopping_without_a_reason_names_the_person(trader: Client, farm: Farm) -> None:
    session = TradingSession.objects.get()

    trader.post(reverse("session-stop", args=[session.id]), {"reason": "x" * 500})

    session.refresh_from_db()
    assert session.stop_reason == "Stopped by trader"


def test_somebody_elses_session_is_not_found(trader: Client, farm: Farm) -> None:
    other = farms.make_farm(owner=farms.make_user("other"), wall=farm.wall)
    session = TradingSession.objects.get(account=other.account)

    answer = trader.post(reverse("session-stop", args=[session.id]))

    session.refresh_from_db()
    assert answer.status_code == 404
    assert session.state == "AUTO_TRADING"


def test_more_than_the_standard_limits_takes_a_second_factor(trader: Client, idle: Farm) -> None:
    answer = trader.post(address(idle), filled(idle, max_daily_entries="11"))

    assert "More than this takes a second factor." in answer.content.decode()
    assert not TradingSession.objects.exclude(state="STOPPED").exists()


def test_a_session_does_not_switch_a_permission_on_that_was_switched_off(
    trader: Client, farm: Farm
) -> None:
    farm.team.sessions.update(state="STOPPED")
    Permission.objects.update(active=False)

    answer = trader.post(address(farm), filled(farm, **LOWER))

    assert answer.status_code == 422
    assert "takes a second factor" in answer.content.decode()
    assert not Permission.objects.get().active
    assert not TradingSession.objects.exclude(state="STOPPED").exists()


def test_at_somebody_elses_desk_a_further_agent_is_not_let_trade_by_a_session(
    client: Client, idle: Farm
) -> None:
    guest = farms.make_user("guest")
    guest.role, guest.desk = "trader", idle.owner
    guest.save()
    client.force_login(guest)

    answer = client.post(address(idle), filled(idle))

    assert answer.status_code == 422
    assert "takes the role operator" in answer.content.decode()
    assert not Permission.objects.exists()


def test_starting_again_changes_the_permission_that_is_there(trader: Client, farm: Farm) -> None:
    farm.team.sessions.update(state="STOPPED")

    answer = trader.post(address(farm), filled(farm, **LOWER))

    farm.permission.refresh_from_db()
    assert answer.status_code == 303
    assert (farm.permission.max_daily_entries, farm.permission.version) == (2, 2)
    assert TradingSession.objects.exclude(state="STOPPED").count() == 1
