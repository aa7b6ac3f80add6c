"""Events of the journal as alerts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.kinds import ALERTS, KINDS, LOUD, Look
from tradingfarm.pages.alerts.known import Known, known_of
from tradingfarm.pages.alerts.words import told

NEWEST = 10


@dataclass(frozen=True)
class Alert:
    """One event, as a title and a sentence of untrusted text. `address` is '' without a page."""

    id: int
    seq: int
    kind: str
    look: Look
    title: str
    text: str
    address: str
    at: datetime
    as_of: datetime | None

    @property
    def is_loud(self) -> bool:
        return self.look.tone == LOUD

    @property
    def moment(self) -> datetime:
        """Market time where it has one, else wall time."""
        return self.as_of or self.at


def alerts_of(events: Iterable[JournalEvent]) -> tuple[Alert, ...]:
    """The events that are alerts, in the order given. Four queries at most, however many."""
    found = [event for event in events if event.kind in KINDS]
    known = known_of(found)
    return tuple(_alert(event, known) for event in found)


def newest_alerts(*, account_id: UUID) -> tuple[Alert, ...]:
    """The ten newest of an account, newest first."""
    events = JournalEvent.objects.filter(stream=account_stream(account_id))
    parts = [events.filter(branch).order_by("-seq")[:NEWEST] for branch in branches(ALERTS)]
    return alerts_of(parts[0].union(*parts[1:], all=True).order_by("-seq")[:NEWEST])


def branches(kinds: Iterable[str]) -> list[Q]:
    """A condition for each kind: the index gives the newest of one kind, not of several."""
    return [Q(kind=kind) for kind in kinds]


def _alert(event: JournalEvent, known: Known) -> Alert:
    title, text, address = told(event, known)
    return Alert(
        id=event.pk,
        seq=event.seq,
        kind=event.kind,
        look=KINDS[event.kind],
        title=title,
        text=text,
        address=address,
        at=event.at,
        as_of=event.as_of,
    )
