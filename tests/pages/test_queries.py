"""Every page that is opened by GET asks few questions, and no more when there is more to show.

The pages are those of the URLconf: one that is added is asked here without being named.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.pages.addresses import Address, NoSuchThing, every_address, nameless, path_for
from tests.pages.big_farm import Size, grow
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
from tradingfarm.kernel.journal import verify
from tradingfarm.kernel.models import JournalStream
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)

FEW, MANY = Size.of(3), Size.of(30)
MOST, MOST_IN_ADMIN = 12, 20


@dataclass(frozen=True)
class Asked:
    """What opening an address came to."""

    status: int
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Grown:
    """A farm, and a person who may open everything of it, the admin too."""

    farm: Farm
    person: User


@pytest.fixture
def grown(farm: Farm, wall: datetime) -> Grown:
    """A small farm with some of everything, beside somebody else's."""
    make_farm(owner=make_user("other"), wall=wall, name="Other")
    make_busy(farm)
    grow(farm, FEW)
    person = farm.owner
    person.role = Role.OPERATOR.value
    person.is_staff = person.is_superuser = True
    person.save()
    return Grown(farm, person)


def readable() -> list[Address]:
    return [address for address in every_address() if address.can_be_read]


def paths_of(farm: Farm) -> Iterator[tuple[Address, str]]:
    """Every address that can be opened; a library's own parameters are nobody's business here."""
    for address in readable():
        try:
            yield address, path_for(address, farm)
        except NoSuchThing:
            if address.is_ours and not address.is_secret:
                raise


def asked(person: User, path: str) -> Asked:
    """Open the path as somebody who has just signed in, once before counting: caches are warm."""
    client = Client(raise_request_exception=False)
    client.force_login(person)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = client.get(path)
        list(getattr(answer, "streaming_content", ()))
    return Asked(answer.status_code, tuple(query["sql"] for query in captured.captured_queries))


def all_asked(grown: Grown) -> dict[str, Asked]:
    return {address.name: asked(grown.person, path) for address, path in paths_of(grown.farm)}


def most(name: str) -> int:
    return MOST_IN_ADMIN if name.startswith("admin:") else MOST


def test_every_page_takes_few_queries_and_no_more_on_a_larger_farm(
    grown: Grown, wall: datetime
) -> None:
    before = all_asked(grown)
    other = make_farm(owner=grown.person, wall=wall, name="Larger")
    make_busy(other)
    grow(other, MANY)

    after = all_asked(Grown(other, grown.person))

    assert {name: found.status for name, found in before.items() if found.status >= 500} == {}
    assert {
        name: len(found.statements)
        for name, found in after.items()
        if len(found.statements) > most(name)
    } == {}
    assert grew(before, after) == {}


def grew(before: dict[str, Asked], after: dict[str, Asked]) -> dict[str, list[str]]:
    """The pages that ask more than they did, with the statements that are new."""
    return {
        name: [f"{times} times {sql[:300]}" for sql, times in added(before[name], found)]
        for name, found in after.items()
        if name in before and len(found.statements) > len(before[name].statements)
    }


def added(before: Asked, after: Asked) -> list[tuple[str, int]]:
    return (Counter(after.statements) - Counter(before.statements)).most_common(5)


def test_every_view_of_ours_has_a_name_to_be_linked_by() -> None:
    assert nameless() == []


def test_the_journal_of_a_grown_farm_holds(grown: Grown) -> None:
    assert [verify(stream) for stream in JournalStream.objects.all()] == [None] * 3
