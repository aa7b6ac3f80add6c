"""The story of a trade in a real browser: asked why, unfolded, followed on the chart."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from agents.models import Execution
from tests.browsing import Visit, in_chromium, open_tab
from tests.pages import farms, told
from tests.pages.farms import Farm
from tests.served import Web
from tradingfarm.kernel.clock import SystemClock

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = in_chromium


@pytest.fixture
def market(transactional_db: None) -> Farm:
    return told.prepare(farms.make_farm(owner=farms.make_user(), wall=SystemClock().now()))


@pytest.fixture
def trade(market: Farm) -> Execution:
    """A trade that was stopped out the day after."""
    execution = told.traded(market)
    told.stopped_out(market)
    return execution


@pytest.fixture(params=[1440, 390])
def tab(
    request: pytest.FixtureRequest, browser: Browser, web: Web, market: Farm, trade: Execution
) -> Iterator[Visit]:
    """A wide and a narrow tab of the owner."""
    tab = open_tab(browser, web, width=request.param)
    tab.enter(market.owner)
    yield tab
    tab.page.context.close()


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def refused(visit: Visit) -> list[str]:
    """What the page's policy refused."""
    return [said for said in visit.complaints if "Content Security Policy" in said]


def test_the_story_is_drawn_and_fits_the_screen(tab: Visit, trade: Execution) -> None:
    tab.go(f"/executions/{trade.id}/")

    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Bought 160 AAPL")
    expect(tab.page.locator("#moment-chart canvas").first).to_be_visible()
    expect(tab.page.locator("#step-since")).to_contain_text("294.23")
    assert not scrolls_sideways(tab.page)
    assert refused(tab) == []


def test_prompts_unfold_by_keyboard(tab: Visit, trade: Execution) -> None:
    tab.go(f"/executions/{trade.id}/")
    raw = tab.page.locator("#step-answers details.raw").first

    raw.locator("summary").press("Enter")

    expect(raw.get_by_text("You are the Technical of a team of five.")).to_be_visible()
    assert not scrolls_sideways(tab.page)


def test_the_chart_is_painted_anew_for_the_other_look(tab: Visit, trade: Execution) -> None:
    tab.go(f"/executions/{trade.id}/")
    expect(tab.page.locator("#moment-chart canvas").first).to_be_visible()

    tab.page.emulate_media(color_scheme="dark")

    expect(tab.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert refused(tab) == []


def test_a_chart_without_its_prices_says_so_and_tries_again(tab: Visit, trade: Execution) -> None:
    tab.page.route("**/chart/", lambda route: route.abort())
    tab.go(f"/executions/{trade.id}/")
    expect(tab.page.locator("#moment-empty")).to_contain_text("trying again")

    tab.page.unroute("**/chart/")

    expect(tab.page.locator("#moment-empty")).to_be_hidden()


def test_the_order_and_the_position_fit_the_screen(tab: Visit, trade: Execution) -> None:
    tab.go(f"/executions/{trade.id}/")

    tab.page.get_by_role("link", name="The order's page").click()
    expect(tab.page.locator("h1")).to_contain_text("160 AAPL")
    assert not scrolls_sideways(tab.page)

    tab.page.get_by_role("link", name="The position in AAPL").click()
    expect(tab.page.locator("h1")).to_contain_text("Position in AAPL")
    assert not scrolls_sideways(tab.page)
    assert refused(tab) == []


def test_a_story_that_is_running_goes_on_by_itself(
    browser: Browser, web: Web, market: Farm
) -> None:
    execution = told.woken(market)
    tab = open_tab(browser, web)
    tab.enter(market.owner)
    tab.go(f"/executions/{execution.id}/")
    tab.wait_until_live()
    expect(tab.page.locator("h1")).to_have_text("Woken, and not yet at work")

    told.think_about(execution, told.Voices({"technical": told.BUY} | dict(told.VOTES)))
    expect(tab.page.locator("h1")).to_have_text("Buy 160 AAPL: approved, not yet sent")
    raw = tab.page.locator("#step-answers details.raw").first
    raw.locator("summary").click()
    with tab.page.expect_response("**/chart/"):
        told.send(market)

    expect(tab.page.locator("h1")).to_have_text("Bought 160 AAPL")
    assert raw.evaluate("details => details.open")
    expect(tab.page.locator("#moment-chart canvas").first).to_be_visible()
    assert tab.complaints == []
    tab.page.context.close()
