"""Deciding about risk in a real browser: dialogs that answer, what was typed stays."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.browsing import Visit, in_chromium
from tests.pages import told
from tests.pages.farms import Farm
from tests.pages.guards import asked_for, tripped
from tests.pages.test_permissions import prove
from trading.models import Confirmation, Order, Permission, PositionShare, Protection

pytest_plugins = ("tests.browsers",)
pytestmark = [pytest.mark.django_db(transaction=True), *in_chromium]


@pytest.fixture
def signed_in(visit: Visit, live_farm: Farm) -> Visit:
    visit.enter(live_farm.owner)
    return visit


def risk(farm: Farm) -> str:
    return reverse("account-risk", args=[farm.account.id])


def asking(farm: Farm) -> Confirmation:
    """An order that the gate lets wait."""
    told.prepare(farm)
    Permission.objects.update(
        confirm_above=1_000,
        max_order_value=1_000_000,
        max_position_value=1_000_000,
        max_allocation_pct=100,
        max_open_positions=50,
    )
    verdict = asked_for(farm)
    assert verdict.confirmation_id is not None, verdict.denials
    return Confirmation.objects.get(id=verdict.confirmation_id)


def test_an_order_is_confirmed_in_its_dialog(signed_in: Visit, live_farm: Farm) -> None:
    asking(live_farm)
    page = signed_in.page
    signed_in.go(risk(live_farm))

    page.get_by_role("link", name="Look and confirm").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("4,113.00 USD")
    dialog.get_by_role("button", name="Confirm: buy it").click()

    page.wait_for_url("**/orders/*/")
    expect(page.get_by_text("Confirmed: the order passed every check")).to_be_visible()
    assert Order.objects.filter(side="buy", strategy="dip").count() == 1
    assert signed_in.complaints == []


def test_what_stands_against_it_is_said_in_the_dialog(signed_in: Visit, live_farm: Farm) -> None:
    asking(live_farm)
    page = signed_in.page
    signed_in.go(risk(live_farm))
    Permission.objects.update(max_daily_entries=0)

    page.get_by_role("link", name="Look and confirm").click()
    page.get_by_role("button", name="Confirm: buy it").click()

    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("The order was not made.")
    expect(alert).to_contain_text("0 are allowed.")


def test_an_order_that_begins_to_wait_appears_by_itself(signed_in: Visit, live_farm: Farm) -> None:
    page = signed_in.page
    signed_in.go(risk(live_farm))
    signed_in.wait_until_live()

    asking(live_farm)

    expect(page.get_by_role("link", name="Look and confirm")).to_be_visible()
    expect(page.locator("#fresh")).to_contain_text("1 new entry")


def test_a_breaker_is_released_on_a_phone(narrow: Visit, live_farm: Farm) -> None:
    breaker = tripped(live_farm)
    narrow.enter(live_farm.owner)
    page = narrow.page
    narrow.go(reverse("account-settings", args=[live_farm.account.id]))

    page.get_by_role("link", name="Release").click()
    page.get_by_label("Why entries may pass again").fill("I looked at it")
    page.get_by_role("button", name="Release").click()

    expect(page.get_by_text("Released: entries pass again.")).to_be_visible()
    breaker.refresh_from_db()
    assert breaker.release_reason == "I looked at it"


def test_a_refused_stop_stays_in_the_dialog_beside_its_field(
    signed_in: Visit, live_farm: Farm
) -> None:
    share = PositionShare.objects.get(position__instrument=live_farm.instruments["AAPL"])
    page = signed_in.page
    position = reverse("position", args=[live_farm.instruments["AAPL"].id])
    signed_in.go(f"{position}?account={live_farm.account.id}")

    page.get_by_role("link", name="Protect").click()
    page.get_by_label("Stop-loss").fill("41")
    page.get_by_role("button", name="Set them").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("At 41 it would fire at once")
    assert dialog.get_by_label("Stop-loss").input_value() == "41"

    dialog.get_by_label("Stop-loss").fill("38")
    page.get_by_role("button", name="Set them").click()
    expect(page.get_by_text("Stop-loss: works at 38.")).to_be_visible()
    stop = Protection.objects.get(share=share, kind="stop_loss")
    assert stop.price == Decimal(38)


def test_a_typed_key_stays_in_the_page_while_it_is_tested(
    signed_in: Visit, live_farm: Farm
) -> None:
    client = Client()
    client.force_login(live_farm.owner)
    prove(client, live_farm.owner)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    signed_in.page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": signed_in.address}]
    )
    page = signed_in.page
    signed_in.go(reverse("account-connect"))

    page.get_by_label("API key").fill("typed once")
    page.get_by_role("button", name="Test", exact=True).click()

    expect(page.locator("#connect-result")).to_contain_text("Give the account a name.")
    assert page.get_by_label("API key").input_value() == "typed once"
    assert "typed+once" not in page.url
    assert signed_in.complaints == []
