"""Two journeys in a real browser: the first run, and limits that meet their ceiling."""

from playwright.sync_api import Browser, expect

from tests.browsing import in_chromium, open_tab
from tests.pages import farms
from tests.pages.farms import Farm
from tests.served import Web
from trading.models import Account, Permission

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = in_chromium


def test_a_newcomer_has_a_trading_farm_after_one_form(
    browser: Browser,
    web: Web,
    live_farm: Farm,
) -> None:
    farms.make_user("newcomer")
    visit = open_tab(browser, web)
    visit.sign_in("newcomer")

    visit.page.get_by_role("link", name="Open an account and start").click()
    visit.page.get_by_label("Name of the account").fill("First")
    visit.page.get_by_label("I have read this and accept the risk.").check()
    visit.page.get_by_role("button", name="Open the account and start trading").click()

    expect(visit.page.get_by_text("First is open and its team trades it.")).to_be_visible()
    assert Account.objects.get(owner__username="newcomer").name == "First"
    visit.page.context.close()


def test_a_limit_above_its_ceiling_is_refused_and_a_lower_one_saved(
    browser: Browser,
    web: Web,
    live_farm: Farm,
) -> None:
    visit = open_tab(browser, web)
    visit.sign_in()
    visit.go(f"/permissions/{live_farm.permission.id}/")
    field = visit.page.get_by_label("Largest order", exact=True)

    field.fill("30000")
    visit.page.get_by_role("button", name="Save limits").click()
    expect(visit.page.get_by_text("The farm's ceiling is 20,000")).to_be_visible()
    expect(field).to_have_value("30000")

    field.fill("8000")
    visit.page.get_by_role("button", name="Save limits").click()
    expect(visit.page.get_by_text("it counts from the next order on")).to_be_visible()
    assert Permission.objects.get().max_order_value == 8_000
    visit.page.context.close()


def test_the_preview_follows_the_choice_of_colour_and_name(
    browser: Browser,
    web: Web,
    live_farm: Farm,
) -> None:
    visit = open_tab(browser, web)
    visit.sign_in()
    visit.go("/agents/new/")

    visit.page.get_by_label("Name", exact=True).fill("Chartist")
    visit.page.get_by_label("Pink").check(force=True)
    visit.page.get_by_label("Bolt").check(force=True)

    preview = visit.page.locator("[data-preview]")
    expect(preview).to_have_class("agent-preview agent-pink")
    expect(preview.locator("[data-preview-name]")).to_have_text("Chartist")
    expect(preview.locator("use")).to_have_attribute("href", "/static/icons.svg#bolt")
    visit.page.context.close()
