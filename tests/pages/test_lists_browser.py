"""Lists, the bell and the journal in a real browser, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browsing import admit, in_chromium
from tests.pages import farms, stories
from tests.pages.farms import Farm
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.journal import verifying

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")


pytestmark = in_chromium


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    farm = stories.make_busy(farms.make_farm(owner=farms.make_user(), wall=SystemClock().now()))
    with transaction():
        for number in range(7):
            record(
                stream=account_stream(farm.account.id),
                kind="risk.denied" if number % 2 else "order.approved",
                actor="gate",
                payload={"side": "buy", "quantity": str(number), "denials": ["HALT_STATE"]},
                at=farm.wall,
            )
    return farm


def signed_in(context: BrowserContext, server: LiveServer, farm: Farm) -> Page:
    admit(context, server.url, farm.owner)
    context.set_default_timeout(10_000)
    return context.new_page()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, live_farm: Farm) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce", base_url=live_server.url)
    yield signed_in(context, live_server, live_farm)
    context.close()


@pytest.fixture
def plain(browser: Browser, live_server: LiveServer, live_farm: Farm) -> Iterator[Page]:
    """A browser that runs no scripts."""
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    yield signed_in(context, live_server, live_farm)
    context.close()


def test_choosing_a_filter_narrows_the_list_and_its_address_can_be_shared(
    page: Page, live_farm: Farm
) -> None:
    page.goto("/fills/")
    expect(page.locator("tbody tr")).to_have_count(9)

    page.get_by_label("Side").focus()
    page.get_by_label("Side").select_option("sell")

    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page).to_have_url(f"/fills/?account={live_farm.account.id}&side=sell")
    expect(page.get_by_label("Side")).to_be_focused()
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(9)


def test_a_wrong_filter_is_said_without_losing_what_was_typed(page: Page) -> None:
    page.goto("/journal/")
    kind = page.get_by_label("Kind begins with")

    kind.fill("oder.")
    kind.press("Enter")

    expect(page.locator("#filter-kind_error")).to_contain_text("No event of this journal")
    expect(kind).to_have_value("oder.")
    expect(kind).to_have_attribute("aria-invalid", "true")


def test_what_comes_meanwhile_is_counted_and_moves_nothing(page: Page) -> None:
    page.goto("/orders/")
    fresh = page.locator("#fresh")
    expect(fresh).to_be_hidden()

    for seq in (1, 901, 902):
        page.evaluate(
            """seq => {
              const mark = document.createElement("i");
              mark.id = `new-${seq}`;
              mark.dataset.seq = seq;
              document.getElementById("fresh-marks").append(mark);
              document.dispatchEvent(new CustomEvent("farm-live", { detail: { seq } }));
            }""",
            seq,
        )

    expect(fresh).to_have_text("2 new orders: show")
    fresh.click()
    expect(page.locator("#fresh")).to_be_hidden()


def test_the_bell_opens_and_forgets_what_was_seen(page: Page) -> None:
    page.goto("/orders/")
    bell = page.locator("#bell summary")
    expect(bell).to_contain_text("3")

    bell.press("Enter")
    expect(page.locator("#bell-sheet .alert-row")).to_have_count(3)
    page.get_by_role("button", name="Mark all as seen").click()

    expect(page.locator("#bell-count")).to_be_hidden()
    page.goto("/alerts/")
    expect(page.locator("#bell-count")).to_be_hidden()


def test_the_live_bell_fetches_its_own_count(page: Page, live_farm: Farm) -> None:
    page.goto("/orders/")
    expect(page.locator("#bell-count")).to_contain_text("3")
    with transaction():
        record(
            stream=account_stream(live_farm.account.id),
            kind="replay.ended",
            actor="engine",
            payload={},
            at=live_farm.wall,
        )

    page.evaluate(
        """address => {
          const news = document.getElementById("bell-news");
          news.outerHTML = `<div id="bell-news" hidden hx-get="${address}" hx-trigger="load"
            hx-target="#bell-count" hx-swap="outerHTML"></div>`;
          htmx.process(document.getElementById("bell-news"));
        }""",
        f"/alerts/bell/?account={live_farm.account.id}",
    )

    expect(page.locator("#bell-count")).to_contain_text("4")


def test_a_journal_is_verified_to_its_end_by_itself(
    page: Page, live_farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "PART", 2)
    page.goto("/journal/")

    page.get_by_role("button", name="Verify all of it").click()

    expect(page.locator("#verify")).to_contain_text("All 7 events were read")
    assert JournalEvent.objects.filter(kind="user.verified").count() == 1


def test_without_scripts_lists_are_filtered_and_the_journal_verified(plain: Page) -> None:
    plain.goto("/fills/")
    plain.get_by_label("Side").select_option("sell")
    plain.get_by_role("button", name="Filter").click()
    expect(plain.locator("tbody tr")).to_have_count(2)

    plain.goto("/journal/")
    plain.get_by_role("button", name="Verify all of it").click()

    expect(plain.locator("main")).to_contain_text("All 7 events were read")


def test_a_file_is_downloaded(page: Page) -> None:
    page.goto("/fills/?side=sell")

    with page.expect_download() as started:
        page.get_by_role("button", name="Fills and P&L as CSV").click()

    text = Path(started.value.path()).read_text()
    assert started.value.suggested_filename == "fills.csv"
    assert len(text.splitlines()) == 3
