"""A person's day in a real browser: watch a trade, ask why, close it, stop everything."""

import pytest
from playwright.sync_api import expect

from tests.browsing import Visit, in_chromium
from tests.pages import told
from tests.pages.farms import Farm, make_farm, make_user
from tradingfarm.kernel.clock import SystemClock

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = in_chromium


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    """An account that has not traded, with a market to trade in."""
    return told.prepare(make_farm(owner=make_user(), wall=SystemClock().now()))


@pytest.fixture
def watching(visit: Visit, live_farm: Farm) -> Visit:
    """The dashboard, open and live."""
    visit.enter(live_farm.owner)
    visit.go("/")
    visit.wait_until_live()
    return visit


def test_a_trade_is_watched_and_asked_why(watching: Visit, live_farm: Farm) -> None:
    page = watching.page
    expect(page.locator("#positions")).to_contain_text("No open positions.")

    execution = told.traded(live_farm)

    turn = page.locator(f"#turn-{execution.id}")
    expect(turn.locator(".decision")).to_contain_text("Decided: buy 160 AAPL")
    expect(turn.locator(".decision")).to_contain_text("filled 160 at")
    expect(page.locator("#positions tbody tr")).to_contain_text("AAPL")
    expect(page.locator("#fills tbody tr").first).to_contain_text("160")

    turn.locator(".turn-why").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Bought 160 AAPL")
    story = page.locator("#main")
    for part in ("What was known", "The vote", "The risk gate", "The fill"):
        expect(story).to_contain_text(part)
    expect(story).to_contain_text("A smaller size suits the volatility.")
    assert watching.complaints == []


def test_a_refused_trade_tells_its_story_too(watching: Visit, live_farm: Farm) -> None:
    told.widen(live_farm, max_order_value=10)

    execution = told.thought(live_farm)

    turn = watching.page.locator(f"#turn-{execution.id}")
    expect(turn).to_contain_text("The risk gate refused it.")
    turn.locator(".turn-why").click()
    expect(watching.page.locator("#main")).to_contain_text("The risk gate")
    assert watching.complaints == []


def test_a_position_is_closed_by_hand(watching: Visit, live_farm: Farm) -> None:
    page = watching.page
    told.traded(live_farm)
    page.locator("#positions").get_by_role("link", name="Close the position in AAPL").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("160")

    dialog.get_by_role("button", name="Sell at market").click()
    expect(page.locator("#orders tbody tr")).to_contain_text("AAPL")
    told.send(live_farm)

    page.goto(f"{watching.address}/")
    expect(page.locator("#positions")).to_contain_text("No open positions.")
    expect(page.locator("#fills tbody tr").first).to_contain_text("exit by hand")
    assert watching.complaints == []


def test_everything_is_stopped_from_the_dashboard(watching: Visit, live_farm: Farm) -> None:
    page = watching.page
    told.traded(live_farm)
    expect(page.locator("#positions tbody tr")).to_contain_text("AAPL")

    page.keyboard.press("Alt+Shift+S")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("AAPL")
    dialog.locator("#stop-keep").check()
    dialog.locator("button[type=submit]").click()

    expect(page.locator("#stop")).to_contain_text("HALTED")
    live_farm.account.refresh_from_db()
    assert live_farm.account.halt_state == "HALTED"
    assert watching.complaints == []
