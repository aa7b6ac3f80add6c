"""The pages in a real browser: nothing is refused by their policy, and they can be used."""

from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.browsing import Visit, in_chromium
from tests.pages import farms, stories
from tests.pages.farms import Farm
from tests.served import Web
from tradingfarm.kernel.journal import account_stream, record, transaction

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")
pytestmark = in_chromium
NOW = datetime(2005, 3, 14, 21, 0, tzinfo=UTC)


def journaled(farm: Farm, *, subject: str, kind: str = "agent.message") -> None:
    """What services journal beside the rows that a test wrote by hand: open pages are told."""
    with transaction():
        record(
            stream=account_stream(farm.account.id),
            kind=kind,
            actor="test",
            subject=subject,
            payload={},
            at=NOW,
        )


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def theme(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.bsTheme"))


def test_the_dashboard_is_drawn_and_nothing_is_refused(visit: Visit) -> None:
    visit.sign_in()

    expect(visit.page.locator("#worth .big")).to_have_text("100,280.08")
    expect(visit.page.locator("#curve canvas").first).to_be_visible()
    expect(visit.page.locator(".decision").last).to_be_visible()
    visit.wait_until_live()
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
    journaled(live_farm, subject=f"execution:{decision.execution_id}")

    expect(visit.page.locator(f"#decision-{decision.id}")).to_have_count(1)
    assert visit.page.locator(f"#{name}").evaluate("row => row.open") is True


def test_a_reader_keeps_the_place_and_is_told_of_new_rows(visit: Visit, live_farm: Farm) -> None:
    visit.sign_in()
    rows = visit.page.locator("#talk-rows")
    rows.evaluate("rows => { rows.scrollTop = 40 }")

    decision = stories.lost_vote(live_farm)
    journaled(live_farm, subject=f"execution:{decision.execution_id}")

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


def test_a_lost_connection_is_shown_and_what_was_missed_comes(
    visit: Visit, live_farm: Farm, web: Web
) -> None:
    visit.sign_in()
    visit.wait_until_live()
    bar = visit.page.locator("#connection")
    expect(bar).to_be_hidden()

    web.stop()
    expect(bar).to_contain_text("Not connected, retrying")
    decision = stories.lost_vote(live_farm)
    journaled(live_farm, subject=f"execution:{decision.execution_id}")
    web.start()

    expect(bar).to_contain_text("Connected again, caught up 1 event.")
    expect(visit.page.locator(f"#decision-{decision.id}")).to_have_count(1)
    expect(bar).to_be_hidden()


def test_an_ended_login_leads_to_the_login_page(visit: Visit) -> None:
    visit.sign_in()
    visit.wait_until_live()

    Session.objects.all().delete()

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


def test_the_rail_and_the_stop_stay_in_sight(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 1440, "height": 420})
    visit.sign_in()

    visit.page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")

    assert visit.page.evaluate("window.scrollY") > 420
    expect(visit.page.locator("#stop-button")).to_be_in_viewport(ratio=1)
    expect(visit.page.get_by_role("link", name="Agents", exact=True)).to_be_in_viewport(ratio=1)


def test_a_dialog_that_is_opened_at_once_again_is_not_emptied(visit: Visit) -> None:
    visit.sign_in()
    visit.page.locator("#stop-button").click()
    expect(visit.page.locator("#dialog .stop-form")).to_be_visible()

    # Its closing is told later than the next content comes.
    visit.page.evaluate(
        """() => {
            const dialog = document.getElementById("dialog");
            dialog.close();
            dialog.showModal();
        }"""
    )
    visit.page.wait_for_timeout(300)

    expect(visit.page.locator("#dialog .stop-form")).to_be_visible()


def test_one_goes_on_at_the_first_field_that_was_wrong(visit: Visit, live_farm: Farm) -> None:
    visit.sign_in()
    visit.go(f"/permissions/{live_farm.permission.id}/")
    visit.page.get_by_label("Largest order", exact=True).fill("99999")

    visit.page.get_by_role("button", name="Save limits").click()

    expect(visit.page.get_by_label("Largest order", exact=True)).to_be_focused()


def test_a_phone_shows_everything_without_scrolling_sideways(narrow: Visit) -> None:
    narrow.sign_in()
    expect(narrow.page.locator("#positions tbody tr")).to_have_count(3)

    assert not scrolls_sideways(narrow.page)
    card = narrow.page.locator("#positions tbody tr").first
    assert card.evaluate("row => getComputedStyle(row).display") == "grid"
    assert narrow.complaints == []


def test_on_a_phone_the_other_places_unfold(narrow: Visit) -> None:
    narrow.sign_in()
    rail = narrow.page.get_by_role("navigation", name="Main")
    more = rail.get_by_role("button", name="More")
    expect(rail.get_by_role("link", name="Journal")).to_be_hidden()

    more.click()
    rail.get_by_role("link", name="Journal").click()

    narrow.page.wait_for_url("**/journal/")
    expect(more).to_have_attribute("aria-expanded", "false")
    assert more.evaluate("button => getComputedStyle(button).backgroundColor") == rail.get_by_role(
        "link", name="Journal", include_hidden=True
    ).evaluate("link => getComputedStyle(link).backgroundColor")
    more.click()
    narrow.page.keyboard.press("Escape")
    expect(rail.get_by_role("link", name="Journal")).to_be_hidden()
    assert narrow.complaints == []


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
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
