"""A browser, a web process and a busy farm, for tests that open pages."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browsing import CHROMIUM, OPTIONS, Visit, open_tab
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
from tests.served import Web, served
from tradingfarm.kernel.clock import SystemClock


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in this thread; Django must be told that this is no mistake.
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
            yield browser
            browser.close()


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    """The web process, for all tests of a module; the database is emptied between them."""
    with served(SOCKET_CHECK_SECONDS="1", MAX_ORDER_VALUE_CEILING="20000") as web:
        yield web


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    """A busy account whose owner may use the admin too."""
    return make_busy(make_farm(owner=make_user(staff=True), wall=SystemClock().now()))


@pytest.fixture
def visit(browser: Browser, web: Web, live_farm: Farm) -> Iterator[Visit]:
    visit = open_tab(browser, web)
    yield visit
    visit.page.context.close()


@pytest.fixture
def narrow(browser: Browser, web: Web, live_farm: Farm) -> Iterator[Visit]:
    visit = open_tab(browser, web, width=390)
    yield visit
    visit.page.context.close()
