"""Who may see which page, and what everybody else is told."""

from datetime import datetime

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.pages.farms import PASSWORD, Farm, make_farm, make_user

pytest_plugins = ("tests.pages.fixtures",)

PIECES = ("account", "account-equity")


class Away:
    """A database that does not answer."""

    def cursor(self) -> None:
        raise OperationalError("no server")


@pytest.mark.parametrize("piece", PIECES)
def test_a_stranger_is_sent_to_the_login_page(client: Client, farm: Farm, piece: str) -> None:
    address = reverse(piece, args=[farm.account.id])

    answer = client.get(address)

    assert answer.status_code == 302
    assert answer["Location"] == f"/login/?next={address}"


def test_the_first_page_wants_a_login(db: None, client: Client) -> None:
    answer = client.get("/")

    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/"


@pytest.mark.parametrize("piece", PIECES)
def test_the_account_of_somebody_else_is_not_found(
    trader: Client, wall: datetime, piece: str
) -> None:
    other = make_farm(owner=make_user("other"), wall=wall)

    answer = trader.get(reverse(piece, args=[other.account.id]))

    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


@pytest.mark.parametrize("piece", PIECES)
def test_a_superuser_too_sees_only_own_accounts(client: Client, farm: Farm, piece: str) -> None:
    client.force_login(make_user("operator", staff=True))

    answer = client.get(reverse(piece, args=[farm.account.id]))

    assert answer.status_code == 404


@pytest.mark.parametrize("piece", PIECES)
def test_pages_can_only_be_read(trader: Client, farm: Farm, piece: str) -> None:
    answer = trader.post(reverse(piece, args=[farm.account.id]))

    assert answer.status_code == 405


def test_the_right_password_opens_the_dashboard(client: Client, farm: Farm) -> None:
    answer = client.post(
        "/login/", {"username": "trader", "password": PASSWORD, "next": "/"}, follow=True
    )

    assert answer.redirect_chain == [("/", 302)]
    assert "Dashboard of Demo" in answer.content.decode()


def test_a_wrong_password_says_so_and_keeps_the_name(client: Client, farm: Farm) -> None:
    answer = client.post("/login/", {"username": "trader", "password": "wrong"})

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "That did not work." in page
    assert 'value="trader"' in page
    assert "wrong" not in page


def test_missing_fields_are_named_beside_the_field(db: None, client: Client) -> None:
    answer = client.post("/login/", {"username": "", "password": ""})

    page = answer.content.decode()
    assert "Type your name." in page
    assert "Type your password." in page


def test_a_login_leads_to_no_other_site(client: Client, farm: Farm) -> None:
    answer = client.post(
        "/login/",
        {"username": "trader", "password": PASSWORD, "next": "https://elsewhere.example/"},
    )

    assert answer["Location"] == "/"


def test_signing_out_takes_a_form(trader: Client) -> None:
    read, sent = trader.get("/logout/"), trader.post("/logout/")

    assert read.status_code == 405
    assert sent["Location"] == "/login/"
    assert trader.get("/").status_code == 302


def test_health_is_answered_without_database_and_login(client: Client) -> None:
    # This test has no access to the database: a query would fail it.
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok")


def test_readiness_asks_the_database(db: None, client: Client) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.content) == (200, b"ok")


def test_readiness_is_refused_while_the_database_is_away(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradingfarm.views.connection", Away())

    answer = client.get("/readyz")

    assert (answer.status_code, answer.content) == (503, b"no database")


def test_an_unknown_address_is_a_page_of_ours(db: None, client: Client) -> None:
    answer = client.get("/nowhere/")

    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


def test_a_failure_is_a_page_of_ours_that_needs_no_database(
    trader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("tradingfarm.pages.frame.account_page", broken)
    trader.raise_request_exception = False

    answer = trader.get("/")

    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_a_form_without_its_mark_is_refused_by_a_page_of_ours(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post("/login/", {"username": "trader", "password": PASSWORD})

    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/", "/login/", "/login/password/", "/people/me/", "/nowhere/", "/admin/login/"],
)
def test_pages_carry_the_strict_policy(trader: Client, address: str) -> None:
    policy = trader.get(address).headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "address", ["/", "/login/", "/login/password/", "/people/me/", "/nowhere/"]
)
def test_pages_have_no_inline_script_or_style(trader: Client, busy: Farm, address: str) -> None:
    if address.startswith("/login/"):
        trader.logout()

    page = trader.get(address).content.decode()

    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("<script src=")
