"""Who is behind a socket: found in the session of its cookie, and again while it is open."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

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
