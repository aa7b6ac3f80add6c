"""Who is behind a socket: found in the session of its cookie, and again while it is open."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore

from tradingfarm.people.models import Role, User


@dataclass(frozen=True)
class Caller:
    """A signed-in person, as far as a socket needs to know."""

    owner_id: int
    role: Role


def caller_of(*, session_key: str) -> Caller | None:
    """The person whose session this is; None once it has ended, or the person may not sign in."""
    if not session_key:
        return None
    request: Any = SimpleNamespace(session=SessionStore(session_key))
    user = get_user(request)
    if not isinstance(user, User) or not user.is_active:
        return None
    return Caller(user.owner_id, Role(user.role))


class TooManySockets(Exception):
    """More open sockets of one session than anybody has pages open."""


_open: Counter[str] = Counter()


@contextmanager
def counted(session_key: str) -> Iterator[None]:
    """While a socket of this session is open in this process. Raises TooManySockets."""
    if _open[session_key] >= settings.SOCKETS_PER_SESSION:
        raise TooManySockets
    _open[session_key] += 1
    try:
        yield
    finally:
        _open[session_key] -= 1
        if not _open[session_key]:
            del _open[session_key]
