"""Events of the journal as pages and files show them."""

import json
from dataclasses import dataclass
from datetime import datetime

from tradingfarm.kernel.journal import link
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.journal.kinds import kind_words
from tradingfarm.pages.journal.subjects import address_of

HEADS = ("number", "at", "as of", "kind", "actor", "subject", "payload", "previous", "hash")


@dataclass(frozen=True)
class EventRow:
    """One event; `entry` is the exact text that was hashed, `address` where its subject is.

    `words` say what its kind means.
    """

    id: int
    seq: int
    kind: str
    words: str
    actor: str
    subject: str
    address: str
    at: datetime
    as_of: datetime | None
    entry: str
    previous: str
    hash: str

    @property
    def payload(self) -> str:
        """What was recorded, indented."""
        return json.dumps(json.loads(self.entry)["payload"], indent=2, ensure_ascii=False)


def event_row(event: JournalEvent) -> EventRow:
    """An event as the list shows it."""
    return EventRow(
        id=event.pk,
        seq=event.seq,
        kind=event.kind,
        words=kind_words(event.kind),
        actor=event.actor,
        subject=event.subject,
        address=address_of(event.subject),
        at=event.at,
        as_of=event.as_of,
        entry=event.entry,
        previous=event.previous,
        hash=event.hash,
    )


def holds(event: JournalEvent) -> bool:
    """Whether this event's hash is that of its text at its place; says nothing of the others."""
    found = link(previous=event.previous, stream=event.stream, seq=event.seq, text=event.entry)
    return found == event.hash


def event_cells(event: JournalEvent) -> tuple[object, ...]:
    """An event as a line of a spreadsheet."""
    payload = json.dumps(event.payload, separators=(",", ":"), ensure_ascii=False)
    return (
        *(event.seq, event.at, event.as_of, event.kind, event.actor, event.subject, payload),
        *(event.previous, event.hash),
    )


def json_line(event: JournalEvent) -> str:
    """An event with all that its hash is made of, as one line of JSON."""
    found = {
        "stream": event.stream,
        "seq": event.seq,
        "previous": event.previous,
        "hash": event.hash,
        "entry": event.entry,
    }
    return json.dumps(found, ensure_ascii=False) + "\n"
