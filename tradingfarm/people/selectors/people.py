"""Who the people of the farm are, as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from tradingfarm.kernel.journal import FARM
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import PasswordLink, Role, User
from tradingfarm.people.services.journaling import subject_of


@dataclass(frozen=True)
class PersonRow:
    """One person. `desk` None: their own. `link_until` is when an open password link ends."""

    id: int
    name: str
    email: str
    role: Role
    desk: str | None
    last_sign_in: datetime | None
    has_second_factor: bool
    has_password: bool
    is_active: bool
    link_until: datetime | None


def person_rows(*, now: datetime, search: str = "") -> QuerySet[User]:
    """People by name, with what `row_of` needs; `search` is a part of a name or mail address."""
    apps = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    links = PasswordLink.objects.filter(user=OuterRef("pk"), used_at=None, expires_at__gt=now)
    people = User.objects.annotate(
        desk_name=F("desk__username"),
        second_factor=Exists(apps),
        link_until=Subquery(links.order_by("-expires_at").values("expires_at")[:1]),
    )
    if search:
        people = people.filter(Q(username__icontains=search) | Q(email__icontains=search))
    return people.order_by("-is_active", "username")


def row_of(person: User) -> PersonRow:
    """What a page shows of a person that `person_rows` found."""
    found = vars(person)
    return PersonRow(
        id=person.pk,
        name=person.username,
        email=person.email,
        role=Role(person.role),
        desk=found["desk_name"],
        last_sign_in=person.last_login,
        has_second_factor=found["second_factor"],
        has_password=person.has_usable_password(),
        is_active=person.is_active,
        link_until=found["link_until"],
    )


def desks() -> QuerySet[User]:
    """Whose desk one can work at: active people who work with their own things."""
    return User.objects.filter(is_active=True, desk=None).order_by("username")


def newest_events(*, person_id: int, number: int = 12) -> list[JournalEvent]:
    """What the farm's journal says of a person, the newest first."""
    events = JournalEvent.objects.filter(subject=subject_of(person_id), stream=FARM)
    return list(events.order_by("-id")[:number])
