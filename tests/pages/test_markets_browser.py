"""Charts and the trigger editor in a real browser, with the strict policy in force."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.browsing import admit, in_chromium
from tests.pages import farms, stories
from tests.pages.candles import add_candles, know_the_day
from tests.pages.farms import Farm
from tests.pages.watching import fired, price_trigger
from tradingfarm.kernel.clock import SystemClock
from triggers.models import Trigger

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")


pytestmark = in_chromium


@dataclass
class Tab:
    """A tab of the farm's owner, with what its console complained of."""

    page: Page
    address: str
    farm: Farm
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def go_to_apple(self, query: str = "") -> None:
        self.go(f"/markets/{self.farm.instruments['AAPL'].id}/{query}")


@pytest.fixture
def tab(browser: Browser, live_server: LiveServer, transactional_db: None) -> Iterator[Tab]:
    owner = farms.make_user()
    farm = stories.make_busy(farms.make_farm(owner=owner, wall=SystemClock().now()))
    add_candles(farm)
    know_the_day(farm, "AAPL", opened="39.80", before="39.10")
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(15_000)
    admit(context, live_server.url, owner)
    # The live server speaks no WebSocket; this one opens and says nothing.
    context.route_web_socket("**/ws/live*", lambda _: None)
    tab = Tab(context.new_page(), live_server.url, farm)
    tab.page.on(
        "console",
        lambda said: tab.complaints.append(said.text) if said.type == "error" else None,
    )
    yield tab
    context.close()


def legend(page: Page) -> str:
    return page.locator("#chart-legend").inner_text()


def test_a_chart_is_drawn_with_its_indicators_and_nothing_is_refused(tab: Tab) -> None:
    tab.go_to_apple("?studies=sma20")

    expect(tab.page.locator("#chart canvas").first).to_be_visible()
    expect(tab.page.locator("#chart-legend")).to_contain_text("C 40.32")
    expect(tab.page.locator("#chart-legend")).to_contain_text("SMA 20")
    tab.page.locator(".chart-menu summary").click()
    with tab.page.expect_response("**/candles/*studies=rsi*"):
        tab.page.get_by_label("RSI 14").check()
    expect(tab.page.locator("#chart")).to_have_class("chart chart-tall")
    assert "studies=sma20&studies=rsi" in tab.page.url
    assert tab.complaints == []


def test_rows_that_come_again_are_mended_and_others_stay_away(tab: Tab) -> None:
    tab.go("/markets/")
    apple = tab.farm.instruments["AAPL"].id
    row = tab.page.locator(f"#market-{apple}")

    tab.page.evaluate(
        """apple => {
            const moved = document.getElementById("moved");
            for (const [id, last] of [[`market-${apple}`, "41.77"], ["market-other", "9.99"]]) {
                const row = document.getElementById(`market-${apple}`).cloneNode(true);
                row.id = id;
                row.querySelector("td").textContent = last;
                moved.content.append(row);
            }
            document.dispatchEvent(new CustomEvent("farm-live"));
        }""",
        str(apple),
    )

    expect(row.locator("td").first).to_have_text("41.77")
    expect(row.locator("td").first).to_have_class("num glow")
    expect(tab.page.locator("#market-other")).to_have_count(0)
    assert tab.complaints == []


def test_scrolling_back_brings_older_candles(tab: Tab) -> None:
    tab.go_to_apple()
    expect(tab.page.locator("#chart-legend")).to_contain_text("40.32")

    with tab.page.expect_response("**/candles/*before=*"):
        tab.page.get_by_role("button", name="5Y").click()

    expect(tab.page.get_by_role("button", name="5Y")).to_have_attribute("aria-pressed", "true")


def test_indicators_chosen_in_a_row_reach_as_far_back_as_the_candles(tab: Tab) -> None:
    asked: list[str] = []
    tab.go_to_apple()
    tab.page.get_by_role("button", name="5Y").click()
    expect(tab.page.locator("#chart-legend")).to_contain_text("40.32")
    tab.page.on("requestfinished", lambda request: asked.append(request.url))

    tab.page.locator(".chart-menu summary").click()
    tab.page.get_by_label("SMA 50").check()
    tab.page.get_by_label("MACD 12, 26, 9").check()

    expect(tab.page.locator("#chart-legend")).to_contain_text("MACD")
    tab.page.wait_for_load_state("networkidle")
    both = [url for url in asked if "studies=sma50&studies=macd" in url]
    assert [("before=" in url) for url in both] == [False, True]


def test_the_newest_price_becomes_the_last_candle(tab: Tab) -> None:
    tab.go_to_apple()
    expect(tab.page.locator("#chart-legend")).to_contain_text("C 40.32")

    tab.page.locator("#quote").evaluate("quote => { quote.dataset.close = '41.77' }")

    expect(tab.page.locator("#chart-legend")).to_contain_text("C 41.77")


def test_a_chart_that_cannot_be_loaded_says_so_and_tries_again(tab: Tab) -> None:
    answers: list[int] = []

    def fail_once(route: Route) -> None:
        answers.append(1)
        if len(answers) == 1:
            route.fulfill(status=503, body="{}")
        else:
            route.continue_()

    tab.page.route("**/candles/*", fail_once)
    tab.go_to_apple()

    expect(tab.page.locator("#chart-empty")).to_contain_text("could not be loaded")
    expect(tab.page.locator("#chart-legend")).to_contain_text("C 40.32")
    expect(tab.page.locator("#chart-empty")).to_be_hidden()


