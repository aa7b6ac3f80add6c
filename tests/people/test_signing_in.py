"""Signing in: by password, by a second factor, and not too often."""

from typing import Any

import pytest
from django.test import Client

from tests.pages.farms import PASSWORD
from tests.pages.reading import text_of
from tests.people.phones import Phone, give_second_factor, sign_in, sign_in_with
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import User

pytest_plugins = ("tests.people.fixtures",)


def address(number: int) -> dict[str, Any]:
    """As if from another machine each time, so that only the name is what tries have in common."""
    return {"REMOTE_ADDR": f"192.0.2.{number}"}


def signed_in(client: Client) -> bool:
    return client.get("/people/me/").status_code == 200


def test_a_name_and_a_password_sign_in(client: Client, person: User) -> None:
    answer = client.post("/login/", {"username": "ada", "password": PASSWORD})

    assert answer["Location"] == "/"
    assert signed_in(client)


def test_a_sign_in_is_journaled_with_what_proved_it(client: Client, person: User) -> None:
    client.post(
        "/login/",
        {"username": "ada", "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"},
    )

    event = JournalEvent.objects.get(kind="user.signed_in")
    assert (event.stream, event.actor, event.subject) == (
        "farm",
        "person:ada",
        f"person:{person.pk}",
    )
    assert event.payload == {
        "name": "ada",
        "by": ["password"],
        "address": "127.0.0.1",
        "browser": "Firefox on Linux",
    }


def test_capital_letters_of_the_name_do_not_matter(client: Client, person: User) -> None:
    assert sign_in(client, "Ada") == 302


def test_a_stranger_and_a_wrong_password_are_told_the_same(client: Client, person: User) -> None:
    known = client.post("/login/", {"username": "ada", "password": "wrong"})
    unknown = client.post("/login/", {"username": "nobody", "password": "wrong"})

    assert text_of(known) == text_of(unknown)
    assert "do not belong together" in text_of(known)


@pytest.mark.parametrize(
    "place",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "https:///elsewhere.example",
        "http://localhost/",
        "javascript:alert(1)",
        "\\\\elsewhere.example",
    ],
)
def test_next_stays_here(client: Client, person: User, place: str) -> None:
    sent = {"username": "ada", "password": PASSWORD, "next": place}

    assert client.post("/login/", sent)["Location"] == "/"


def test_one_goes_on_where_one_wanted_to(client: Client, person: User, phone: Phone) -> None:
    give_second_factor(person)

    client.post("/login/", {"username": "ada", "password": PASSWORD, "next": "/people/me/"})
    answer = client.post("/login/code/", {"code": phone.code()})

    assert answer["Location"] == "/people/me/"


def test_the_sixth_wrong_try_for_a_name_is_refused_from_wherever_it_comes(
    client: Client, person: User
) -> None:
    tries = [sign_in(client, "ada", "wrong", **address(number)) for number in range(6)]

    assert tries == [200] * 5 + [429]
    right = client.post("/login/", {"username": "ada", "password": PASSWORD}, **address(7))
    assert "Wait five minutes" in text_of(right)
    assert not signed_in(client)


def test_another_spelling_of_the_host_is_no_further_try(client: Client, person: User) -> None:
    hosts = ["localhost", "localhost:1", "LOCALHOST", "localhost:2", "localhost:3", "localhost:4"]

    tries = [
        sign_in(client, "ada", "wrong", HTTP_HOST=host, **address(number))
        for number, host in enumerate(hosts)
    ]

    assert tries == [200] * 5 + [429]


def test_wrong_tries_for_one_name_do_not_keep_another_out(
    client: Client, person: User, operator: User
) -> None:
    for number in range(6):
        sign_in(client, "ada", "wrong", **address(number))

    assert sign_in(client, "olga", **address(8)) == 302


def test_an_address_that_tries_many_names_is_held_off(client: Client, person: User) -> None:
    tries = [sign_in(client, f"name-{number}", "wrong") for number in range(11)]

    assert tries == [200] * 10 + [429]


