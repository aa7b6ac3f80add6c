"""Files for slow readers: they hold no connection of the database, and only so many are sent."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, connection
from django.http import HttpResponseBase
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.urls import reverse

from tests.pages.big_journal import Chapter, write_chapter
from tests.pages.farms import Farm, make_farm, make_user
from tests.served import Web, cookie_of, served
from tradingfarm.kernel import downloads
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.downloads import Place, Places, Refused, download
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import Role, User
from tradingfarm.processes.ports import HOST
from tradingfarm.processes.waiting import wait_until

pytest_plugins = ("tests.pages.fixtures",)

EVENTS = 15_000  # some 7 MB as lines of JSON: more than the sockets between two processes take
PATIENCE_SECONDS = 15
TOKEN = "a" * 32
CALM_LOOKS = 25  # half a second
LINES = ("a,b\n", "1,2\n")


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with served() as web:
        yield web


@pytest.fixture
def long_farm(transactional_db: None) -> Farm:
    """An account with a journal that no socket swallows whole."""
    farm = make_farm(owner=make_user(staff=True), wall=SystemClock().now())
    with transaction():
        write_chapter(
            Chapter(account_stream(farm.account.id), EVENTS, subjects={}), until=farm.wall
        )
    return farm


def journal_export(farm: Farm) -> str:
    return f"{reverse('journal-export')}?account={farm.account.id}"


def list_export(farm: Farm) -> str:
    return f"{reverse('orders-export')}?account={farm.account.id}"


def admin_export(farm: Farm) -> str:
    return reverse("admin:kernel_journalevent_export", args=["jsonl"])


def headers_of(person: User) -> dict[str, str]:
    return {
        "Cookie": f"{cookie_of(person)}; csrftoken={TOKEN}",
        "X-CSRFToken": TOKEN,
        "Content-Type": "application/x-www-form-urlencoded",
    }


class Reader:
    """Somebody who asks for a file, reads the head of the answer, and then nothing more."""

    def __init__(self, web: Web, path: str, headers: dict[str, str]) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect((HOST, web.port))
        head = {"Host": f"{HOST}:{web.port}", "Content-Length": "13", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self.socket.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\nformat=jsonl\n".encode())
        self.status = int(self._head().split()[1])

    def _head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        return head

    def leave(self) -> None:
        self.socket.close()


@contextmanager
def readers(web: Web, path: str, *people: User) -> Iterator[list[Reader]]:
    """One reader who stands still for each of the people; all leave at the end."""
    cookies = [headers_of(person) for person in people]
    with ExitStack() as stack:
        found = []
        for headers in cookies:
            found.append(Reader(web, path, headers))
            stack.callback(found[-1].leave)
        yield found


def backends() -> set[int]:
    """The connections of others to the test's database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def is_calm(before: set[int]) -> bool:
    """Whether there comes a half second in which nobody holds a connection more than before."""
    looks = 0

    def looked() -> bool:
        nonlocal looks
        looks = 0 if backends() - before else looks + 1
        return looks >= CALM_LOOKS

    return wait_until(looked, seconds=PATIENCE_SECONDS)


def ask(web: Web, method: str, path: str, person: User) -> tuple[int, bytes]:
    """The answer's status and its whole text."""
    client = HTTPConnection(HOST, web.port, timeout=PATIENCE_SECONDS)
    try:
        client.request(method, path, body="format=jsonl", headers=headers_of(person))
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


@pytest.mark.parametrize("path", [journal_export, admin_export])
def test_who_stands_still_in_the_middle_of_a_file_holds_no_connection(
    web: Web, long_farm: Farm, path: Callable[[Farm], str]
) -> None:
    before = backends()

    with readers(web, path(long_farm), long_farm.owner, long_farm.owner) as still:
        assert [reader.status for reader in still] == [200, 200]
        assert is_calm(before)
        # They are in the middle indeed: their places are taken.
        assert ask(web, "POST", path(long_farm), long_farm.owner)[0] == 429


def test_all_that_may_stand_still_leave_the_pool_to_everybody_else(long_farm: Farm) -> None:
    # A farm's web process has a pool. Two of it would be gone with two readers, for ten seconds
    # and an error to whoever comes then.
    person = long_farm.owner

    with (
        served(DATABASE_POOL_SIZE="2") as pooled,
        readers(pooled, journal_export(long_farm), person, person) as still,
    ):
        assert [reader.status for reader in still] == [200, 200]
        assert ask(pooled, "GET", reverse("journal"), person)[0] == 200


def test_who_goes_away_in_the_middle_leaves_the_place_to_the_next(
    web: Web, long_farm: Farm
) -> None:
    person, path = long_farm.owner, journal_export(long_farm)

    with readers(web, path, person, person) as still:
        status, said = ask(web, "POST", path, person)
        assert (status, b"Wait until one of them has arrived" in said) == (429, True)
        still[0].leave()

        assert wait_until(lambda: sends_all(web, path, person), seconds=PATIENCE_SECONDS)


def sends_all(web: Web, path: str, person: User) -> bool:
    """Whether the file comes, whole, rather than a word that says to wait."""
    status, text = ask(web, "POST", path, person)
    assert status == 429 or len(text.splitlines()) >= EVENTS
    return status == 200


