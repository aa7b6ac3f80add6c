"""STOP in a real browser: by keyboard, under the thumb, without scripts, and without an answer."""

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from tests.browsing import admit, in_chromium
from tests.pages import farms, stories
from tests.pages.farms import Farm
from trading.domain.states import HaltState, StopMode
from trading.models import Account, StopRun
from tradingfarm.kernel.clock import SystemClock

pytest_plugins = ("tests.pages.fixtures", "tests.browsers")

POLLS_MS = 2500

pytestmark = in_chromium


@pytest.fixture
def live_farm(transactional_db: None) -> Farm:
    return stories.make_busy(farms.make_farm(owner=farms.make_user(), wall=SystemClock().now()))


def sign_in(context: BrowserContext, server: LiveServer, farm: Farm) -> Page:
    admit(context, server.url, farm.owner)
    context.set_default_timeout(10_000)
    return context.new_page()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, live_farm: Farm) -> Iterator[Page]:
    """A tab; whatever its content policy has refused fails the test that it happened in."""
    context = browser.new_context(reduced_motion="reduce", base_url=live_server.url)
    page, refused = sign_in(context, live_server, live_farm), []
    page.on(
        "console",
        lambda said: refused.append(said.text) if "Content Security" in said.text else None,
    )
    yield page
    context.close()
    assert refused == []


def settings_address(farm: Farm) -> str:
    return reverse("account-settings", args=[farm.account.id])


def state() -> str:
    return Account.objects.get().halt_state


def test_everything_is_sold_by_keyboard_alone(page: Page, live_farm: Farm) -> None:
    page.goto(settings_address(live_farm))
    keyboard = page.keyboard

    keyboard.press("Alt+Shift+S")
    expect(page.locator("#dialog .stop-form")).to_be_visible()
    page.locator("#stop-keep").focus()
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    keyboard.type("Demo")
    keyboard.press("Enter")

    expect(page.locator("#dialog #stop-steps")).to_contain_text("Carrying out the rest")
    expect(page.locator("#stop-button")).to_contain_text("HALTED")
    assert StopRun.objects.get().mode == StopMode.FLATTEN


def test_the_progress_follows_the_stop_and_comes_to_rest(page: Page, live_farm: Farm) -> None:
    page.goto(settings_address(live_farm))
    page.locator("#stop-button").click()
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#stop-steps")).to_contain_text("Carrying out the rest")

    StopRun.objects.update(step="DONE")

    expect(page.locator("#stop-steps .stop-now")).to_contain_text("Done.")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(POLLS_MS)
    assert [address for address in asked if "progress" in address] == []


def test_dialogs_and_pages_are_drawn_without_anything_refused(page: Page, live_farm: Farm) -> None:
    farms.halt(live_farm)
    position = [live_farm.account.id, live_farm.instruments["AAPL"].id]
    for name, parts in (
        ("account-settings", position[:1]),
        ("account-resume", position[:1]),
        ("account-stop", position[:1]),
        ("account-stop-progress", position[:1]),
        ("accounts-stop", []),
        ("position-close", position),
    ):
        page.goto(reverse(name, args=parts))
        expect(page.locator("h1")).to_be_visible()


def test_the_button_says_what_it_will_do(page: Page, live_farm: Farm) -> None:
    page.goto(settings_address(live_farm))
    page.locator("#stop-button").click()
    button = page.locator("#dialog button[type=submit]")

    expect(button).to_have_accessible_name("Halt, keep everything")
    page.locator("#stop-cancel").check()
    expect(button).to_have_accessible_name("Halt and cancel orders")
    expect(page.locator("#stop-confirm")).to_be_hidden()
    page.locator("#stop-flatten").check()
    expect(button).to_have_accessible_name("Halt and sell everything")


def test_the_shortcut_works_while_one_types_and_over_another_dialog(
    page: Page, live_farm: Farm
) -> None:
    halted = reverse("account-resume", args=[live_farm.account.id])
    farms.halt(live_farm)
    page.goto(settings_address(live_farm))
    page.locator(f"a[href='{halted}']").first.click()
    page.locator("#resume-reason").fill("because")

    page.keyboard.press("Alt+Shift+S")

    expect(page.locator("#dialog .stop-form")).to_be_visible()


def test_a_server_that_does_not_answer_is_not_taken_for_a_stop(
    page: Page, live_farm: Farm
) -> None:
    page.goto(settings_address(live_farm))
    page.locator("#stop-button").click()
    expect(page.locator("#dialog .stop-form")).to_be_visible()

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/stop/", refuse)
    page.locator("#dialog button[type=submit]").click()

    notice = page.locator("#dialog .stop-unanswered")
    expect(notice).to_contain_text("it is not known whether the account was stopped")
    page.unroute("**/stop/", refuse)
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#stop-steps")).to_be_visible()
    assert state() == HaltState.HALTED


def test_it_works_without_scripts(
    browser: Browser, live_server: LiveServer, live_farm: Farm
) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = sign_in(context, live_server, live_farm)

    page.goto(settings_address(live_farm))
    page.locator("#stop-button").click()
    page.locator("#stop-flatten").check()
    page.locator("#stop-confirm").fill("Demo")
    page.locator("button:has-text('sell everything')").click()
    page.wait_for_url("**/stop/progress/")
    StopRun.objects.update(step="DONE", confirmations=2)

    expect(page.locator(".stop-now")).to_contain_text("Flat, found 2 times")
    context.close()


def test_on_a_phone_it_lies_under_the_thumb_and_nothing_covers_it(
    browser: Browser, live_server: LiveServer, live_farm: Farm
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=live_server.url, has_touch=True
    )
    page = sign_in(context, live_server, live_farm)
    page.goto(settings_address(live_farm))
    page.mouse.wheel(0, 900)

    box = page.locator("#stop-button").bounding_box()
    assert box is not None
    assert box["y"] > 844 / 2
    assert box["height"] >= 44
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    submit = page.locator("#dialog button[type=submit]")
    expect(submit).to_be_in_viewport()
    page.locator("#stop-flatten").check()
    expect(submit).to_be_in_viewport()
    context.close()