def test_an_address_that_only_sends_forms_is_held_off_by_a_page_of_ours(
    client: Client, person: User
) -> None:
    answers = [client.post("/login/", {"username": "", "password": ""}) for _ in range(31)]

    assert [answer.status_code for answer in answers[:30]] == [200] * 30
    assert answers[30].status_code == 429
    assert "Too many tries" in text_of(answers[30])


def test_a_right_sign_in_does_not_use_up_tries(client: Client, person: User) -> None:
    for number in range(8):
        assert sign_in(client, "ada", **address(number)) == 302
        client.post("/logout/")


def test_with_a_second_factor_the_password_alone_is_not_enough(
    client: Client, person: User, phone: Phone
) -> None:
    give_second_factor(person)

    answer = client.post("/login/", {"username": "ada", "password": PASSWORD})

    assert answer["Location"] == "/login/code/"
    assert not signed_in(client)


def test_the_code_of_the_app_signs_in(client: Client, person: User, phone: Phone) -> None:
    give_second_factor(person)

    sign_in_with(client, "ada", phone)

    assert signed_in(client)
    by = JournalEvent.objects.get(kind="user.signed_in").payload["by"]
    assert by == ["password", "totp"]


def test_a_code_works_once(client: Client, person: User, phone: Phone) -> None:
    give_second_factor(person)
    sign_in(client, "ada")
    client.post("/login/code/", {"code": phone.code()})
    client.post("/logout/")

    sign_in(client, "ada")
    answer = client.post("/login/code/", {"code": phone.code()})

    assert "it was used before" in text_of(answer)
    assert not signed_in(client)


def test_codes_cannot_be_guessed(client: Client, person: User, phone: Phone) -> None:
    give_second_factor(person)
    sign_in(client, "ada")
    tries = [
        client.post("/login/code/", {"code": phone.wrong_code()}, **address(number)).status_code
        for number in range(6)
    ]

    assert tries == [200] * 5 + [429]
    assert client.post("/login/code/", {"code": phone.code()}, **address(9)).status_code == 429
    assert not signed_in(client)


def test_a_recovery_code_works_once(client: Client, person: User, phone: Phone) -> None:
    code = give_second_factor(person)[3]
    sign_in(client, "ada")
    client.post("/login/code/", {"code": code})
    assert signed_in(client)
    client.post("/logout/")

    sign_in(client, "ada")
    answer = client.post("/login/code/", {"code": code})

    assert answer.status_code == 200
    assert not signed_in(client)


def test_the_second_step_without_the_first_leads_to_the_first(client: Client, db: None) -> None:
    answer = client.get("/login/code/")

    assert answer["Location"] == "/login/"


def test_somebody_switched_off_is_told_so_after_the_right_password(
    client: Client, person: User
) -> None:
    person.is_active = False
    person.save()

    answer = client.post("/login/", {"username": "ada", "password": PASSWORD}, follow=True)

    assert "Your account is switched off" in text_of(answer)
    assert not signed_in(client)


def test_the_admin_asks_for_the_second_factor_too(
    client: Client, operator: User, phone: Phone
) -> None:
    answer = client.get("/admin/login/?next=/admin/people/user/")
    assert answer["Location"] == "/login/?next=%2Fadmin%2Fpeople%2Fuser%2F"
    assert client.post("/admin/login/", {"username": "olga", "password": PASSWORD})[
        "Location"
    ].startswith("/login/")
    assert client.get("/admin/").status_code == 302

    sign_in_with(client, "olga", phone)

    assert client.get("/admin/").status_code == 200


def test_a_trader_gets_no_page_of_the_admin(client: Client, person: User) -> None:
    sign_in(client, "ada")

    assert client.get("/admin/login/").status_code == 403
    assert client.get("/admin/").status_code == 302


def test_signing_out_takes_a_form_and_ends_the_session(client: Client, person: User) -> None:
    sign_in(client, "ada")

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert not signed_in(client)


def test_nobody_signs_up(client: Client, db: None) -> None:
    for path in ("/accounts/signup/", "/people/signup/", "/signup/"):
        assert client.get(path).status_code == 404
