"""Sockets of the real web process: who may listen, what is told, when it ends."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.pages.farms import Farm, make_farm, make_user
from tests.served import Web, cookie_of, served
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.people.models import Role, User

PATIENCE_SECONDS = 10
SOCKETS = 5
"""That one session may have open."""
NOW = datetime(2005, 3, 14, 21, 0, tzinfo=UTC)


@pytest.fixture
def farm(transactional_db: None) -> Farm:
    return make_farm(owner=make_user(), wall=SystemClock().now())


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[Web]:
    with served(SOCKET_CHECK_SECONDS="1", SOCKETS_PER_SESSION=str(SOCKETS)) as web:
        yield web


def happen(farm: Farm, kind: str = "agent.reasoning", times: int = 1) -> None:
    for number in range(times):
        with transaction():
            record(
                stream=account_stream(farm.account.id),
                kind=kind,
                actor="test",
                payload={"number": number},
                at=NOW,
            )


def opened(web: Web, path: str, *, cookie: str = "", origin: str | None = None) -> connect:
    headers = {"Cookie": cookie} if cookie else {}
    return connect(
        web.sockets + path,
        origin=Origin(origin or web.url),
        additional_headers=headers,
        compression=None,
    )


def page(farm: Farm, *, since: int = 0, view: str = "frame") -> str:
    return f"/ws/live?account={farm.account.id}&view={view}&subject=&since={since}"


def events(farm: Farm, *, since: int = 0) -> str:
    return f"/ws/events?stream={account_stream(farm.account.id)}&since={since}"


async def told(socket: ClientConnection) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return str(await socket.recv())


async def closed_with(socket: ClientConnection) -> int:
    """The code that the server closes with."""
    try:
        while True:
            await told(socket)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


async def in_thread(work, *args, **kwargs) -> None:
    """Work that asks the database, in a thread that leaves no connection behind."""

    def worked() -> None:
        with contextlib.closing(connection):
            work(*args, **kwargs)

    await asyncio.to_thread(worked)


def test_events_come_in_order_from_the_place_that_the_reader_names(farm: Farm, web: Web) -> None:
    happen(farm, times=3)

    async def listen() -> list[int]:
        async with opened(web, events(farm, since=1), cookie=cookie) as socket:
            missed = [json.loads(await told(socket)) for _ in range(2)]
            await in_thread(happen, farm)
            return [event["seq"] for event in [*missed, json.loads(await told(socket))]]

    cookie = cookie_of(farm.owner)
    assert asyncio.run(listen()) == [2, 3, 4]


def test_a_page_is_sent_its_parts_and_how_far_they_go(farm: Farm, web: Web) -> None:
    cookie = cookie_of(farm.owner)

    async def listen() -> tuple[str, str]:
        async with opened(web, page(farm), cookie=cookie) as socket:
            first = await told(socket)
            await in_thread(happen, farm, kind="order.approved")
            return first, await told(socket)

    first, then = asyncio.run(listen())

    assert 'data-seq="0"' in first
    assert 'id="strip"' in then
    assert 'data-since="0" data-seq="1" data-count="1"' in then


def test_whoever_missed_very_much_loads_the_page_anew(farm: Farm, web: Web) -> None:
    with transaction():
        for _ in range(501):
            record(
                stream=account_stream(farm.account.id), kind="x.y", actor="t", payload={}, at=NOW
            )
    cookie = cookie_of(farm.owner)

    async def listen() -> str:
        async with opened(web, page(farm), cookie=cookie) as socket:
            return await told(socket)

    assert "data-reload" in asyncio.run(listen())


@pytest.mark.parametrize("path", [page, events])
def test_a_stranger_is_sent_away(farm: Farm, web: Web, path) -> None:
    async def listen() -> int:
        async with opened(web, path(farm)) as socket:
            return await closed_with(socket)

    assert asyncio.run(listen()) == 4401


@pytest.mark.parametrize("path", [page, events])
def test_the_account_of_somebody_else_is_not_found(farm: Farm, web: Web, path) -> None:
    cookie = cookie_of(make_user("other"))

    async def listen() -> int:
        async with opened(web, path(farm), cookie=cookie) as socket:
            return await closed_with(socket)

    assert asyncio.run(listen()) == 4404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/ws/live?account=nonsense&view=frame&since=0", 4404),
        ("/ws/live?account={account}&view=nonsense&since=0", 4404),
        ("/ws/live?account={account}&view=dashboard&subject=more&since=0", 4404),
        ("/ws/live?account={account}&view=dashboard&subject={account}&since=0", 4404),
        ("/ws/live?view=frame&since=-1", 4400),
        ("/ws/events?stream=farm&since=0", 4404),
        ("/ws/events?stream=owner:999999&since=0", 4404),
        ("/ws/events?stream=&since=0", 4404),
    ],
)
def test_a_question_that_cannot_be_answered_is_closed_with_its_reason(
    farm: Farm, web: Web, path: str, code: int
) -> None:
    cookie = cookie_of(farm.owner)
    path = path.format(account=farm.account.id)

    async def listen() -> int:
        async with opened(web, path, cookie=cookie) as socket:
            return await closed_with(socket)

    assert asyncio.run(listen()) == code


def test_one_session_opens_only_so_many_sockets(farm: Farm, web: Web) -> None:
    cookie = cookie_of(farm.owner)

    async def listen() -> tuple[int, str]:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(SOCKETS):
                socket = await stack.enter_async_context(opened(web, page(farm), cookie=cookie))
                await told(socket)
            async with opened(web, page(farm), cookie=cookie) as further:
                code = await closed_with(further)
            await socket.close()
            async with opened(web, page(farm), cookie=cookie) as instead:
                return code, await told(instead)

    code, text = asyncio.run(listen())
    assert code == 4429
    assert 'id="live-mark"' in text


def test_a_viewer_of_the_desk_listens_and_an_operator_hears_the_farm(farm: Farm, web: Web) -> None:
    viewer, operator = make_user("viewer"), make_user("operator")
    User.objects.filter(pk=viewer.pk).update(role=Role.VIEWER, desk=farm.owner)
    User.objects.filter(pk=operator.pk).update(role=Role.OPERATOR)
    happen(farm)
    with transaction():
        record(stream="farm", kind="user.invited", actor="test", payload={}, at=NOW)
    cookies = cookie_of(viewer), cookie_of(operator)

    async def listen(path: str, cookie: str) -> str:
        async with opened(web, path, cookie=cookie) as socket:
            return str(json.loads(await told(socket))["kind"])

    assert asyncio.run(listen(events(farm), cookies[0])) == "agent.reasoning"
    assert asyncio.run(listen("/ws/events?stream=farm&since=0", cookies[1])) == "user.invited"


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://127.0.0.1:1", "null"])
def test_a_page_of_another_place_opens_no_socket(farm: Farm, web: Web, origin: str) -> None:
    cookie = cookie_of(farm.owner)

    async def listen() -> int:
        try:
            async with opened(web, page(farm), cookie=cookie, origin=origin):
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    assert asyncio.run(listen()) == 403


def test_a_socket_ends_with_its_session(farm: Farm, web: Web) -> None:
    cookie = cookie_of(farm.owner)

    async def listen() -> int:
        async with opened(web, page(farm), cookie=cookie) as socket:
            await told(socket)
            await in_thread(Session.objects.all().delete)
            return await closed_with(socket)

    assert asyncio.run(listen()) == 4401


def test_a_reader_that_claims_the_future_is_told_what_happens(farm: Farm, web: Web) -> None:
    happen(farm, times=2)
    cookie = cookie_of(farm.owner)

    async def listen() -> int:
        async with opened(web, events(farm, since=10**15), cookie=cookie) as socket:
            await asyncio.sleep(0.5)
            await in_thread(happen, farm)
            return int(json.loads(await told(socket))["seq"])

    assert asyncio.run(listen()) == 3
