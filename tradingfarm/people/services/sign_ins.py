from collections.abc import Sequence
from datetime import datetime

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.domain.browsers import browser_of
from tradingfarm.people.models import User
from tradingfarm.people.services.journaling import actor_of, note


def note_sign_in(
    *, person: User, means: Sequence[str], address: str, user_agent: str, at: datetime
) -> None:
    """Journal that a person signed in: by what, such as password and totp, and from where."""
    payload = {"by": list(means), "address": address, "browser": browser_of(user_agent)}
    with transaction():
        note(kind="user.signed_in", person=person, payload=payload, actor=actor_of(person), at=at)
