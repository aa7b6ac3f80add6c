"""The append-only, hash-chained record of everything that happened, and the one way to write it.

`record` collects events while a `transaction` is open; they are appended by one SQL call just
before the commit, so an event exists exactly when what it records does, and the sequence of a
stream has no gaps.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Subquery
from django.db.transaction import atomic

from tradingfarm.kernel.canonical import canonical
from tradingfarm.kernel.live import ring_pages, stream_topic
from tradingfarm.kernel.models import JournalEvent, JournalStream
from tradingfarm.kernel.prepared import prepared
from tradingfarm.kernel.statements import Values

FARM = "farm"
PART = 2_000


class NotInTransaction(RuntimeError):
    """`record` was called without an open `transaction`."""


@dataclass(frozen=True)
class Entry:
    """One event waiting for its place in a stream."""

    stream: str
    kind: str
    actor: str
    subject: str
    at: datetime
    as_of: datetime | None
    text: str


@dataclass(frozen=True)
class BrokenLink:
    """The first place where a stream does not hold together."""

    stream: str
    seq: int
    problem: str


@dataclass(frozen=True)
class Walk:
    """How far a stream was verified, so that it can be gone on with later.

    `seq` and `hash` are those of the last event that holds; `head_seq` and `head_hash` those of
    the event that it ends with. `broken` is the first link that does not hold.
    """

    stream: str
    head_seq: int
    head_hash: str
    seq: int = 0
    hash: str = ""
    ended: bool = False
    broken: BrokenLink | None = None

    def at(self, seq: int, problem: str) -> "Walk":
        """The walk, ended at a link that does not hold."""
        return replace(self, ended=True, broken=BrokenLink(self.stream, seq, problem))


BETWEEN = "\x1e"
"""Parts the texts of several events; JSON never has a control character in it as it is."""
# One long text is sent as it is; of an array every quotation mark would have to be escaped.
APPEND = """
SELECT journal_append(%(streams)s::text[], %(kinds)s::text[], %(actors)s::text[],
  %(subjects)s::text[], %(ats)s::timestamptz[], %(as_ofs)s::timestamptz[],
  string_to_array(%(texts)s, chr(30)))
