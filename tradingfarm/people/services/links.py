"""Links with which a person sets a password, made by an operator and handed over by hand."""

import secrets
from datetime import datetime

from django.contrib.auth.hashers import make_password

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.domain.links import LIFETIME, digest_of
from tradingfarm.people.models import PasswordLink, User
from tradingfarm.people.services.journaling import actor_of, note
from tradingfarm.people.services.passwords import close_links, store_password


def make_link(*, person: User, actor: str, at: datetime) -> str:
    """The secret of a new link; it is told this once. The person's earlier links are closed."""
    with transaction():
        secret = store_link(person=person, actor=actor, at=at)
        payload = {"expires_at": at + LIFETIME}
        note(kind="user.link_made", person=person, payload=payload, actor=actor, at=at)
    return secret


def store_link(*, person: User, actor: str, at: datetime) -> str:
    """The same in the caller's transaction, which journals it."""
    close_links(person_id=person.pk, at=at)
    secret = secrets.token_urlsafe(32)
    PasswordLink.objects.create(
        user=person,
        digest=digest_of(secret),
        made_by=actor,
        made_at=at,
        expires_at=at + LIFETIME,
    )
    return secret


def use_link(*, secret: str, password: str, at: datetime) -> User | None:
    """Set the password of the link's person, whose sessions end. None when it works no more.

    The link is claimed by a conditional update on its own columns: of two that use it, one does.
    """
    encoded = make_password(password)  # slow on purpose, so before any lock
    links = PasswordLink.objects.filter(digest=digest_of(secret), used_at=None, expires_at__gt=at)
    with transaction():
        owners = User.objects.filter(pk__in=links.values("user_id"), is_active=True)
        person = owners.select_for_update(no_key=True).first()
        if person is None or not links.update(used_at=at):
            return None
        store_password(person_id=person.pk, encoded=encoded, at=at)
        payload = {"how": "link"}
        note(
            kind="user.password_set", person=person, payload=payload, actor=actor_of(person), at=at
        )
    return person
