"""The operator's pages: who is here, who may what, and who no longer."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.pages.farms import make_user
from tests.pages.reading import text_of
from tests.people.phones import Phone, give_second_factor, has_app, sign_in, sign_in_with
from tests.racing import race
from tradingfarm.kernel.clock import ManualClock, SystemClock
from tradingfarm.kernel.journal import verify
from tradingfarm.kernel.models import JournalEvent, JournalStream
from tradingfarm.people.domain.refusals import Refusal
from tradingfarm.people.models import PasswordLink, Role, User
from tradingfarm.people.services.people import Standing, change_person

pytest_plugins = ("tests.people.fixtures",)

NEW = "a new horse, 43 of them"
PLACES = ("link", "switch", "second-factor", "sessions")


def invitation(**changes: object) -> dict[str, object]:
    return {"name": "bob", "role": "trader", "desk": "", "email": "", **changes}


def standing(person: User, **changes: object) -> dict[str, object]:
    known = {"role": person.role, "desk": person.desk_id or "", "email": person.email}
    return known | changes


def link_in(answer: Any) -> str:
    found = re.search(r'value="http://testserver(/login/link/[^"]+)"', answer.content.decode())
    assert found
    return found.group(1)


def events(kind: str) -> list[JournalEvent]:
    return list(JournalEvent.objects.filter(kind=kind, stream="farm").order_by("id"))


def test_everybody_is_listed_with_what_an_operator_asks(office: Client, person: User) -> None:
    person.desk = User.objects.get(username="olga")
    person.email = "ada@example.org"
    person.save()
    make_user("gone")
    User.objects.filter(username="gone").update(is_active=False)

    page = text_of(office.get("/people/"))

    assert "ada ada@example.org Trader olga Never No Active" in page
    assert re.search(r"olga Operator Their own \d+ \w+ 2\d{3}, \d\d:\d\d Yes Active", page)
    assert "gone Trader Their own Never No Switched off 3 people" in page


def test_people_are_found_by_a_part_of_name_or_address(office: Client, person: User) -> None:
    page = text_of(office.get("/people/?q=AD"))
    assert "1 person" in page
    assert "ada" in page

    assert "Nobody is called that" in text_of(office.get("/people/?q=zzz"))


def test_many_people_take_pages_and_no_more_queries(
    office: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create(User(username=f"p{number:03}", password="!") for number in range(120))

    with django_assert_max_num_queries(6):
        page = text_of(office.get("/people/?page=2"))

    assert "p060" in page
    assert "Before Next" in page


def test_a_viewer_is_invited_to_somebodys_desk(office: Client) -> None:
    answer = office.post("/people/invite/", invitation(role="viewer", desk=""))

    assert "Choose whose desk" in text_of(answer)
    assert not User.objects.filter(username="bob").exists()


def test_an_invited_person_signs_in_by_the_link(office: Client, operator: User) -> None:
    answer = office.post(
        "/people/invite/",
        invitation(role="viewer", desk=operator.pk, email="Bob@Example.org"),
    )

    assert "A link for bob" in text_of(answer)
    bob = User.objects.get(username="bob")
    assert (bob.role, bob.desk_id, bob.email) == ("viewer", operator.pk, "bob@example.org")
    assert not bob.is_staff
    browser = Client()
    browser.post(link_in(answer), {"password1": NEW, "password2": NEW})
    assert sign_in(browser, "bob", NEW) == 302
    assert "You may read everything, change nothing" in text_of(browser.get("/people/me/"))


def test_an_invitation_is_journaled_without_its_secret(office: Client) -> None:
    answer = office.post("/people/invite/", invitation(email="bob@example.org"))

    (event,) = events("user.invited")
    bob = User.objects.get(username="bob")
    assert (event.actor, event.subject) == ("person:olga", f"person:{bob.pk}")
    assert event.payload == {"name": "bob", "role": "trader", "desk": None}
    assert link_in(answer).split("/")[-2] not in event.entry
    assert "example.org" not in event.entry


def test_an_operator_who_is_invited_may_open_the_admin(office: Client) -> None:
    office.post("/people/invite/", invitation(role="operator"))

    bob = User.objects.get(username="bob")
    assert (bob.is_staff, bob.is_superuser) == (True, True)


def test_a_link_is_shown_once(office: Client) -> None:
    link = link_in(office.post("/people/invite/", invitation()))

    bob = User.objects.get(username="bob")
    assert link not in office.get(f"/people/{bob.pk}/").content.decode()
    assert "A link is open until" in text_of(office.get(f"/people/{bob.pk}/"))
    assert "bob Trader Their own Never No Invited" in text_of(office.get("/people/"))


def test_an_invitation_that_ran_out_is_seen(office: Client) -> None:
    office.post("/people/invite/", invitation())
    PasswordLink.objects.update(expires_at=SystemClock().now() - timedelta(seconds=1))

    assert "bob Trader Their own Never No Invitation ran out" in text_of(office.get("/people/"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "ADA"}, "Somebody has that name already"),
        ({"name": ""}, "This field is required"),
        ({"name": "a b"}, "Enter a valid username"),
        ({"name": "x" * 61}, "at most 60 characters"),
        ({"role": "king"}, "Select a valid choice"),
        ({"desk": "999999"}, "Select a valid choice"),
        ({"email": "nowhere"}, "Enter a valid email address"),
        ({"email": "ADA@example.org"}, "belongs to somebody else"),
    ],
)
def test_a_bad_invitation_says_why_and_keeps_what_was_typed(
    office: Client, person: User, changes: dict[str, object], problem: str
) -> None:
    person.email = "ada@example.org"
    person.save()

    answer = office.post("/people/invite/", invitation(**{"email": "kept@example.org"} | changes))

    assert problem in text_of(answer)
    assert User.objects.count() == 2
    if "email" not in changes:
        assert "kept@example.org" in answer.content.decode()


def test_a_changed_role_is_journaled_and_holds_at_once(office: Client, person: User) -> None:
    browser = Client()
    sign_in(browser, "ada")
    assert browser.get("/people/").status_code == 403

    answer = office.post(f"/people/{person.pk}/", standing(person, role="operator"))

    assert answer.status_code == 303
    assert browser.get("/people/").status_code == 200
    (event,) = events("user.changed")
    assert (event.actor, event.subject) == ("person:olga", f"person:{person.pk}")
    assert event.payload == {
        "name": "ada",
        "before": {"role": "trader", "desk": None},
        "after": {"role": "operator", "desk": None},
        "new_mail": False,
    }
    assert verify(JournalStream.objects.get(name="farm")) is None


def test_who_is_no_operator_any_more_loses_the_admin(office: Client, person: User) -> None:
    office.post(f"/people/{person.pk}/", standing(person, role="operator"))
    person.refresh_from_db()
    assert person.is_staff

    office.post(f"/people/{person.pk}/", standing(person, role="viewer"))

    person.refresh_from_db()
    assert (person.role, person.is_staff, person.is_superuser) == ("viewer", False, False)


def test_nobody_changes_their_own_role(office: Client, operator: User) -> None:
    answer = office.post(f"/people/{operator.pk}/", standing(operator, role="viewer"))

    assert Refusal.YOURSELF in text_of(answer)
    operator.refresh_from_db()
    assert operator.role == Role.OPERATOR


def test_ones_own_mail_address_can_be_changed(office: Client, operator: User) -> None:
    office.post(f"/people/{operator.pk}/", standing(operator, email="olga@example.org"))

    operator.refresh_from_db()
    assert operator.email == "olga@example.org"
    assert operator.is_staff


def test_a_desk_belongs_to_somebody_who_has_none(
    office: Client, operator: User, person: User
) -> None:
    other = make_user("other")
    office.post(f"/people/{person.pk}/", standing(person, desk=other.pk))
    person.refresh_from_db()
    assert person.desk_id == other.pk

    to_a_chain = office.post("/people/invite/", invitation(desk=person.pk))
    from_under = office.post(f"/people/{other.pk}/", standing(other, desk=operator.pk))

    assert "Select a valid choice" in text_of(to_a_chain)
    assert Refusal.DESK_IN_USE in text_of(from_under)


def test_somebody_switched_off_is_out_at_once_and_can_come_back(
    office: Client, person: User
) -> None:
    browser = Client()
    sign_in(browser, "ada")

    office.post(f"/people/{person.pk}/switch/", {"active": "no"})

    assert browser.get("/people/me/").status_code == 302
    assert sign_in(Client(), "ada") == 302
    assert Client().get("/people/me/").status_code == 302
    office.post(f"/people/{person.pk}/switch/", {"active": "yes"})
    again = Client()
    sign_in(again, "ada")
    assert again.get("/people/me/").status_code == 200
    assert browser.get("/people/me/").status_code == 302
    assert len(events("user.switched_off")) == len(events("user.switched_on")) == 1


def test_nobody_switches_themselves_off(office: Client, operator: User) -> None:
    answer = office.post(f"/people/{operator.pk}/switch/", {"active": "no"}, follow=True)

    assert Refusal.YOURSELF in text_of(answer)
    operator.refresh_from_db()
    assert operator.is_active


def test_a_new_link_lets_a_person_in_again(office: Client, person: User) -> None:
    answer = office.post(f"/people/{person.pk}/link/")

    browser = Client()
    browser.post(link_in(answer), {"password1": NEW, "password2": NEW})
    assert sign_in(browser, "ada", NEW) == 302
    (event,) = events("user.link_made")
    assert event.actor == "person:olga"


def test_somebody_switched_off_gets_no_link(office: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=False)

    answer = office.post(f"/people/{person.pk}/link/", follow=True)

    assert "Switch them on first" in text_of(answer)
    assert not PasswordLink.objects.exists()


def test_a_lost_second_factor_is_removed(office: Client, person: User) -> None:
    give_second_factor(person)

    answer = office.post(f"/people/{person.pk}/second-factor/", follow=True)

    assert "signs in with the password alone" in text_of(answer)
    assert not has_app(person)
    (event,) = events("user.second_factor_off")
    assert event.actor == "person:olga"


def test_an_operator_signs_somebody_out_everywhere(office: Client, person: User) -> None:
    browser = Client()
    sign_in(browser, "ada")

    answer = office.post(f"/people/{person.pk}/sessions/", follow=True)

    assert "ada is signed out: 1 session ended" in text_of(answer)
    assert browser.get("/people/me/").status_code == 302


def test_what_happened_to_a_person_is_told_on_their_page(office: Client, person: User) -> None:
    office.post(f"/people/{person.pk}/", standing(person, role="viewer"))

    assert "user.changed by person:olga" in text_of(office.get(f"/people/{person.pk}/"))


def test_a_person_that_is_not_there_is_not_found(office: Client) -> None:
    for number in (0, 2**62):
        assert office.get(f"/people/{number}/").status_code == 404
        for place in PLACES:
            assert office.post(f"/people/{number}/{place}/").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.TRADER])
def test_only_operators_come_here(client: Client, person: User, role: Role) -> None:
    person.role = role.value
    person.save()
    sign_in(client, "ada")

    for path in ("/people/", "/people/invite/", f"/people/{person.pk}/"):
        assert client.get(path).status_code == 403
    for place in PLACES:
        assert client.post(f"/people/{person.pk}/{place}/").status_code == 403
    assert '/people/"' not in client.get("/people/me/").content.decode()


def test_changing_people_takes_a_second_factor(
    client: Client, person: User, operator: User, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_with(client, "olga", phone)
    clock = ManualClock(SystemClock().now() + timedelta(minutes=6))
    monkeypatch.setattr("tradingfarm.people.second_factor.CLOCK", clock)

    assert client.get("/people/").status_code == 200
    for path in (f"/people/{person.pk}/", f"/people/{person.pk}/link/", "/people/invite/"):
        sent = client.post(path, standing(person, role="operator"))
        assert sent["Location"].startswith("/people/me/confirm/code/")
    person.refresh_from_db()
    assert person.role == Role.TRADER
    assert not PasswordLink.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_operators_cannot_unseat_each_other_at_the_same_moment() -> None:
    pair = [make_user("olga"), make_user("otto")]
    User.objects.update(role=Role.OPERATOR)
    viewer = Standing(role=Role.VIEWER, desk_id=None, email="")
    at = SystemClock().now()

    results = race(
        2,
        lambda place: change_person(
            person_id=pair[1 - place].pk,
            standing=viewer,
            by=User.objects.get(pk=pair[place].pk),
            actor="person",
            at=at,
        ),
    )

    assert sorted(map(str, results)) == sorted([str(None), str(Refusal.NOT_OPERATOR)])
    assert User.objects.filter(role=Role.OPERATOR).count() == 1


def test_a_persons_page_takes_few_queries(
    office: Client, person: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        sign_in(Client(), "ada")

    with django_assert_max_num_queries(8):
        office.get(reverse("person", args=[person.pk]))