"""
_pending: ContextVar[list[Entry] | None] = ContextVar("journal_pending", default=None)


def account_stream(account_id: UUID | str) -> str:
    return f"account:{account_id}"


def owner_stream(owner_id: int) -> str:
    return f"owner:{owner_id}"


@contextmanager
def transaction() -> Iterator[None]:
    """One durable transaction. What was recorded inside is journaled just before its commit.

    Cannot be nested: the journal's stream is the last lock that a transaction takes.
    """
    if _pending.get() is not None:
        raise RuntimeError("A transaction is open already; call services one after the other.")
    entries: list[Entry] = []
    token = _pending.set(entries)
    try:
        with atomic(durable=True):
            yield
            _append(entries)
            _announce(entries)
    finally:
        _pending.reset(token)


def record(  # noqa: PLR0913 - an event has these parts
    *,
    stream: str,
    kind: str,
    actor: str,
    payload: Mapping[str, object],
    at: datetime,
    as_of: datetime | None = None,
    subject: str = "",
) -> None:
    """Journal one event in the open transaction.

    `at` is wall time, `as_of` market time; `subject` names the row it is about, as `order:<id>`.
    Raises NotInTransaction outside of `transaction()`.
    """
    entries = _pending.get()
    if entries is None:
        raise NotInTransaction(f"{kind} must be recorded inside a transaction().")
    text = canonical(
        {
            "kind": kind,
            "actor": actor,
            "subject": subject,
            "at": at,
            "as_of": as_of,
            "payload": dict(payload),
        }
    )
    entries.append(Entry(stream, kind, actor, subject, at, as_of, text))


def _announce(entries: list[Entry]) -> None:
    streams = {entry.stream for entry in entries}
    if streams:
        ring_pages(*(stream_topic(stream) for stream in streams))


def _append(entries: list[Entry]) -> None:
    if not entries:
        return
    with prepared() as cursor:
        cursor.execute(APPEND, _columns(entries))


def _columns(entries: list[Entry]) -> Values:
    return {
        "streams": [entry.stream for entry in entries],
        "kinds": [entry.kind for entry in entries],
        "actors": [entry.actor for entry in entries],
        "subjects": [entry.subject for entry in entries],
        "ats": [entry.at for entry in entries],
        "as_ofs": [entry.as_of for entry in entries],
        "texts": BETWEEN.join(entry.text for entry in entries),
    }


def heads_of(streams: Iterable[str]) -> dict[str, int]:
    """How many events each of these streams has; one that has none is left out."""
    heads = JournalStream.objects.filter(name__in=list(streams))
    return dict(heads.values_list("name", "seq"))


def events_after(*, stream: str, since: int, limit: int) -> list[JournalEvent]:
    """The next events of a stream after `since`, oldest first, at most `limit`."""
    events = JournalEvent.objects.filter(stream=stream, seq__gt=since)
    return list(events.order_by("seq")[:limit])


def link(*, previous: str, stream: str, seq: int, text: str) -> str:
    """The hash of one event: SHA-256 over the previous hash, its place and its exact text."""
    return hashlib.sha256(f"{previous}:{stream}:{seq}:{text}".encode()).hexdigest()


def verify(stream: JournalStream) -> BrokenLink | None:
    """Walk one stream from its start to the head that `stream` was read with.

    None when every link holds, else the first that does not. What is appended meanwhile is not
    looked at; an event that no head knows is a broken link too.
    """
    walk = walk_of(stream)
    while not walk.ended:
        walk = verify_part(walk=walk, most=PART)
    return walk.broken


def walk_of(stream: JournalStream) -> Walk:
    """A walk that stands before the first event and ends at the head as it was read."""
    return Walk(stream=stream.name, head_seq=stream.seq, head_hash=stream.hash)


def verify_part(*, walk: Walk, most: int) -> Walk:
    """The next `most` events of a walk: the walk as it then stands, or ended.

    A walk that ended without a broken link has shown that every link up to its head holds.
    """
    events = JournalEvent.objects.filter(
        stream=walk.stream, seq__gt=walk.seq, seq__lte=walk.head_seq
    ).order_by("seq")[:most]
    seq, tip = walk.seq, walk.hash
    for event in events:
        problem = _problem(event, seq=seq + 1, previous=tip)
        if problem:
            return replace(walk, seq=seq, hash=tip).at(seq + 1, problem)
        seq, tip = event.seq, event.hash
    if seq == walk.seq + most and seq < walk.head_seq:
        return replace(walk, seq=seq, hash=tip)
    return _arrived(replace(walk, seq=seq, hash=tip, ended=True))


def _arrived(walk: Walk) -> Walk:
    """A walk that found no more events: whether it stands at its head, which ends the stream."""
    if (walk.head_seq, walk.head_hash) != (walk.seq, walk.hash):
        return walk.at(walk.seq + 1, f"the stream's head says {walk.head_seq} events")
    return replace(walk, broken=_beyond_head(walk.stream))


def _beyond_head(name: str) -> BrokenLink | None:
    head = JournalStream.objects.filter(name=name).values("seq")
    beyond = JournalEvent.objects.filter(stream=name, seq__gt=Subquery(head)).order_by("seq")
    found = beyond.values_list("seq", flat=True).first()
    return None if found is None else BrokenLink(name, found, "the stream's head ends before it")


def _problem(event: JournalEvent, *, seq: int, previous: str) -> str | None:
    if event.seq != seq:
        return f"event {seq} is missing; {event.seq} follows"
    if event.previous != previous:
        return "it does not name the hash of the event before it"
    if event.hash != link(previous=previous, stream=event.stream, seq=seq, text=event.entry):
        return "its text does not have the hash that was stored"
    columns = canonical(
        {
            "kind": event.kind,
            "actor": event.actor,
            "subject": event.subject,
            "at": event.at,
            "as_of": event.as_of,
            "payload": event.payload,
        }
    )
    return None if columns == event.entry else "its columns differ from its text"
