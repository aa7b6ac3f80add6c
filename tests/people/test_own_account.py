"""What people do with their own account: password, second factor, recovery codes."""

import base64
import re

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as project
from django.test import Client, override_settings
from pytest_django import DjangoAssertNumQueries

from tests.pages.farms import PASSWORD
from tests.pages.reading import text_of
from tests.people.phones import Phone, give_second_factor, has_app, sign_in, sign_in_with
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import User

pytest_plugins = ("tests.people.fixtures",)

NEW = "a new horse, 43 of them"
APP = "/people/me/second-factor/app/"
CODES = "/people/me/second-factor/codes/"


@pytest.fixture
def browser(client: Client, person: User) -> Client:
    """The browser of the trader, who signed in with the password alone."""
    sign_in(client, person.username)
    return client


def kinds() -> list[str]:
    return list(
        JournalEvent.objects.filter(kind__startswith="user.")
        .order_by("id")
        .values_list("kind", flat=True)
    )


def confirm(client: Client, place: str = "/people/me/") -> str:
    answer = client.post("/people/me/confirm/", {"password": PASSWORD, "next": place})
    return answer.headers.get("Location", "")


def begin_app(client: Client, phone: Phone) -> None:
    """Open the page with the secret and put that into the phone."""
    page = client.get(APP).content.decode()
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found
    phone.secret = found.group(1).replace(" ", "")


def test_the_profile_says_who_one_is(browser: Client) -> None:
    page = text_of(browser.get("/people/me/"))

    assert "Name ada" in page
    assert "You may configure, trade and stop; an operator resumes what was stopped" in page
    assert "Desk Your own" in page


def test_a_password_is_changed_and_other_browsers_are_signed_out(
    browser: Client, person: User
) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "ada")

    answer = browser.post(
        "/people/me/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    )

    assert answer.status_code == 302
    assert "Your password is changed" in text_of(browser.get("/people/me/password/"))
    assert elsewhere.get("/people/me/").status_code == 302
    assert sign_in(Client(), "ada", NEW) == 302
    event = JournalEvent.objects.get(kind="user.password_set")
    assert event.payload == {"name": "ada", "how": "change"}
    assert NEW not in event.entry


@pytest.mark.parametrize(
    ("old", "first", "second", "problem"),
    [
        ("wrong", NEW, NEW, "That is not your present password."),
        (PASSWORD, NEW, "another", "You must type the same password each time."),
        (PASSWORD, "short", "short", "This password is too short."),
        (PASSWORD, "123456789012", "123456789012", "entirely numeric"),
    ],
)
def test_a_bad_new_password_is_refused_beside_its_field(
    browser: Client, old: str, first: str, second: str, problem: str
) -> None:
    answer = browser.post(
        "/people/me/password/", {"oldpassword": old, "password1": first, "password2": second}
    )

    assert problem in text_of(answer)
    assert sign_in(Client(), "ada") == 302


def test_a_second_factor_is_set_up_after_the_password(
    browser: Client, person: User, phone: Phone
) -> None:
    first = browser.get(APP)
    assert first["Location"].startswith("/people/me/confirm/?next=")
    assert confirm(browser, APP) == APP
    begin_app(browser, phone)

    answer = browser.post(APP, {"code": phone.code()})

    assert answer["Location"] == CODES
    assert has_app(person)
    assert "user.second_factor_on" in kinds()
    stranger = Client()
    assert sign_in(stranger, "ada") == 302
    assert stranger.get("/people/me/").status_code == 302


def test_a_wrong_first_code_turns_nothing_on(browser: Client, person: User, phone: Phone) -> None:
    confirm(browser)
    begin_app(browser, phone)

    answer = browser.post(APP, {"code": phone.wrong_code()})

    assert "That code is not right" in text_of(answer)
    assert not has_app(person)


def test_the_page_shows_a_picture_that_the_policy_lets_through(browser: Client) -> None:
    confirm(browser)

    answer = browser.get(APP)

    page = answer.content.decode()
    drawn = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert drawn
    assert b"<svg" in base64.b64decode(drawn.group(1))
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]


