"""Every address for everybody: as its rule declares, and what is somebody else's is not found.

Generated from the URLconf: a page that is added is tested, and one without a rule fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission as StaffPermission
from django.http import HttpResponse
from django.test import Client

from tests.pages.addresses import Address, every_address, kwargs_for, missing_kwargs, nameless
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
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
"""What an address answers to whoever may use it: a page, a way on, or what was wrong with a form."""


@dataclass(frozen=True)
class Place:
    """Two farms, and everybody who could knock."""

    own: Farm
    other: Farm
    people: Mapping[str, User | None]

    def kwargs(self, address: Address, thing: str) -> dict[str, object]:
        if thing == "missing":
            return missing_kwargs(address)
        return kwargs_for(address, self.own if thing == "own" else self.other)


@pytest.fixture
def place(farm: Farm) -> Place:
    """Viewer and operator work at the trader's desk; another trader and the staff do not."""
    own = make_busy(farm)
    other = make_busy(make_farm(owner=make_user("another"), wall=farm.wall, name="Other"))
    people: dict[str, User | None] = {
        "anonymous": None,
        "trader": own.owner,
        "another": other.owner,
    }
    for name in ("viewer", "operator"):
        people[name] = User.objects.create(username=name, role=ROLES[name], desk=own.owner)
    staff = User.objects.create(username="staff", role=Role.VIEWER, is_staff=True)
    staff.user_permissions.set(StaffPermission.objects.all())
    return Place(own, other, people | {"staff": staff})


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
    silent = [address.name for address in OURS if address.kwargs_names and not owns(address)]

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


def knock(place: Place, person: str, address: Address, thing: str, method: str) -> HttpResponse:
    client = Client(raise_request_exception=True)
    user = place.people[person]
    if user is not None:
        client.force_login(user)
    return client.generic(method, address.path(place.kwargs(address, thing)))


def is_right(address: Address, person: str, thing: str, answer: HttpResponse) -> bool:
    """Whether the answer is the one that the address's rule promises."""
    status, rule = answer.status_code, address.rule
    if rule is None or rule.role is None:
        return status not in (403, 500)
    if person == "anonymous":
        return status == 302 and answer["Location"].startswith("/login/")
    if not ROLES[person].includes(rule.role):
        return status == 403
    mine = {"own": person not in ("another", "staff"), "other": person == "another"}
    if address.kwargs_names and is_owned(rule) and not mine.get(thing, False):
        return status == 404
    if thing == "missing":
        return status == 404
    return status in SIGNED_IN


def is_owned(rule: Rule) -> bool:
    """Instruments belong to nobody: everybody who is signed in may look at a market."""
    return rule.owns not in ("", "instrument")
