"""Setting a password: it ends the person's other sessions and closes every open link."""

from datetime import datetime

from django.contrib.auth.hashers import make_password

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.models import PasswordLink, User
from tradingfarm.people.services.journaling import note
from tradingfarm.people.services.sessions import close_sessions


def set_password(
    *, person: User, password: str, how: str, actor: str, at: datetime, keep_session: str = ""
) -> None:
    """Store the password and journal `how` it was set, never what it is.

    `keep_session` is the key of the one session that stays. `person` carries the new hash
    afterwards, by which Django keeps that session valid.
    """
    encoded = make_password(password)  # slow on purpose, so before any lock
    with transaction():
        store_password(person_id=person.pk, encoded=encoded, at=at, keep_session=keep_session)
        note(kind="user.password_set", person=person, payload={"how": how}, actor=actor, at=at)
    person.password = encoded


def store_password(*, person_id: int, encoded: str, at: datetime, keep_session: str = "") -> None:
    """The same in the caller's transaction, which journals it."""
    User.objects.filter(pk=person_id).update(password=encoded)
    close_links(person_id=person_id, at=at)
    close_sessions(person_id=person_id, keep_session=keep_session)


def close_links(*, person_id: int, at: datetime) -> None:
    """Let no open link of the person work from now on."""
    open_links = PasswordLink.objects.filter(user_id=person_id, expires_at__gt=at, used_at=None)
    open_links.update(expires_at=at)
