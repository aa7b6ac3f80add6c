"""The curves of performance in a real browser: drawn, in both looks, and explained by a tap."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browsing import Visit, in_chromium
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.performances import measure, traded_for_long
from tests.pages.test_performance import of_account, of_agent
from tradingfarm.kernel.clock import SystemClock

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = in_chromium
Address = Callable[[Farm], str]


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    """A farm that has traded for sixty days."""
    farm = make_farm(owner=make_user(staff=True), wall=SystemClock().now())
    return measure(traded_for_long(farm, days=60))


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize("address", [of_account, of_agent])
@pytest.mark.parametrize("width", ["visit", "narrow"])
def test_the_curve_is_drawn_and_nothing_is_refused(
    request: pytest.FixtureRequest, live_farm: Farm, address: Address, width: str
) -> None:
    visit: Visit = request.getfixturevalue(width)
    visit.enter(live_farm.owner)

    with visit.page.expect_response(
        lambda answer: "/performance/curve/" in answer.url or "pnl" in answer.url
    ):
        visit.go(address(live_farm))

    expect(visit.page.locator("#performance-curve canvas").first).to_be_visible()
    visit.page.get_by_role("button", name="1M").click()
    expect(visit.page.get_by_role("button", name="1M")).to_have_attribute("aria-pressed", "true")
    visit.page.emulate_media(color_scheme="dark")
    assert not scrolls_sideways(visit.page)
    assert visit.complaints == []


def test_a_curve_that_cannot_be_read_says_so(visit: Visit, live_farm: Farm) -> None:
    visit.enter(live_farm.owner)
    visit.page.route("**/performance/curve/", lambda route: route.abort())

    visit.go(of_account(live_farm))

    expect(visit.page.get_by_text("The curve could not be read just now")).to_be_visible()
    expect(visit.page.locator("#performance-curve")).to_be_hidden()


def test_a_teams_figures_come_by_themselves(visit: Visit, live_farm: Farm) -> None:
    visit.enter(live_farm.owner)

    visit.go(reverse("team", args=[live_farm.team.id]))

    expect(visit.page.get_by_text("The sum of its agents, whatever team")).to_be_visible()
    assert visit.complaints == []


def test_a_figure_is_explained_by_a_tap(narrow: Visit, live_farm: Farm) -> None:
    narrow.enter(live_farm.owner)
    narrow.go(of_account(live_farm))
    words = narrow.page.get_by_text("The return of a year over its volatility.")
    expect(words).to_be_hidden()

    narrow.page.get_by_text("Sharpe", exact=True).first.click()

    expect(words).to_be_visible()


def test_the_days_are_taken_out_as_a_file(visit: Visit, live_farm: Farm) -> None:
    visit.enter(live_farm.owner)
    visit.go(reverse("account-performance", args=[live_farm.account.id]))

    with visit.page.expect_download() as taken:
        visit.page.get_by_role("button", name="P&L by day, CSV").click()

    assert taken.value.suggested_filename == "performance.csv"
