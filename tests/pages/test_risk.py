"""The risk page: what waits for a person, and everything that was decided about risk."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from market.models import Quote
from tests.pages.farms import Farm, make_user, set_price
from tests.pages.reading import text_of
from tests.pages.risking import HTMX, address, careful, confirm, refuse, waiting
from trading.domain.states import ConfirmationState
from trading.models import Account, Confirmation, Order, Permission
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.risk import confirming
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return careful(farm)


def test_without_anything_it_says_what_will_come(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "No order waits for you." in page
    assert "Nothing was refused, halted or overridden yet." in page


def test_the_account_and_its_menu_lead_to_it(trader: Client, farm: Farm) -> None:
    settings = trader.get(reverse("account-settings", args=[farm.account.id]))

    assert settings.content.decode().count(f'href="{address(farm)}"') == 2


def test_an_order_that_waits_says_why_and_for_how_long(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answer = trader.get(address(market))

    page = text_of(answer)
    assert "buy 100 AAPL Technical, dip 4,113.00 41.13 40.32 worth 4,113.00 14 min" in page
    assert reverse("confirmation", args=[asked.id]) in answer.content.decode()


def test_the_dialog_shows_the_order_and_every_check(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    page = text_of(trader.get(reverse("confirmation", args=[asked.id])))

    assert "Confirm buy 100 AAPL" in page
    assert "Worth at most 4,113.00 USD Worst price 41.13 now 40.32" in page
    assert "A shallow dip within a long uptrend." in page
    assert "Has a person said yes, where one has to? CONFIRMATION no" in page
    assert "Is there cash for the worst that it can cost?" in page


def test_confirming_makes_the_order_once(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answers = [confirm(trader, asked), confirm(trader, asked)]

    order = Order.objects.get(side="buy")
    asked.refresh_from_db()
    assert {answer["Location"] for answer in answers} == {reverse("order", args=[order.id])}
    assert (asked.state, asked.order_id) == (ConfirmationState.CONFIRMED, order.id)
    assert asked.decided_by == "person:trader"


def test_out_of_the_dialog_one_is_led_to_the_order(trader: Client, market: Farm) -> None:
    answer = confirm(trader, waiting(market), headers=HTMX)

    assert answer["HX-Redirect"] == reverse("order", args=[Order.objects.get(side="buy").id])


def test_what_stands_against_it_by_then_is_said_with_its_numbers(
    trader: Client, market: Farm
) -> None:
    asked = waiting(market)
    Permission.objects.update(max_daily_entries=0)

    page = text_of(confirm(trader, asked))

    assert "The order was not made. It would be entry 1 of the day; 0 are allowed." in page
    assert "Are entries left today? DAILY_ENTRIES no 1 0" in page
    assert not Order.objects.filter(side="buy").exists()


def test_a_worse_price_asks_anew(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    set_price(market, "AAPL", "41.00")
    Quote.objects.filter(instrument=market.instruments["AAPL"]).update(ask="41.01")

    page = text_of(confirm(trader, asked))

    again = Confirmation.objects.get(state=ConfirmationState.WAITING)
    assert "The price has become worse, so it was asked for anew" in page
    assert again.worst_price > asked.worst_price
    assert reverse("confirmation", args=[again.id]) in confirm(trader, asked).content.decode()


def test_too_late_is_too_late(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    Confirmation.objects.update(expires_at=SystemClock().now() - timedelta(seconds=1))

    shown = text_of(trader.get(reverse("confirmation", args=[asked.id])))
    confirm(trader, asked)

    asked.refresh_from_db()
    assert "It waited too long and is not made." in shown
    assert asked.state == ConfirmationState.EXPIRED
    assert not Order.objects.filter(side="buy").exists()


def test_refusing_is_kept_with_its_reason(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answers = [refuse(trader, asked, "Too much"), refuse(trader, asked, "Again")]

    asked.refresh_from_db()
    events = JournalEvent.objects.filter(kind="risk.refused")
    assert {answer.status_code for answer in answers} == {303}
    assert asked.state == ConfirmationState.REFUSED
    assert [event.payload["reason"] for event in events] == ["Too much"]
    assert "By trader. Too much." in text_of(trader.get(address(market)))


def test_what_was_confirmed_can_no_longer_be_refused(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    confirm(trader, asked)

    refuse(trader, asked)

    assert "Somebody had confirmed it already" in text_of(trader.get(address(market)))
    assert Order.objects.filter(side="buy").count() == 1


@pytest.mark.parametrize("act", [confirm, refuse])
def test_a_busy_account_says_so_and_nothing_is_lost(
    trader: Client, market: Farm, monkeypatch: pytest.MonkeyPatch, act: Any
) -> None:
    asked = waiting(market)

    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(confirming, act.__name__, busy)

    assert "The account is busy" in text_of(act(trader, asked))


def test_real_money_is_confirmed_with_a_second_factor(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    Account.objects.update(kind="live", exchange="kraken")

    answer = confirm(trader, asked)

    assert answer["Location"].startswith(reverse("mfa_activate_totp"))
    assert not Order.objects.filter(side="buy").exists()


def test_a_viewer_sees_what_waits_and_no_button(client: Client, market: Farm) -> None:
    asked = waiting(market)
    viewer = make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER.value, market.owner
    viewer.save()
    client.force_login(viewer)

    answer = client.get(address(market))

    assert "worth 4,113.00" in text_of(answer)
    assert reverse("confirmation", args=[asked.id]) not in answer.content.decode()
    assert confirm(client, asked).status_code == 403
