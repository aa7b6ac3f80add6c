"""The account's page: every state of it, and no number without its limit."""

from datetime import date, datetime

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.pages.farms import Farm, halt, make_farm, make_user
from tests.pages.reading import text_of
from trading.models import CashMovement, Permission, Protection
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


def address(farm: Farm) -> str:
    return reverse("account-settings", args=[farm.account.id])


def test_the_switcher_leads_to_it_also_with_one_account(trader: Client, farm: Farm) -> None:
    page = trader.get("/").content.decode()

    assert f'href="{address(farm)}"' in page
    assert "Stop all accounts" not in page


def test_with_several_accounts_all_can_be_stopped(
    trader: Client, farm: Farm, wall: datetime
) -> None:
    make_farm(owner=farm.owner, wall=wall, name="Second")

    assert "Stop all accounts" in text_of(trader.get("/"))


def test_an_active_account_says_so(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "State ACTIVE" in page
    assert "This account was never stopped." in page
    assert "Nothing was paid in or out." in page


def test_a_halted_account_says_why_since_when_and_by_whom(trader: Client, busy: Farm) -> None:
    halt(busy, reason="Strange prices")

    page = text_of(trader.get(address(busy)))

    assert "State HALTED" in page
    assert "Why Strange prices" in page
    assert "By operator" in page
    assert "Let it trade again" in page
    assert "keep operator Strange prices done" in page


def test_a_viewer_sees_it_all_and_may_not_resume(client: Client, busy: Farm) -> None:
    halt(busy)
    viewer = make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER.value, busy.owner
    viewer.save()
    client.force_login(viewer)

    page = text_of(client.get(address(busy)))

    assert "Letting it trade again takes an operator." in page


def test_limits_are_shown_with_todays_use(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=date(2005, 3, 14), entries_today=2, day_start_pnl=1_000)

    page = text_of(trader.get(address(busy)))

    assert "Lost today, all agents" in page
    assert "Technical 2 of 3" in page
    assert "22,579.20 of 25,000.00, nearly all 3 of 3, all of it" in page


def test_a_position_that_grew_beyond_its_limit_is_called_that(trader: Client, busy: Farm) -> None:
    Permission.objects.update(max_position_value=20_000)

    assert "22,579.20 of 20,000.00, more than that" in text_of(trader.get(address(busy)))


def test_use_of_another_day_counts_for_nothing(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=date(2005, 3, 11), entries_today=2, day_start_pnl=9_000)

    assert "Technical 0 of 3 0.00 of 5,000.00" in text_of(trader.get(address(busy)))


def test_what_is_held_without_a_stop_can_be_closed(trader: Client, busy: Farm) -> None:
    Protection.objects.all().delete()

    answer = trader.get(address(busy))

    assert "AAPL Technical 560 22,579.20 Close AAPL" in text_of(answer)
    assert (
        reverse("position-close", args=[busy.account.id, busy.instruments["AAPL"].id])
        in answer.content.decode()
    )


def test_the_assumptions_of_the_paper_exchange_are_printed(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(address(busy)))

    assert "Fee 0.10 % of each fill's value" in page
    assert "Slippage 2 basis points" in page
    assert "Old prices older than 60 s of market time decide nothing" in page


def test_deposits_are_listed_newest_first(trader: Client, busy: Farm) -> None:
    CashMovement.objects.create(
        account=busy.account, amount=100_000, reason="Opening", at=busy.wall
    )
    CashMovement.objects.create(account=busy.account, amount=-250, reason="Rent", at=busy.wall)

    page = text_of(trader.get(address(busy)))

    assert page.index("Rent -250.00") < page.index("Opening 100,000.00")


def test_the_account_of_somebody_else_is_not_found(trader: Client, wall: datetime) -> None:
    assert trader.get(address(make_farm(owner=make_user("other"), wall=wall))).status_code == 404


@pytest.mark.parametrize("stopped", [False, True])
def test_few_queries(
    trader: Client,
    busy: Farm,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    *,
    stopped: bool,
) -> None:
    if stopped:
        halt(busy)
    trader.get(address(busy))

    with django_assert_max_num_queries(12):
        trader.get(address(busy))