def test_the_table_unfolds_in_the_page(tab: Tab) -> None:
    tab.go_to_apple()

    tab.page.get_by_text("The candles as a table").click()

    expect(tab.page.get_by_role("rowheader", name="11 Mar 2005")).to_be_visible()
    assert tab.complaints == []


def test_the_chart_is_steered_by_keys(tab: Tab) -> None:
    tab.go_to_apple()
    expect(tab.page.locator("#chart-legend")).to_contain_text("40.32")
    tab.page.locator("#chart").focus()

    looks = [tab.page.locator("#chart").screenshot()]
    for key in ("ArrowLeft", "-", "Home"):
        tab.page.keyboard.press(key)
        looks.append(tab.page.locator("#chart").screenshot())

    assert len(set(looks)) == len(looks)


def test_a_trigger_is_made_while_its_preview_follows(tab: Tab) -> None:
    apple = tab.farm.instruments["AAPL"].id
    tab.go(f"/triggers/new/?instrument={apple}")
    preview = tab.page.locator("#trigger-preview")
    expect(preview).to_contain_text("Type the percentage, such as 3.")

    tab.page.get_by_label("Name").fill("Apple dips")
    tab.page.get_by_label("By", exact=True).fill("2.5")
    expect(preview).to_contain_text("AAPL falls 2.5 % or more from the day's open")
    expect(preview).to_contain_text("times in 252 candles")

    tab.page.get_by_label("One of them").select_option("above")
    expect(tab.page.get_by_label("Price", exact=True)).to_have_value("2.5")
    expect(tab.page.get_by_label("Name")).to_have_value("Apple dips")
    tab.page.get_by_label("Price", exact=True).fill("41")
    expect(preview).to_contain_text("AAPL is above 41")
    tab.page.get_by_role("button", name="Make the trigger").click()

    expect(tab.page.get_by_role("heading", name="Apple dips")).to_be_visible()
    expect(tab.page.locator("#chart-legend")).to_contain_text("waits for 41.00")
    assert Trigger.objects.get().condition == {"condition": "above", "threshold": "41"}
    assert tab.complaints == []


def test_choosing_a_time_shows_its_fields_and_its_next_minutes(tab: Tab) -> None:
    tab.go("/triggers/new/")

    tab.page.get_by_label("A time").check()
    tab.page.get_by_label("Schedule").fill("30 9 * * 1-5")

    preview = tab.page.locator("#trigger-preview")
    expect(preview).to_contain_text("At 09:30 on Monday through Friday (America/New_York)")
    expect(preview).to_contain_text("15 Mar 2005, 09:30")
    expect(tab.page.get_by_label("Symbols")).to_have_count(0)
    assert tab.complaints == []


def test_the_switch_turns_in_its_place(tab: Tab) -> None:
    trigger = price_trigger(tab.farm)
    tab.go("/triggers/")

    tab.page.get_by_role("switch", name="Dip").click()

    expect(tab.page.get_by_role("switch", name="Dip")).to_have_attribute("aria-checked", "false")
    trigger.refresh_from_db()
    assert trigger.enabled is False
    assert tab.page.url.endswith("/triggers/")


def test_the_page_of_a_trigger_draws_another_symbol(tab: Tab) -> None:
    trigger = price_trigger(tab.farm, symbols=["AAPL", "IBM"])
    fired(tab.farm, trigger, hours_ago=2)
    tab.go(f"/triggers/{trigger.id}/")
    expect(tab.page.locator("#chart-legend")).to_contain_text("waits for")
    first = legend(tab.page)

    tab.page.get_by_label("Symbol on the chart").get_by_role("link", name="IBM").click()

    expect(tab.page.locator("#chart-legend")).to_contain_text("waits for")
    assert legend(tab.page) != first
    assert tab.complaints == []


def test_the_chart_of_a_trigger_follows_what_fires(tab: Tab) -> None:
    trigger = price_trigger(tab.farm)
    tab.go(f"/triggers/{trigger.id}/")
    expect(tab.page.locator("#chart-legend")).to_contain_text("waits for")
    assert "falls" not in legend(tab.page)

    fired(tab.farm, trigger, hours_ago=72)
    tab.page.evaluate(
        """() => {
            document.getElementById("fresh-marks").append(document.createElement("i"));
            document.dispatchEvent(new CustomEvent("farm-live"));
        }"""
    )

    expect(tab.page.locator("#chart-legend")).to_contain_text("falls 2 % or more")
    assert tab.complaints == []


@pytest.mark.parametrize(
    "path", ["/markets/", "/triggers/", "market", "trigger", "/triggers/new/"]
)
def test_nothing_scrolls_sideways_on_a_phone(tab: Tab, path: str) -> None:
    trigger = price_trigger(tab.farm, symbols=["AAPL", "IBM"])
    fired(tab.farm, trigger, hours_ago=2, refused="throttled: 900 s between two")
    tab.page.set_viewport_size({"width": 390, "height": 844})
    paths = {
        "market": f"/markets/{tab.farm.instruments['AAPL'].id}/?studies=macd",
        "trigger": f"/triggers/{trigger.id}/",
    }
    tab.go(paths.get(path, path))

    tab.page.wait_for_load_state("networkidle")

    assert tab.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
