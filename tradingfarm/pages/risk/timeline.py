"""What was decided about risk, newest first: by the gate, by breakers, by people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import QueryDict

from trading.domain.checks import OVERRIDABLE
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.kinds import KINDS, Look
from tradingfarm.pages.alerts.known import Known, known_of, subject_of
from tradingfarm.pages.alerts.words import told
from tradingfarm.pages.journal.days import EventFilters
from tradingfarm.pages.listing import Sort
from tradingfarm.pages.lists.filters import ANY, ChoiceField

SORTS = (Sort("time", "When", ("-seq",)),)
GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "denials": ("Refused orders", ("risk.denied",)),
    "breakers": ("Breakers", ("risk.breaker", "risk.released")),
    "confirmations": (
        "Confirmations",
        ("risk.confirmation", "risk.confirmed", "risk.expired", "risk.refused"),
    ),
    "overrides": ("Overrides", ("risk.override",)),
    "halts": ("Halts and releases", ("account.halted", "account.released")),
}
TIMELINE = tuple(sorted(kind for _, kinds in GROUPS.values() for kind in kinds))
LOOKS: Mapping[str, Look] = {
    **KINDS,
    "risk.confirmed": Look("calm", "circle-check", "Orders that were confirmed"),
    "risk.refused": Look("wait", "circle-x", "Orders that were not confirmed"),
}
"""What a person has just done is no alert, and stands here all the same."""


class TimelineFilters(EventFilters):
    """By what happened and by days of wall time."""

    what = ChoiceField(
        label="What", choices=[ANY, *((name, words) for name, (words, _) in GROUPS.items())]
    )
    field_order = ("what", "since", "until")

    def __init__(self, query: QueryDict, *, zone: str, stream: str) -> None:
        super().__init__(query, zone=zone)
        self._stream = stream

    @property
    def stream_name(self) -> str:
        """The account's stream."""
        return self._stream

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that are asked for."""
        asked = self.found.get("what")
        return GROUPS[asked][1] if asked else TIMELINE


@dataclass(frozen=True)
class Happening:
    """One event in words. `denied` is the assessment of a denial that a person may override."""

    id: int
    seq: int
    look: Look
    title: str
    text: str
    address: str
    at: datetime
    as_of: datetime | None
    denied: UUID | None

    @property
    def moment(self) -> datetime:
        """Market time where it has one, else wall time."""
        return self.as_of or self.at


def happenings(events: Iterable[JournalEvent]) -> tuple[Happening, ...]:
    """The events in the order given. Two queries at most, however many."""
    found = list(events)
    known = known_of(found)
    return tuple(_happening(event, known) for event in found)


def _happening(event: JournalEvent, known: Known) -> Happening:
    title, text, address = told(event, known)
    return Happening(
        id=event.pk,
        seq=event.seq,
        look=LOOKS[event.kind],
        title=title,
        text=text,
        address=address,
        at=event.at,
        as_of=event.as_of,
        denied=_denied(event, known),
    )


def _denied(event: JournalEvent, known: Known) -> UUID | None:
    """The denied assessment, when one of its checks may be overridden."""
    if event.kind != "risk.denied":
        return None
    _, key = subject_of(event)
    assessment = known.assessments.get(key) if key else None
    if key is None or assessment is None or OVERRIDABLE.isdisjoint(assessment.denials):
        return None
    return key
