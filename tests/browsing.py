"""Chromium on the real web process: pages with sockets, and what their console complained of."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.pages.farms import PASSWORD
from tests.served import Web, cookie_of
from tradingfarm.people.models import User

CHROMIUM = Path("/usr/bin/chromium")
VENDOR = Path(__file__).resolve().parents[1] / "static" / "vendor"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE_MS = 20_000

in_chromium = [
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
        """By the page, as people do."""
        self.go("/login/")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.address + "/")

    def enter(self, person: User) -> None:
        """Without the page: the browser has the cookie already."""
        admit(self.page.context, self.address, person)

    def wait_until_live(self) -> None:
        self.page.wait_for_selector("#link-state[data-state='live']", state="attached")


def admit(context: BrowserContext, url: str, person: User) -> None:
    """Sign this person in at the web process with this address."""
    name, _, value = cookie_of(person).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": url}])


def open_tab(browser: Browser, web: Web, *, width: int = 1440) -> Visit:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), web.url)
    visit.page.on(
        "console",
        lambda said: visit.complaints.append(said.text) if said.type == "error" else None,
    )
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    return visit
