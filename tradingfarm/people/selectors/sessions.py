"""Where a person is signed in."""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from tradingfarm.people.domain.browsers import browser_of


@dataclass(frozen=True)
class SessionRow:
    """One browser in which a person is signed in. Moments are wall time, to the minute."""

    id: int
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_this_one: bool


def open_sessions(*, person_id: int, now: datetime) -> QuerySet[UserSession]:
    """The sessions with which the person could go on now, the last used first."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    sessions = UserSession.objects.filter(Exists(alive), user_id=person_id)
    return sessions.order_by("-last_seen_at", "-id")


def session_rows(*, person_id: int, this_one: str | None, now: datetime) -> list[SessionRow]:
    """The same as a page shows them; `this_one` is the key of the session that looks."""
    return [
        SessionRow(
            id=session.pk,
            browser=browser_of(session.user_agent),
            address=session.ip,
            began_at=session.created_at,
            seen_at=session.last_seen_at,
            is_this_one=session.session_key == this_one,
        )
        for session in open_sessions(person_id=person_id, now=now)
    ]
