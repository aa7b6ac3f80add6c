"""The pages in a real browser: nothing is refused by their policy, and they can be used."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.pages import farms, stories
from tests.pages.farms import PASSWORD, Farm
from tradingfarm.kernel.clock import SystemClock

pytest_plugins = ("tests.pages.fixtures",)

CHROMIUM = Path("/usr/bin/chromium")
VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
    pytest.mark.skipif(
        not VENDOR.is_dir(), reason="static/vendor/ is missing; `make test` fetches it"
    ),
]


@dataclass
class Visit:
    """A tab with what its console complained of."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str = "/") -> None:
        self.page.goto(self.address + path)

    def sign_in(self, name: str = "trader") -> None:
        self.go("/login/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.address + "/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright's loop runs in this thread; Django must be told that this is no mistake.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def live_farm(transactional_db: None, quick_passwords: None) -> Farm:
    owner = farms.make_user(staff=True)
    return stories.make_busy(farms.make_farm(owner=owner, wall=SystemClock().now()))


def open_tab(browser: Browser, live_server: LiveServer, *, width: int = 1440) -> Visit:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    visit = Visit(context.new_page(), live_server.url)
    visit.page.on(
        "console",
        lambda said: visit.complaints.append(said.text) if said.type == "error" else None,
    )
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    return visit


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer, live_farm: Farm) -> Iterator[Visit]:
    visit = open_tab(browser, live_server)
    yield visit
    visit.page.context.close()


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer, live_farm: Farm) -> Iterator[Visit]:
    visit = open_tab(browser, live_server, width=390)
    yield visit
    visit.page.context.close()


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def theme(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.bsTheme"))


def test_the_dashboard_is_drawn_and_nothing_is_refused(visit: Visit) -> None:
    visit.sign_in()

    expect(visit.page.locator("#worth .big")).to_have_text("100,280.08")
    expect(visit.page.locator("#curve canvas").first).to_be_visible()
    expect(visit.page.locator(".decision").last).to_be_visible()
    with visit.page.expect_response("**/numbers/"):
        pass
    assert visit.complaints == []


def test_new_numbers_come_by_themselves(visit: Visit, live_farm: Farm) -> None:
    visit.sign_in()
    expect(visit.page.locator("#worth .big")).to_have_text("100,280.08")

    farms.set_price(live_farm, "AAPL", "41.32")

    expect(visit.page.locator("#worth .big")).to_have_text("100,840.08")
    expect(visit.page.locator("#strip dd").first).to_have_text("100,840.08")
    assert visit.complaints == []


def test_unfolded_votes_stay_unfolded_when_rows_arrive(visit: Visit, live_farm: Farm) -> None:
    visit.sign_in()
    votes = visit.page.locator("details.ballots").last
    votes.locator("summary").click()
    name = votes.get_attribute("id")

    decision = stories.lost_vote(live_farm)

    expect(visit.page.locator(f"#decision-{decision.id}")).to_have_count(1)
    assert visit.page.locator(f"#{name}").evaluate("row => row.open") is True


def test_a_reader_keeps_the_place_and_is_told_of_new_rows(visit: Visit, live_farm: Farm) -> None:
    visit.sign_in()
    rows = visit.page.locator("#talk-rows")
    rows.evaluate("rows => { rows.scrollTop = 40 }")

    stories.lost_vote(live_farm)

    expect(visit.page.locator("#talk-new")).to_have_text("3 new")
    assert rows.evaluate("rows => rows.scrollTop") == 40
    visit.page.locator("#talk-new").click()
    assert rows.evaluate("rows => rows.scrollHeight - rows.scrollTop - rows.clientHeight") < 2
    expect(visit.page.locator("#talk-new")).to_be_hidden()


def test_the_look_follows_the_system_until_the_person_chooses(visit: Visit) -> None:
    visit.sign_in()
    assert theme(visit.page) == "light"
    visit.page.emulate_media(color_scheme="dark")
    expect(visit.page.locator("html")).to_have_attribute("data-bs-theme", "dark")

    visit.page.get_by_role("button", name="Use the light look").click()
    assert theme(visit.page) == "light"

    visit.page.reload()
    assert theme(visit.page) == "light"
    assert visit.complaints == []


def test_a_lost_connection_is_shown_and_found_again(visit: Visit) -> None:
    visit.sign_in()
    bar = visit.page.locator("#connection")
    expect(bar).to_be_hidden()

    visit.page.context.set_offline(True)
    expect(bar).to_contain_text("Not connected, retrying")

    visit.page.context.set_offline(False)
    expect(bar).to_contain_text("Connected again")
    expect(bar).to_be_hidden()


def test_an_ended_login_leads_to_the_login_page(visit: Visit) -> None:
    visit.sign_in()

    visit.page.context.clear_cookies()

    visit.page.wait_for_url("**/login/?next=/")


def test_everything_can_be_reached_by_keyboard(visit: Visit) -> None:
    visit.sign_in()
    keyboard = visit.page.keyboard
    reached = []
    for _ in range(40):
        keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.outerHTML.slice(0, 400)"))

    for part in ("Skip to the content", "theme-toggle", "Signed in as", "data-range", "<summary"):
        assert any(part in each for each in reached), part
    assert "Skip to the content" in reached[0]


def test_the_menu_opens_and_closes_by_keyboard(visit: Visit) -> None:
    visit.sign_in()
    summary = visit.page.locator("details.menu summary").last

    summary.press("Enter")
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_hidden()

    summary.press("Enter")
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.wait_for_url("**/login/")


def test_a_phone_shows_everything_without_scrolling_sideways(phone: Visit) -> None:
    phone.sign_in()
    expect(phone.page.locator("#positions tbody tr")).to_have_count(3)

    assert not scrolls_sideways(phone.page)
    card = phone.page.locator("#positions tbody tr").first
    assert card.evaluate("row => getComputedStyle(row).display") == "grid"
    assert phone.complaints == []


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/people/user/add/",
        "/admin/people/user/",
        "/admin/kernel/journalevent/",
        "/admin/django_celery_beat/periodictask/add/",
    ],
)
def test_the_admin_works_under_the_same_policy(visit: Visit, path: str) -> None:
    visit.sign_in()

    visit.go(path)

    expect(visit.page.locator("#content")).to_be_visible()
    assert visit.complaints == []
