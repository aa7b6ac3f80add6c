"""Every page that is opened by GET asks few questions, and no more when there is more to show.

The pages are those of the URLconf: one that is added is asked here without being named.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.pages.addresses import Address, NoSuchThing, every_address, nameless, path_for
from tests.pages.big_farm import Size, grow
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.guards import in_slices, tripped, waits
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
    more_guarded(farm)
    person = farm.owner
    person.role = Role.OPERATOR.value
    person.is_staff = person.is_superuser = True
    person.save()
    return Grown(farm, person)


def more_guarded(farm: Farm) -> None:
    """Orders that wait and orders in slices; breakers of which there is one at a time."""
    waits(farm)
    in_slices(farm)
    if not farm.account.breakers.exists():
        tripped(farm)


def readable() -> list[Address]:
    return [address for address in every_address() if address.can_be_read]


def paths_of(farm: Farm) -> dict[str, str]:
    """A path for every address that can be opened, by name; what holds a secret is left out."""
    found = {}
    for address in readable():
        try:
            found[address.name] = path_for(address, farm)
        except NoSuchThing:
            if address.is_ours and not address.is_secret:
                raise
    return found


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


def all_asked(person: User, paths: dict[str, str]) -> dict[str, Asked]:
    return {name: asked(person, path) for name, path in paths.items()}


def most(name: str) -> int:
    return MOST_IN_ADMIN if name.startswith("admin:") else MOST


def test_every_page_takes_few_queries_and_no_more_on_a_larger_farm(grown: Grown) -> None:
    paths = paths_of(grown.farm)
    before = all_asked(grown.person, paths)
    grow(grown.farm, MANY, first=3)
    for _ in range(10):
        more_guarded(grown.farm)

    after = all_asked(grown.person, paths)

    assert {name: found.status for name, found in before.items() if found.status >= 500} == {}
    assert too_many(after) == {}
    assert grew(before, after) == []


def too_many(found: dict[str, Asked]) -> dict[str, int]:
    counts = {name: len(asked.statements) for name, asked in found.items()}
    return {name: count for name, count in counts.items() if count > most(name)}


def grew(before: dict[str, Asked], after: dict[str, Asked]) -> list[str]:
    """The pages that ask more than they did, each with the statements that are new."""
    return [
        f"{name} asks {len(found.statements) - len(before[name].statements)} more: "
        + "; ".join(added(before[name], found))
        for name, found in after.items()
        if len(found.statements) > len(before[name].statements)
    ]


def added(before: Asked, after: Asked) -> list[str]:
    """The tables of the statements that come more often, whatever values they are asked with."""
    new = Counter(map(shape, after.statements)) - Counter(map(shape, before.statements))
    return [f"{times} times {text}" for text, times in new.most_common(5)]


def shape(sql: str) -> str:
    """A statement without its columns and values."""
    start = sql.find(" FROM ")
    return re.sub(r"'[^']*'|[0-9]+", "?", sql[max(start, 0) :])[:160]


def test_every_view_of_ours_has_a_name_to_be_linked_by() -> None:
    assert nameless() == []


def test_the_journal_of_a_grown_farm_holds(grown: Grown) -> None:
    assert [verify(stream) for stream in JournalStream.objects.all()] == [None] * 3
