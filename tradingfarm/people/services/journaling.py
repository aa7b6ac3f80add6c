"""What happens to people is journaled on the farm's stream, with the person as its subject."""

from collections.abc import Mapping
from datetime import datetime

from tradingfarm.kernel.journal import FARM, record
from tradingfarm.people.models import User


def note(
    *, kind: str, person: User, payload: Mapping[str, object], actor: str, at: datetime
) -> None:
    """Journal a `user.*` event in the open transaction. The name of the person is added."""
    record(
        stream=FARM,
        kind=kind,
        actor=actor,
        subject=subject_of(person.pk),
        payload={"name": person.username, **payload},
        at=at,
    )


def subject_of(person_id: int) -> str:
    """How the journal names a person as the subject of an event."""
    return f"person:{person_id}"


def actor_of(person: User) -> str:
    """How the journal names a person who did something."""
    return f"person:{person.username}"
