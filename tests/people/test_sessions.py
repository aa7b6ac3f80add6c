"""Where a person is signed in, and that ending a session really ends it."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.pages.farms import make_user
from tests.pages.reading import text_of
from tests.people.phones import sign_in
from tradingfarm.kernel.clock import ManualClock, SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import User

pytest_plugins = ("tests.people.fixtures",)

PHONE: dict[str, Any] = {
    "HTTP_USER_AGENT": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18 Safari/604.1"
}


@pytest.fixture
def browser(client: Client, person: User) -> Client:
    sign_in(client, person.username)
    return client


@pytest.fixture
def telephone(person: User) -> Client:
    """The same person on another machine."""
    client = Client(REMOTE_ADDR="192.0.2.7", **PHONE)
    sign_in(client, person.username)
    return client


def session_of(client: Client) -> UserSession:
    found: UserSession = UserSession.objects.get(session_key=client.session.session_key)
    return found


def is_signed_in(client: Client) -> bool:
    return client.get("/people/me/").status_code == 200


def test_every_session_is_listed_with_browser_and_address(
    browser: Client, telephone: Client
) -> None:
    page = text_of(browser.get("/people/me/sessions/"))

    assert "Safari on iPhone 192.0.2.7" in page
    assert "An unknown browser This one 127.0.0.1" in page


def test_an_ended_session_is_a_strangers(browser: Client, telephone: Client) -> None:
    assert is_signed_in(telephone)

    answer = browser.post(f"/people/me/sessions/{session_of(telephone).pk}/end/")

    assert answer.status_code == 303
    assert not is_signed_in(telephone)
    assert is_signed_in(browser)
    assert Session.objects.count() == 1
    event = JournalEvent.objects.get(kind="user.session_ended")
    assert event.payload == {"name": "ada", "address": "192.0.2.7", "browser": "Safari on iPhone"}


def test_all_others_are_ended_at_once(browser: Client, telephone: Client, person: User) -> None:
    third = Client()
    sign_in(third, "ada")

    page = text_of(browser.post("/people/me/sessions/end/", follow=True))

    assert [is_signed_in(each) for each in (browser, telephone, third)] == [True, False, False]
    assert "2 sessions have ended" in page


def test_somebody_elses_session_is_not_there(browser: Client, person: User) -> None:
    make_user("other")
    other = Client()
    sign_in(other, "other")

    answer = browser.post(f"/people/me/sessions/{session_of(other).pk}/end/")

    assert answer.status_code == 404
    assert is_signed_in(other)


def test_a_session_that_was_ended_while_a_page_was_made_does_not_come_back(
    browser: Client, telephone: Client
) -> None:
    ended = session_of(telephone)
    browser.post(f"/people/me/sessions/{ended.pk}/end/")

    telephone.get("/people/me/")

    assert not Session.objects.filter(session_key=ended.session_key).exists()
    assert "iPhone" not in text_of(browser.get("/people/me/sessions/"))


def test_last_seen_moves_once_a_minute_and_not_more_often(
    browser: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    clock = ManualClock(SystemClock().now() + timedelta(hours=1))
    monkeypatch.setattr("tradingfarm.people.middleware.CLOCK", clock)
    browser.get("/people/me/")
    seen = session_of(browser).last_seen_at

    clock.sleep(59)
    browser.get("/people/me/")
    assert session_of(browser).last_seen_at == seen == clock.now() - timedelta(seconds=59)

    clock.sleep(2)
    browser.get("/people/me/")
    assert session_of(browser).last_seen_at == clock.now()


def test_a_session_that_nobody_noted_is_listed_once_it_is_used(
    client: Client, person: User
) -> None:
    client.force_login(person)
    assert not UserSession.objects.exists()

    client.get("/people/me/")

    assert session_of(client).user_id == person.pk


def test_a_session_that_ran_out_is_not_listed(browser: Client, telephone: Client) -> None:
    key = session_of(telephone).session_key
    Session.objects.filter(session_key=key).update(expire_date=SystemClock().now())

    assert "iPhone" not in text_of(browser.get("/people/me/sessions/"))


def test_more_sessions_take_no_more_queries(
    browser: Client, person: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        sign_in(Client(), "ada")
    browser.get("/people/me/")

    with django_assert_max_num_queries(6):
        page = browser.get("/people/me/sessions/")

    assert page.content.decode().count("<tr>") == 14
