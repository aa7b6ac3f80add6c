"""Every address for everybody: as its rule declares, and what is somebody else's is not found.

Generated from the URLconf: a page that is added is tested, and one without a rule fails.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Permission as StaffPermission
from django.db.transaction import atomic, set_rollback
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import DjangoDbBlocker

from tests.pages.addresses import Address, every_address, kwargs_for, missing_kwargs, nameless
from tests.pages.farms import Farm, halt, make_farm, make_user
from tests.pages.guards import guarded
from tests.pages.stories import make_busy
from tests.pages.watching import price_trigger
from tests.served import cookie_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.people.access import Rule
from tradingfarm.people.models import Role, User
from tradingfarm.routing import sockets

pytest_plugins = ("tests.pages.fixtures",)

PEOPLE = ("anonymous", "viewer", "trader", "operator", "another", "staff")
THINGS = ("own", "other", "missing")
ROLES: Mapping[str, Role] = {
    "viewer": Role.VIEWER,
    "trader": Role.TRADER,
    "operator": Role.OPERATOR,
    "another": Role.TRADER,
    "staff": Role.VIEWER,
}
OURS = [address for address in every_address() if address.is_ours]
SIGNED_IN = (200, 302, 303, 400, 409, 422, 429)
"""What whoever may use it is answered: a page, a way on, or what was wrong with a form."""


@dataclass(frozen=True)
class Place:
    """Two farms, and everybody who could knock."""

    own: Farm
    other: Farm
    cookies: Mapping[str, str]

    def kwargs(self, address: Address, thing: str) -> dict[str, object]:
        if thing == "missing" or address.is_secret:
            return missing_kwargs(address)
        return kwargs_for(address, self.own if thing == "own" else self.other)


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Place]:
    """Viewer and operator work at the trader's desk; another trader and the staff do not.

    It takes longer to set up than to be asked, so that all addresses share it.
    """
    with django_db_blocker.unblock(), undone():
        wall = SystemClock().now()
        own = with_everything(make_farm(owner=make_user(), wall=wall))
        other = with_everything(make_farm(owner=make_user("another"), wall=wall, name="Other"))
        people = {"trader": own.owner, "another": other.owner}
        for name in ("viewer", "operator"):
            people[name] = User.objects.create(username=name, role=ROLES[name], desk=own.owner)
        people["staff"] = User.objects.create(username="staff", role=Role.VIEWER, is_staff=True)
        people["staff"].user_permissions.set(StaffPermission.objects.all())
        cookies = {name: cookie_of(person) for name, person in people.items()}
        yield Place(own, other, {"anonymous": ""} | cookies)


@pytest.fixture(autouse=True)
def db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In place of pytest-django's own, which closes the connection, and with it what all share."""
    with django_db_blocker.unblock():
        yield


@contextmanager
def undone() -> Iterator[None]:
    """Everything that is stored meanwhile is gone afterwards: each address is asked alone."""
    outer = atomic()
    vars(outer)["_from_testcase"] = True  # what must begin a transaction of its own still may
    with outer:
        yield
        set_rollback(True)


def with_everything(farm: Farm) -> Farm:
    """A farm with a thing of every kind that an address names."""
    make_busy(farm)
    guarded(farm)
    price_trigger(farm)
    halt(farm)
    with transaction():
        record(
            stream=account_stream(farm.account.id),
            kind="agent.reasoning",
            actor="test",
            payload={},
            at=farm.wall,
        )
    UserSession.objects.create(
        user=farm.owner,
        session_key=cookie_of(farm.owner).partition("=")[2],
        ip="127.0.0.1",
        last_seen_at=farm.wall,
        user_agent="a browser",
        created_at=farm.wall,
    )
    return farm


def test_every_address_of_ours_has_a_name_and_a_rule() -> None:
    without = [
        address.name for address in every_address() if not address.is_ours and not address.is_admin
    ]

    assert nameless() == []
    assert without == []


def test_every_socket_has_a_rule() -> None:
    rules = [getattr(pattern.callback.consumer_class, "rule", None) for pattern in sockets]

    assert all(isinstance(rule, Rule) for rule in rules)


def test_an_address_with_parameters_says_whose_thing_they_name() -> None:
    named = [address for address in OURS if address.kwargs_names and not address.is_secret]
    silent = [address.name for address in named if not owns(address)]

    assert silent == []


def owns(address: Address) -> str:
    return address.rule.owns if address.rule else ""


@pytest.mark.parametrize("address", OURS, ids=lambda address: address.name)
def test_an_address_answers_as_declared(place: Place, address: Address) -> None:
    wrong = []
    for thing in THINGS if address.kwargs_names else ("own",):
        for person in PEOPLE:
            for method in address.rule.methods if address.rule else ():
                answer = knock(place, person, address, thing, method)
                if not is_right(address, person, thing, answer):
                    wrong.append((person, thing, method, answer.status_code))

    assert wrong == []


@pytest.mark.parametrize("address", OURS, ids=lambda address: address.name)
def test_an_address_refuses_what_it_does_not_declare(place: Place, address: Address) -> None:
    declared = address.rule.methods if address.rule else ()
    undeclared = [method for method in ("GET", "POST", "PUT", "DELETE") if method not in declared]

    answers = [knock(place, "operator", address, "own", method) for method in undeclared]

    assert {answer.status_code for answer in answers} <= {405}


def knock(
    place: Place, person: str, address: Address, thing: str, method: str
) -> HttpResponseBase:
    client = Client(raise_request_exception=True, headers={"cookie": place.cookies[person]})
    with undone():
        answer = client.generic(method, path(place, address, thing))
        if answer.streaming:
            answer.getvalue()  # only so many files may be on their way
    return answer


def path(place: Place, address: Address, thing: str) -> str:
    found = address.path(place.kwargs(address, thing))
    if owns(address) == "position" and "account_id" not in address.kwargs_names:
        farm = place.other if thing == "other" else place.own
        return f"{found}?account={farm.account.id}"
    return found


def is_right(address: Address, person: str, thing: str, answer: HttpResponseBase) -> bool:
    """Whether the answer is the one that the address's rule promises."""
    status, rule = answer.status_code, address.rule
    if rule is None or rule.role is None:
        return status not in (403, 500)
    if person == "anonymous":
        return status == 302 and answer["Location"].startswith("/login/")
    if not ROLES[person].includes(rule.role):
        return status == 403
    if rule.owns == "person" and status == 303:
        return True  # a second factor is asked for before anybody is looked up
    owner_only = rule.owns == "browser session"  # a desk shares everything but this
    mine = {
        "own": person == "trader" if owner_only else person not in ("another", "staff"),
        "other": person == "another",
    }
    if address.kwargs_names and is_owned(rule) and not mine.get(thing, False):
        return status == 404
    if thing == "missing":
        return status == 404
    if person == "staff" and status == 404:  # who has no account finds nothing of one
        return not address.kwargs_names
    return status in SIGNED_IN


def is_owned(rule: Rule) -> bool:
    """Instruments belong to nobody, and people of all desks are an operator's business."""
    return rule.owns not in ("", "instrument", "person")
