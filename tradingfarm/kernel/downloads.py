"""Files that are sent while they are read: few at once, and none holds a connection meanwhile.

The reader decides how long a download takes. One who takes a byte a second must cost the database
nothing, or a hundred of them would have all its connections, and nobody could sign in or stop.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakSet

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

OF_ONE_PERSON, OF_ALL = 2, 8
TOO_MANY = 429
Part = str | bytes


class Refused(StrEnum):
    """Why a download has to wait, as it is told."""

    PERSON = (
        "You are downloading as many files as one person may at once. "
        "Wait until one of them has arrived, or cancel it; then ask for this one again."
    )
    ALL = (
        "As many files as may be sent at once are on their way to other people. "
        "Wait a minute, then ask for this one again."
    )


@dataclass(frozen=True, eq=False)
class Place:
    """The right of a person to have one download running."""

    person: object


class Places:
    """The downloads that run in this process.

    A place that nobody holds any more is free, whether it was given back or not: when a browser
    goes away before its answer is made, Django drops the answer without closing it.
    """

    def __init__(self, *, of_one_person: int = OF_ONE_PERSON, of_all: int = OF_ALL) -> None:
        self._of_one_person = of_one_person
        self._of_all = of_all
        self._taken: WeakSet[Place] = WeakSet()
        self._lock = threading.Lock()

    def take(self, *, person: object) -> Place | Refused:
        """A place for one more download of the person, who may be named by any value."""
        with self._lock:
            running = [place.person for place in self._taken]
            if running.count(person) >= self._of_one_person:
                return Refused.PERSON
            if len(running) >= self._of_all:
                return Refused.ALL
            place = Place(person)
            self._taken.add(place)
            return place

    def give_back(self, place: Place) -> None:
        """Free the place; once more does nothing."""
        with self._lock:
            self._taken.discard(place)


PLACES = Places()


def download(
    request: HttpRequest, begin: Callable[[], Iterator[Part]], *, name: str, content_type: str
) -> HttpResponseBase:
    """The parts that `begin` returns as a file called `name`, or a 429 that says to wait.

    `begin` is only called when the file will be sent; there it is journaled. Each part must be
    bounded and read by queries of its own: between two parts there is another connection.
    """
    place = PLACES.take(person=request.user.pk)
    if isinstance(place, Refused):
        return HttpResponse(place, status=TOO_MANY, content_type="text/plain; charset=utf-8")
    try:
        parts = begin()
    except BaseException:
        PLACES.give_back(place)
        raise
    body = _Awaited if isinstance(request, ASGIRequest) else _Read
    answer = StreamingHttpResponse(body(parts, place), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@dataclass(frozen=True)
class _Body:
    """What is sent. It keeps its place until it ends, fails, or the answer is closed."""

    parts: Iterator[Part]
    place: Place

    def close(self) -> None:
        """Django calls this when it closes the answer."""
        PLACES.give_back(self.place)

    def _next(self) -> Part | None:
        """The next part, None after the last one; the connection is given back, whatever came."""
        try:
            return next(self.parts, None)
        finally:
            _give_connection_back()


class _Read(_Body):
    """For a server that waits in its thread, and for tests."""

    def __iter__(self) -> Iterator[Part]:
        try:
            while (part := self._next()) is not None:
                yield part
        finally:
            self.close()


class _Awaited(_Body):
    """For a server that awaits: there Django reads a plain iterator whole before it sends."""

    async def __aiter__(self) -> AsyncIterator[Part]:
        # In the thread of the request, so the connection that its view left open goes back too.
        following = sync_to_async(self._next)
        try:
            while (part := await following()) is not None:
                yield part
        finally:
            self.close()


def _give_connection_back() -> None:
    """Close this thread's connection, or return it to the pool. A transaction around us keeps it:
    ours are over when a part is read, so it is a test's.
    """
    if not connection.in_atomic_block:
        connection.close()
