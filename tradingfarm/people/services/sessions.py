"""Sessions of browsers: noted while they are used, and ended for good."""

from collections.abc import Iterable
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.domain.browsers import browser_of
from tradingfarm.people.models import User
from tradingfarm.people.services.journaling import note

AGENT_CHARACTERS = 200


def note_use(
    *, person_id: int, session_key: str, address: str, user_agent: str, at: datetime
) -> None:
    """Say that a session was used now, from this address, with this browser. One statement."""
    used = UserSession(
        user_id=person_id,
        session_key=session_key,
        ip=address,
        user_agent=user_agent[:AGENT_CHARACTERS],
        created_at=at,
        last_seen_at=at,
    )
    UserSession.objects.bulk_create(
        [used],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )


def end_sessions(
    *, person: User, sessions: Iterable[UserSession], actor: str, at: datetime
) -> int:
    """End these sessions of the person: their next request is a stranger's. How many they were.

    A request that is under way may finish; it cannot bring its session back.
    """
    chosen = [session for session in sessions if session.user_id == person.pk]
    with transaction():
        _delete(session.session_key for session in chosen)
        for session in chosen:
            payload = {"address": session.ip, "browser": browser_of(session.user_agent)}
            note(kind="user.session_ended", person=person, payload=payload, actor=actor, at=at)
    return len(chosen)


def close_sessions(*, person_id: int, keep_session: str = "") -> None:
    """End all sessions of the person but that one, in the caller's transaction."""
    known = UserSession.objects.filter(user_id=person_id).exclude(session_key=keep_session)
    _delete(known.values_list("session_key", flat=True))


def _delete(keys: Iterable[str]) -> None:
    # The settings keep sessions in the database; so they end with the transaction.
    ended = list(keys)
    Session.objects.filter(session_key__in=ended).delete()
    UserSession.objects.filter(session_key__in=ended).delete()
