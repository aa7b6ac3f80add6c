"""Setting up a second factor and inviting somebody, in a real browser, under the strict policy."""

from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browsing import in_chromium
from tests.pages.farms import PASSWORD, make_user
from tests.people.phones import Phone
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.people.fixtures", "tests.browsers")

NEW = "a new horse, 43 of them"

pytestmark = in_chromium


def open_tab(browser: Browser, server: LiveServer, violations: list[str]) -> Page:
    page = browser.new_context(base_url=server.url, reduced_motion="reduce").new_page()
    page.set_default_timeout(15_000)
    page.on(
        "console",
        lambda said: violations.append(said.text) if "Security Policy" in said.text else None,
    )
    return page


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def send_code(page: Page, phone: Phone, button: str) -> None:
    page.get_by_label("Code").fill(phone.code())
    page.get_by_role("button", name=button).click()


def test_an_operator_sets_up_a_second_factor_and_invites_somebody(
    browser: Browser, live_server: LiveServer, phone: Phone
) -> None:
    User.objects.filter(pk=make_user("olga").pk).update(role=Role.OPERATOR)
    violations: list[str] = []
    page = open_tab(browser, live_server, violations)
    sign_in(page, "olga", PASSWORD)
    page.wait_for_url(f"{live_server.url}/")

    page.goto("/people/invite/")
    expect(page.get_by_text("you need a second factor, so that")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Once it is on, you go on where you were.")).to_be_visible()
    assert page.locator(".qr").evaluate("image => image.naturalWidth") > 0
    phone.secret = page.locator(".secret").inner_text().replace(" ", "")
    send_code(page, phone, "Turn it on")
    expect(page.locator(".codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them: go on").click()
    send_code(page, phone, "Confirm")
    page.get_by_label("Name").fill("bob")
    page.get_by_role("button", name="Make the account and the link").click()
    link = page.locator("#password-link").input_value()

    other = open_tab(browser, live_server, violations)
    other.goto(link)
    other.get_by_label("New password").fill(NEW)
    other.get_by_label("The same again").fill(NEW)
    other.get_by_role("button", name="Set the password").click()
    expect(other.get_by_text("Your password is set")).to_be_visible()
    sign_in(other, "bob", NEW)
    other.wait_for_url(f"{live_server.url}/")
    assert violations == []
    for each in (page, other):
        each.goto("/healthz")  # no page asks any more when the server stops
