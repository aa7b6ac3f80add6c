"""Inviting people, and what an operator changes about them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError

from tradingfarm.kernel.journal import transaction
from tradingfarm.people.domain.refusals import Refusal
from tradingfarm.people.models import Role, User
from tradingfarm.people.services.journaling import note
from tradingfarm.people.services.links import store_link
from tradingfarm.people.services.passwords import close_links
from tradingfarm.people.services.sessions import close_sessions


@dataclass(frozen=True)
class Standing:
    """What an operator decides about a person. `desk_id` None: they work with their own things."""

    role: Role
    desk_id: int | None
    email: str


@dataclass(frozen=True)
class Invited:
    """A new person, and the secret of the link with which they set a password: told this once."""

    person: User
    secret: str


def invite_person(
    *, name: str, standing: Standing, actor: str, at: datetime, by: User | None = None
) -> Invited | Refusal:
    """Make an account without a password, and the link with which the person sets one.

    `by` is the operator who asks; None for somebody at the machine's own shell.
    """
    try:
        with transaction():
            refusal = _not_operator(by) or _name_refusal(name) or _refusal(standing, person=None)
            if refusal:
                return refusal
            person = User(username=name)
            person.set_unusable_password()
            _apply(person, standing)
            person.save()
            note(kind="user.invited", person=person, payload=_facts(person), actor=actor, at=at)
            return Invited(person, store_link(person=person, actor=actor, at=at))
    except IntegrityError:  # the same name was taken in this moment
        return Refusal.NAME_TAKEN


def change_person(
    *, person_id: int, standing: Standing, actor: str, at: datetime, by: User | None = None
) -> Refusal | None:
    """Change role, desk or mail address. Operators may open Django's admin, nobody else."""
    with transaction():
        person, refusal = _locked(person_id, by)
        is_new_place = (person.role, person.desk_id) != (standing.role, standing.desk_id)
        if by is not None and by.pk == person_id and is_new_place:
            refusal = Refusal.YOURSELF
        refusal = refusal or _refusal(standing, person=person)
        if refusal:
            return refusal
        before, email = _facts(person), person.email
        _apply(person, standing)
        person.save(update_fields=["role", "desk", "email", "is_staff", "is_superuser"])
        payload = {"before": before, "after": _facts(person), "new_mail": email != person.email}
        note(kind="user.changed", person=person, payload=payload, actor=actor, at=at)
    return None


def switch_person(
    *, person_id: int, active: bool, actor: str, at: datetime, by: User | None = None
) -> Refusal | None:
    """Let a person in no more, or again. Switching off ends every session and open link."""
    with transaction():
        person, refusal = _locked(person_id, by)
        if by is not None and by.pk == person_id:
            refusal = Refusal.YOURSELF
        if refusal:
            return refusal
        if person.is_active == active:
            return None
        person.is_active = active
        person.save(update_fields=["is_active"])
        if not active:
            close_links(person_id=person_id, at=at)
            close_sessions(person_id=person_id)
        kind = "user.switched_on" if active else "user.switched_off"
        note(kind=kind, person=person, payload={}, actor=actor, at=at)
    return None


def _locked(person_id: int, by: User | None) -> tuple[User, Refusal | None]:
    """The person, and whether the operator still is one: two cannot unseat each other at once."""
    ids = {person_id} if by is None else {person_id, by.pk}
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    people = {row.pk: row for row in rows}
    return people[person_id], _not_operator(None if by is None else people.get(by.pk))


def _not_operator(by: User | None) -> Refusal | None:
    stands = by is None or (by.is_active and by.may(Role.OPERATOR))
    return None if stands else Refusal.NOT_OPERATOR


def _name_refusal(name: str) -> Refusal | None:
    taken = User.objects.filter(username__iexact=name).exists()
    return Refusal.NAME_TAKEN if taken else None


def _refusal(standing: Standing, *, person: User | None) -> Refusal | None:
    others = User.objects.exclude(pk=person.pk) if person else User.objects.all()
    if standing.email and others.filter(email__iexact=standing.email).exists():
        return Refusal.EMAIL_TAKEN
    if standing.desk_id is None or (person and standing.desk_id == person.desk_id):
        return None
    if not others.filter(pk=standing.desk_id, is_active=True, desk=None).exists():
        return Refusal.NO_SUCH_DESK
    if person and others.filter(desk=person).exists():
        return Refusal.DESK_IN_USE
    return None


def _apply(person: User, standing: Standing) -> None:
    person.role, person.desk_id, person.email = standing.role, standing.desk_id, standing.email
    person.is_staff = person.is_superuser = standing.role == Role.OPERATOR


def _facts(person: User) -> dict[str, object]:
    return {"role": str(person.role), "desk": person.desk_id}
