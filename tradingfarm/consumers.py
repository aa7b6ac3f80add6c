"""Sockets: who may listen to what, asked at connect and every half minute again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from tradingfarm.live.callers import Caller, TooManySockets, caller_of, counted
from tradingfarm.live.hub import hub, in_thread
from tradingfarm.live.readers import Reader
from tradingfarm.live.rooms import Room, Source
from tradingfarm.live.sources import PageSource, StreamSource
from tradingfarm.live.views import VIEWS
from tradingfarm.pages.dashboard.accounts import feed_of_account
from tradingfarm.pages.live import Audience
from tradingfarm.people.access import Rule
from tradingfarm.people.models import Role

SPEAK_SECONDS = 20.0
"""Who has heard nothing for this long is told that nothing happened: the line is good."""
BAD_QUESTION, SIGNED_OUT, NOT_FOUND, TOO_MANY = 4400, 4401, 4404, 4429
AWAY, TOO_SLOW = 1011, 1013
logger = logging.getLogger(__name__)
Query = dict[str, str]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Refused(Exception):
    """A socket that is not to be opened, or to be closed; `code` is the reason for the browser."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Sends a reader what its source has, from the event on that the reader names."""

    rule: Rule
    # A layer of this name does not exist: the hub listens for all sockets of the process, and
    # none of them needs a subscription of its own, nor Redis to be opened.
    channel_layer_alias = "none"

    async def connect(self) -> None:
        self._room: Room | None = None
        await self.accept()
        # In a task of its own, which ends with the socket: a reader that has left while it was
        # still being let in costs nothing more.
        self._serving = asyncio.create_task(self._serve())

    async def disconnect(self, code: int) -> None:
        self._serving.cancel()
        if self._room is not None:
            hub().leave(room=self._room, reader=self._reader)
            self._room = None

    async def _serve(self) -> None:
        """Let the reader in, and tell it things until it ends or is no longer let in."""
        try:
            self._query = _query(self.scope)
            self._reader = Reader(seq=_since(self._query))
            self._source = await self._authorised()
            with counted(self._session_key):
                self._room = await hub().enter(source=self._source, reader=self._reader)
                code = await _first_of(self._write(), self._watch(), self._follow())
        except Refused as refused:
            code = refused.code
        except TooManySockets:
            code = TOO_MANY
        except DatabaseError as error:
            logger.warning("A socket is closed and comes back, without the database: %s", error)
            code = AWAY
        await self.close(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Readers have nothing to say; what they send is not read."""

    async def _authorised(self) -> Source:
        return await in_thread(lambda: self._source_for(self._session_key))

    @property
    def _session_key(self) -> str:
        return str(self.scope["cookies"].get(settings.SESSION_COOKIE_NAME, ""))

    def _source_for(self, session_key: str) -> Source:
        caller = caller_of(session_key=session_key)
        if caller is None:
            raise Refused(SIGNED_OUT)
        return self.source(caller=caller, query=self._query)

    def source(self, *, caller: Caller, query: Query) -> Source:
        """What the caller may listen to. Raises Refused."""
        raise NotImplementedError

    async def _write(self) -> int:
        while True:
            try:
                async with asyncio.timeout(SPEAK_SECONDS):
                    texts = (await self._reader.take()).texts
            except TimeoutError:
                texts = self._source.still(seq=self._reader.seq)
            for text in texts:
                await self.send(text)

    async def _watch(self) -> int:
        """Ends once the session has ended or the thing is no longer the caller's."""
        while True:
            await asyncio.sleep(settings.SOCKET_CHECK_SECONDS)
            if await self._authorised() != self._source:
                return SIGNED_OUT  # another role: the page is to be loaded anew

    async def _follow(self) -> int:
        """Ends once the reader is slower than what happens."""
        if self._room is not None:
            await self._room.join(self._reader)
        await self._reader.until_late()
        return TOO_SLOW


class PageConsumer(LiveConsumer):
    """`/ws/live?account=ID&view=NAME&subject=ID&since=SEQ`: a page's parts as they change."""

    rule = Rule(Role.VIEWER, owns="account")

    def source(self, *, caller: Caller, query: Query) -> Source:
        account_id, view = _uuid(query.get("account", "")), query.get("view", "")
        feed = feed_of_account(owner_id=caller.owner_id, account_id=account_id)
        asked = query.get("subject", "")
        subject = _uuid(asked) if asked else None
        known = VIEWS.get(view)
        if feed is None or known is None:
            raise Refused(NOT_FOUND)
        if not known.allows(owner_id=caller.owner_id, subject=subject):
            raise Refused(NOT_FOUND)
        audience = Audience(account_id, view, subject, caller.owner_id, caller.role)
        return PageSource(audience, feed)


class EventsConsumer(LiveConsumer):
    """`/ws/events?stream=NAME&since=SEQ`: a stream of the journal, one JSON text an event."""

    rule = Rule(Role.VIEWER, owns="stream")

    def source(self, *, caller: Caller, query: Query) -> Source:
        stream = query.get("stream", "")
        kind, _, name = stream.partition(":")
        if kind == "account":
            account_id = _uuid(name)
            allowed = feed_of_account(owner_id=caller.owner_id, account_id=account_id) is not None
        elif kind == "owner":
            allowed = name == str(caller.owner_id)
        else:
            allowed = stream == "farm" and caller.role is Role.OPERATOR
        if not allowed:
            raise Refused(NOT_FOUND)
        return StreamSource(stream)


class SameOrigin:
    """Only pages of this very host open sockets: a browser sends its cookies from any page."""

    def __init__(self, application: Application, trusted: Iterable[str]) -> None:
        self._application = application
        self._trusted = frozenset(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin1") for name, value in scope["headers"]}
        origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
        if origin in self._trusted or (host and origin.partition("://")[2] == host):
            await self._application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


async def _first_of(*works: Coroutine[None, None, int]) -> int:
    """What the first of them to end gives or raises; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()


def _query(scope: Scope) -> Query:
    asked = parse_qs(scope["query_string"].decode("latin1"), max_num_fields=10)
    return {name: values[-1] for name, values in asked.items()}


def _since(query: Query) -> int:
    since = query.get("since", "0")
    if not since.isascii() or not since.isdigit() or len(since) > 18:
        raise Refused(BAD_QUESTION)
    return int(since)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(NOT_FOUND) from None
