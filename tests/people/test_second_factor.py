"""Pages that ask for a second factor that is not older than five minutes."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path

from tests.pages.reading import text_of
from tests.people.phones import Phone, give_second_factor, sign_in, sign_in_with
from tradingfarm.kernel.clock import ManualClock, SystemClock
from tradingfarm.people.access import FORM, access
from tradingfarm.people.models import Role, User
from tradingfarm.people.second_factor import ask_second_factor, needs_second_factor

pytest_plugins = ("tests.people.fixtures",)
pytestmark = pytest.mark.urls(__name__)

DONE: list[str] = []


@access(Role.VIEWER, methods=FORM)
@needs_second_factor
def vault(request: HttpRequest) -> HttpResponse:
    DONE.append(str(request.method))
    return HttpResponse("opened")


@access(Role.VIEWER, methods=FORM)
def door(request: HttpRequest) -> HttpResponse:
    asked = ask_second_factor(request, to="resume the account")
    return asked or HttpResponse("resumed")


urlpatterns = [
    path("vault/", vault),
    path("door/", door),
    path("", include("tradingfarm.urls")),
]


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    DONE.clear()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six minutes pass for whoever asks how old a proof is."""
    clock = ManualClock(SystemClock().now() + timedelta(minutes=6))
    monkeypatch.setattr("tradingfarm.people.second_factor.CLOCK", clock)


@pytest.fixture
def keeper(client: Client, person: User, phone: Phone) -> Client:
    """A browser in which both factors were proved a moment ago."""
    give_second_factor(person)
    sign_in_with(client, person.username, phone)
    return client


def test_a_person_without_one_is_sent_to_set_it_up_and_told_what_for(
    client: Client, person: User
) -> None:
    sign_in(client, "ada")

    answer = client.get("/door/")

    assert answer["Location"] == "/people/me/second-factor/app/?next=%2Fdoor%2F"
    client.post("/people/me/confirm/", {"password": "correct horse 42"})
    page = text_of(client.get("/people/me/second-factor/app/"))
    assert "To resume the account you need a second factor" in page


def test_a_proof_of_a_moment_ago_opens(keeper: Client) -> None:
    assert keeper.get("/vault/").content == b"opened"
    assert keeper.post("/vault/").content == b"opened"


def test_a_proof_that_is_six_minutes_old_does_not(keeper: Client, later: None) -> None:
    answer = keeper.get("/vault/?a=1")

    assert answer["Location"] == "/people/me/confirm/code/?next=%2Fvault%2F%3Fa%3D1"
    assert DONE == []


def test_one_comes_back_after_the_code(keeper: Client, later: None, phone: Phone) -> None:
    answer = keeper.post("/people/me/confirm/code/", {"code": phone.code(), "next": "/vault/"})

    assert answer["Location"] == "/vault/"


def test_what_was_sent_too_late_is_never_done_by_itself(
    keeper: Client, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        clock = ManualClock(SystemClock().now() + timedelta(minutes=6))
        patch.setattr("tradingfarm.people.second_factor.CLOCK", clock)
        sent = keeper.post("/vault/", headers={"Referer": "http://testserver/people/me/?q=1"})

    back = keeper.post(sent["Location"], {"code": phone.code()})

    assert sent.status_code == 303
    assert back["Location"] == "/people/me/?q=1"
    assert DONE == []
    assert "Nothing was done yet" in text_of(keeper.get("/people/me/"))


def test_htmx_is_sent_on_by_its_own_header(keeper: Client, later: None) -> None:
    answer = keeper.post(
        "/vault/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/people/me/"},
    )

    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/people/me/confirm/code/?next=%2Fpeople%2Fme%2F"


def test_another_site_is_no_place_to_come_back_to(keeper: Client, later: None) -> None:
    answer = keeper.post("/vault/", headers={"Referer": "https://elsewhere.example/trap"})

    assert answer["Location"] == "/people/me/confirm/code/?next=%2F"


def test_a_stranger_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/vault/")["Location"] == "/login/?next=/vault/"


def test_without_a_person_nothing_is_asked() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    with pytest.raises(PermissionDenied):
        ask_second_factor(request)
