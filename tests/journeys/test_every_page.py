"""Every page in Chromium: nothing complains, nothing serious for axe, nothing scrolls sideways."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsing import Visit, in_chromium, open_tab
from tests.pages import guards, told
from tests.pages.addresses import Address, every_address, path_for
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
from tests.pages.watching import fired, price_trigger
from tests.served import Web
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import Role

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = ("serious", "critical")
LOOKS = [(1440, "light"), (390, "dark")]
FIND = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => ({
    id: one.id,
    impact: one.impact,
    where: one.nodes.slice(0, 3).map((node) => node.target.join(" ")),
  }));
}"""

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = [
    *in_chromium,
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is missing; `make test` fetches it"),
]


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    """A farm on which everything has happened that a page can show."""
    farm = told.prepare(make_farm(owner=make_user(), wall=SystemClock().now()))
    type(farm.owner).objects.filter(pk=farm.owner.pk).update(role=Role.OPERATOR)
    make_busy(farm)
    fired(farm, price_trigger(farm, name="Deep dip"), hours_ago=20)
    told.traded(farm)
    return guards.guarded(farm)


def pages() -> list[Address]:
    """The addresses of ours that answer with a page."""
    return [
        address
        for address in every_address()
        if address.is_ours and address.can_be_read and not address.is_secret
    ]


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize(("width", "look"), LOOKS)
def test_every_page_is_sound(
    browser: Browser, web: Web, live_farm: Farm, width: int, look: str
) -> None:
    visit = open_tab(browser, web, width=width)
    visit.enter(live_farm.owner)
    visit.page.emulate_media(color_scheme="dark" if look == "dark" else "light")
    axe, wrong = AXE.read_text(), list[str]()

    for address in pages():
        wrong += looked_at(visit, address, path_for(address, live_farm), axe)

    visit.page.context.close()
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def looked_at(visit: Visit, address: Address, path: str, axe: str) -> list[str]:
    """What is wrong with one page, each in a line."""
    answer = visit.page.goto(visit.address + path)
    if answer is None or not answer.text().lstrip().startswith("<!doctype html"):
        return []  # a fragment, or no page at all
    visit.page.wait_for_load_state("load")
    found = [f"{address.name}: {said}" for said in visit.complaints if " 404 " not in said]
    visit.complaints.clear()
    visit.page.evaluate(axe)
    findings = visit.page.evaluate(FIND)
    found += [
        f"{address.name}: axe {one['id']} at {one['where']}"
        for one in findings
        if one["impact"] in SERIOUS
    ]
    return [*found, f"{address.name}: scrolls sideways"] if sideways(visit.page) else found