def test_eight_files_are_sent_at_once_and_the_ninth_waits(web: Web, long_farm: Farm) -> None:
    before, path = backends(), journal_export(long_farm)
    people = [desk_mate(long_farm, f"viewer{number}") for number in range(4)]

    with readers(web, path, *people, *people) as still:
        assert [reader.status for reader in still] == [200] * 8
        assert is_calm(before)
        status, said = ask(web, "POST", path, long_farm.owner)

    assert (status, b"on their way to other people" in said) == (429, True)


def desk_mate(farm: Farm, name: str) -> User:
    return User.objects.create(username=name, role=Role.VIEWER, desk=farm.owner)


def test_what_has_to_wait_is_not_journaled(trader: Client, farm: Farm) -> None:
    path = list_export(farm)
    running = [trader.post(path), trader.post(path)]

    assert trader.post(path).status_code == 429
    assert JournalEvent.objects.filter(kind="user.exported").count() == 2
    for answer in running:
        close(answer)


def test_a_file_that_was_read_leaves_its_place(trader: Client, farm: Farm) -> None:
    for _ in range(3):
        answer: Any = trader.post(list_export(farm))

        assert answer.status_code == 200
        assert b"".join(answer.streaming_content)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    """Room for a single download."""
    places = Places(of_one_person=1, of_all=1)
    monkeypatch.setattr(downloads, "PLACES", places)
    monkeypatch.setattr(downloads, "_give_connection_back", lambda: None)
    return places


def lines() -> Iterator[str]:
    yield from LINES


def broken() -> Iterator[str]:
    yield LINES[0]
    raise OSError("The database went away.")


def asked(
    begin: Callable[[], Iterator[str]] = lines,
    factory: RequestFactory | AsyncRequestFactory | None = None,
) -> Any:
    """What a person who is signed in is answered."""
    request: Any = (factory or RequestFactory()).post("/")
    request.user = SimpleNamespace(pk=7)
    return download(request, begin, name="x.csv", content_type="text/csv")


def is_free(places: Places) -> bool:
    place = places.take(person="somebody else")
    return isinstance(place, Place)


def test_a_person_gets_so_many_places_and_all_together_so_many() -> None:
    places = Places(of_one_person=2, of_all=3)
    first, second = places.take(person=1), places.take(person=1)

    assert isinstance(first, Place)
    assert isinstance(second, Place)
    assert places.take(person=1) is Refused.PERSON
    third = places.take(person=2)
    assert isinstance(third, Place)
    assert places.take(person=3) is Refused.ALL


def test_a_place_that_is_given_back_twice_frees_one() -> None:
    places = Places(of_one_person=2, of_all=2)
    first, second = places.take(person=1), places.take(person=1)
    assert isinstance(first, Place)

    places.give_back(first)
    places.give_back(first)

    third = places.take(person=1)
    assert isinstance(third, Place)
    assert places.take(person=1) is Refused.PERSON
    assert second is not third


def test_a_file_has_its_place_until_it_ends(places: Places) -> None:
    answer = asked()
    parts = iter(answer)

    assert next(parts) == b"a,b\n"
    assert not is_free(places)
    assert list(parts) == [b"1,2\n"]
    assert is_free(places)


def close(answer: HttpResponseBase) -> None:
    """As a server does at the end of a request, but for the connection, which is the test's."""
    request_finished.disconnect(close_old_connections)
    try:
        answer.close()
    finally:
        request_finished.connect(close_old_connections)


def test_an_answer_that_is_closed_in_the_middle_frees_its_place(places: Places) -> None:
    answer = asked()
    next(iter(answer))

    close(answer)

    assert is_free(places)


def test_an_answer_that_nobody_reads_or_closes_frees_its_place(places: Places) -> None:
    # So Django leaves it when the browser goes away while the view is at work.
    answer = asked()
    assert not is_free(places)

    del answer

    assert is_free(places)


def test_a_file_that_fails_in_the_middle_frees_its_place(places: Places) -> None:
    answer = asked(broken)

    with pytest.raises(OSError, match="went away"):
        list(answer)

    assert is_free(places)


def test_a_file_that_does_not_begin_frees_its_place(places: Places) -> None:
    def begin() -> Iterator[str]:
        raise OSError("The journal is full.")

    with pytest.raises(OSError, match="journal is full"):
        asked(begin)

    assert is_free(places)


@pytest.mark.usefixtures("places")
def test_who_has_to_wait_is_told_and_nothing_begins() -> None:
    running = asked()

    answer = asked(lambda: pytest.fail("It began."))

    assert answer.status_code == 429
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Wait until one of them has arrived" in answer.content
    close(running)


async def test_a_server_that_awaits_is_sent_each_part_as_it_is_read(places: Places) -> None:
    read: list[str] = []

    def begin() -> Iterator[str]:
        for line in LINES:
            read.append(line)
            yield line

    answer = asked(begin, AsyncRequestFactory())
    parts = aiter(answer)

    assert answer.is_async
    assert await anext(parts) == b"a,b\n"
    assert read == ["a,b\n"]
    assert [part async for part in parts] == [b"1,2\n"]
    assert is_free(places)


async def test_a_server_that_stops_awaiting_frees_the_place(places: Places) -> None:
    answer = asked(lines, AsyncRequestFactory())
    parts = answer.streaming_content
    await anext(parts)

    await parts.aclose()
    close(answer)

    assert is_free(places)
