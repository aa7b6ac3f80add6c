"""Passwords that are not known: by mail, by a link that an operator made, by a command."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from tests.pages.farms import PASSWORD, make_user
from tests.pages.reading import text_of
from tests.people.phones import give_second_factor, has_app, sign_in
from tests.racing import race
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.domain.links import LIFETIME
from tradingfarm.people.models import PasswordLink, Role, User
from tradingfarm.people.services.links import make_link, use_link

pytest_plugins = ("tests.people.fixtures",)

NEW = "a new horse, 43 of them"
BOTH = {"password1": NEW, "password2": NEW}


class BrokenServer(EmailBackend):
    """A mail server that does not answer."""

    def send_messages(self, messages: object) -> int:
        raise ConnectionRefusedError("no mail server")


@pytest.fixture
def mailed(settings: Settings, person: User) -> User:
    """A person with a mail address, on a farm that sends mail."""
    settings.SENDS_MAIL = True
    person.email = "ada@example.org"
    person.save()
    return person


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"http://testserver(/login/password/\S+)", str(message.body))
    assert found
    return found.group(1)


def ask(client: Client, address: str = "ada@example.org") -> str:
    answer = client.post("/login/password/", {"email": address}, follow=True)
    return text_of(answer)


def test_without_a_mail_server_the_page_says_whom_to_ask(client: Client, person: User) -> None:
    page = text_of(client.get("/login/password/"))

    assert "This farm sends no mail. Ask an operator" in page
    assert client.post("/login/password/", {"email": "ada@example.org"}).status_code == 303
    assert mail.outbox == []


def test_a_password_is_set_by_mail(client: Client, mailed: User) -> None:
    page = ask(client)
    assert "Look into your mail" in page
    assert mail.outbox[0].to == ["ada@example.org"]
    assert mail.outbox[0].subject == "TradingFarm: Set a new password"

    form = client.get(link_in(mail.outbox[0]), follow=True)
    answer = client.post(form.redirect_chain[-1][0], BOTH)

    assert answer["Location"] == "/login/"
    assert sign_in(Client(), "ada") == 200
    assert sign_in(Client(), "ada", NEW) == 302
    event = JournalEvent.objects.get(kind="user.password_set")
    assert event.payload == {"name": "ada", "how": "mail"}


def test_a_mailed_link_works_once(client: Client, mailed: User) -> None:
    ask(client)
    link = link_in(mail.outbox[0])
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], BOTH)

    answer = Client().get(link)

    assert answer.status_code == 404
    assert "This link is closed" in text_of(answer)


def test_a_mailed_link_ends_other_sessions_and_keeps_the_second_factor(
    client: Client, mailed: User
) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "ada")
    give_second_factor(mailed)
    ask(client)
    form = client.get(link_in(mail.outbox[0]), follow=True)

    client.post(form.redirect_chain[-1][0], BOTH)

    assert elsewhere.get("/people/me/").status_code == 302
    answer = client.post("/login/", {"username": "ada", "password": NEW})
    assert answer["Location"] == "/login/code/"


def test_an_unknown_address_is_answered_the_same_and_gets_no_mail(
    client: Client, mailed: User
) -> None:
    known = ask(client)
    unknown = ask(client, "nobody@example.org")

    assert known == unknown
    assert len(mail.outbox) == 1


def test_a_mail_server_that_is_away_is_no_failure_of_the_page(
    client: Client, mailed: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"

    assert "Look into your mail" in ask(client)
    assert "Mail could not be sent" in caplog.text


def test_mail_is_not_sent_without_end(client: Client, mailed: User) -> None:
    statuses = [
        client.post("/login/password/", {"email": "ada@example.org"}).status_code for _ in range(6)
    ]

    assert statuses == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def a_link(person: User, *, ago: timedelta = timedelta()) -> str:
    return make_link(person=person, actor="person:olga", at=SystemClock().now() - ago)


def test_a_link_sets_a_password_once(client: Client, person: User) -> None:
    secret = a_link(person)
    page = client.get(f"/login/link/{secret}/")
    assert "You sign in as ada" in text_of(page)

    answer = client.post(f"/login/link/{secret}/", BOTH)

    assert answer["Location"] == "/login/"
    assert "Your password is set" in text_of(client.get("/login/"))
    assert sign_in(Client(), "ada", NEW) == 302
    again = client.post(f"/login/link/{secret}/", {"password1": "x" * 12, "password2": "x" * 12})
    assert again.status_code == 404
    assert "This link is closed" in text_of(again)
    assert sign_in(Client(), "ada", NEW) == 302


def test_looking_at_a_link_does_not_use_it(client: Client, person: User) -> None:
    secret = a_link(person)

    for _ in range(3):
        assert client.get(f"/login/link/{secret}/").status_code == 200
    assert client.post(f"/login/link/{secret}/", BOTH).status_code == 303


def test_a_bad_password_does_not_use_a_link_up(client: Client, person: User) -> None:
    secret = a_link(person)

    answer = client.post(f"/login/link/{secret}/", {"password1": "short", "password2": "short"})

    assert "too short" in text_of(answer)
    assert client.post(f"/login/link/{secret}/", BOTH).status_code == 303


def test_a_link_runs_out(client: Client, person: User) -> None:
    fresh = a_link(person, ago=LIFETIME - timedelta(minutes=1))
    assert client.get(f"/login/link/{fresh}/").status_code == 200

    old = a_link(person, ago=LIFETIME + timedelta(seconds=1))

    assert client.get(f"/login/link/{old}/").status_code == 404


def test_a_newer_link_and_a_set_password_close_older_ones(client: Client, person: User) -> None:
    first, second = a_link(person), a_link(person)
    assert client.get(f"/login/link/{first}/").status_code == 404

    sign_in(client, "ada")
    client.post("/people/me/password/", {"oldpassword": PASSWORD, **BOTH})

    assert client.get(f"/login/link/{second}/").status_code == 404


def test_a_link_for_somebody_switched_off_does_nothing(client: Client, person: User) -> None:
    secret = a_link(person)
    person.is_active = False
    person.save()

    assert client.post(f"/login/link/{secret}/", BOTH).status_code == 404


def test_only_the_digest_of_a_link_is_kept(person: User) -> None:
    secret = a_link(person)

    assert secret not in str(PasswordLink.objects.values().get())
    assert secret not in str(list(JournalEvent.objects.values_list("entry", flat=True)))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_link_at_the_same_moment_one_does() -> None:
    secret = a_link(make_user("ada"))
    at = SystemClock().now()

    results = race(4, lambda place: use_link(secret=secret, password=f"horse {place}", at=at))

    assert sum(isinstance(result, User) for result in results) == 1
    assert results.count(None) == 3


def test_a_command_prints_a_link(client: Client, person: User, capsys) -> None:
    call_command("password_link", "ada", address="https://farm.example/")

    printed = capsys.readouterr().out
    path = re.search(r"https://farm\.example(/login/link/\S+/)", printed)
    assert path
    assert client.post(path.group(1), BOTH).status_code == 303


def test_the_first_operator_comes_by_a_command(client: Client, db: None, capsys) -> None:
    call_command("invite_person", "olga", role="operator")

    path = re.search(r"http://127\.0\.0\.1:8000(/login/link/\S+/)", capsys.readouterr().out)
    assert path
    client.post(path.group(1), BOTH)
    assert sign_in(client, "olga", NEW) == 302
    assert User.objects.get().role == Role.OPERATOR
    assert client.get("/people/").status_code == 200
    assert client.get("/admin/").status_code == 200


def test_a_command_removes_a_lost_second_factor(person: User, capsys) -> None:
    give_second_factor(person)

    call_command("remove_second_factor", "ada")

    assert not has_app(person)
    assert JournalEvent.objects.get(kind="user.second_factor_off").actor.startswith("shell:")


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("password_link", "nobody"), "Nobody is called nobody. There are: ada."),
        (("remove_second_factor", "ada"), "ada has no second factor."),
        (("invite_person", "ADA"), "Somebody has that name already"),
        (("invite_person", "a b"), "name: Enter a valid username."),
        (("invite_person", "new", "--desk", "nobody"), "Nobody is called nobody"),
        (("invite_person", "new", "--email", "nowhere"), "email: Enter a valid email address."),
    ],
)
def test_commands_say_what_is_wrong(person: User, command: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CommandError, match=re.escape(problem)):
        call_command(*command)