def test_recovery_codes_are_shown_after_setting_up_and_lead_on(
    browser: Client, person: User, phone: Phone
) -> None:
    confirm(browser)
    begin_app(browser, phone)
    answer = browser.post(APP, {"code": phone.code(), "next": "/people/me/sessions/"})

    page = browser.get(answer["Location"])

    assert answer["Location"] == f"{CODES}?next=%2Fpeople%2Fme%2Fsessions%2F"
    assert len(re.findall(r"<li>\d{8}</li>", page.content.decode())) == 10
    assert 'href="/people/me/sessions/"' in page.content.decode()


def test_secrets_lie_sealed_in_the_database(person: User) -> None:
    codes = give_second_factor(person)

    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert not any(code in stored for code in codes)


def test_a_changed_key_is_explained_and_an_old_one_still_opens(
    client: Client, person: User, phone: Phone
) -> None:
    give_second_factor(person)

    with override_settings(SECRET_KEY="another"):
        sign_in(client, "ada")
        answer = client.post("/login/code/", {"code": phone.code()})
        assert "the key of this farm was changed" in text_of(answer)

    with override_settings(SECRET_KEY="another", SECRET_KEY_FALLBACKS=[project.SECRET_KEY]):
        sign_in_with(Client(), "ada", phone)


def test_who_has_a_second_factor_confirms_with_it_and_not_with_the_password(
    client: Client, person: User, phone: Phone
) -> None:
    give_second_factor(person)
    sign_in_with(client, "ada", phone)

    asked = client.get(f"{APP}remove/")
    by_password = client.post("/people/me/confirm/", {"password": PASSWORD})

    assert asked["Location"].startswith("/people/me/confirm/code/?next=")
    assert by_password["Location"].startswith("/people/me/confirm/code/")
    assert client.post(f"{APP}remove/").status_code == 303
    assert has_app(person)


def test_a_second_factor_is_removed_with_a_code(
    client: Client, person: User, phone: Phone
) -> None:
    give_second_factor(person)
    sign_in_with(client, "ada", phone)
    client.post("/people/me/confirm/code/", {"code": phone.code(), "next": f"{APP}remove/"})

    answer = client.post(f"{APP}remove/")

    assert answer["Location"] == "/people/me/second-factor/"
    assert not Authenticator.objects.exists()
    assert kinds()[-1] == "user.second_factor_off"


def test_new_recovery_codes_replace_the_old(client: Client, person: User, phone: Phone) -> None:
    old = give_second_factor(person)
    sign_in_with(client, "ada", phone)
    client.post("/people/me/confirm/code/", {"code": phone.code()})

    client.post(f"{CODES}new/")

    page = client.get(CODES).content.decode()
    assert not any(code in page for code in old)
    assert kinds()[-1] == "user.recovery_codes_made"
    assert client.get(f"{CODES}recovery-codes.txt")["Content-Type"].startswith("text/plain")


@pytest.mark.django_db(transaction=True)
def test_messages_say_what_happened(browser: Client, phone: Phone) -> None:
    confirm(browser)
    begin_app(browser, phone)
    browser.post(APP, {"code": phone.code()})

    page = text_of(browser.get(CODES))

    assert "The second factor is on." in page
    assert "These are your recovery codes." in page


def test_the_admins_own_page_for_passwords_leads_to_ours(
    client: Client, operator: User, phone: Phone
) -> None:
    sign_in_with(client, "olga", phone)

    assert client.get("/admin/password_change/")["Location"] == "/people/me/password/"


@pytest.mark.parametrize("tab", ["", "password/", "second-factor/", "sessions/"])
def test_own_pages_take_few_queries(
    browser: Client, tab: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get("/people/me/")

    with django_assert_max_num_queries(6):
        assert browser.get(f"/people/me/{tab}").status_code == 200
