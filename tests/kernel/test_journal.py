"""The record has no gaps, no changes and no events of things that did not happen."""

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, connection
from django.db.transaction import atomic

from tests.racing import race
from tradingfarm.kernel.journal import (
    FARM,
    NotInTransaction,
    account_stream,
    owner_stream,
    record,
    transaction,
    verify,
)
from tradingfarm.kernel.models import JournalEvent, JournalStream

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def happen(kind="it was", *, stream=FARM, **payload):
    record(stream=stream, kind=kind, actor="ada", payload=payload, at=AT, subject="order:1")


def written(*kinds, stream=FARM):
    with transaction():
        for kind in kinds:
            happen(kind, stream=stream)


def sequence(stream=FARM):
    return list(
        JournalEvent.objects.filter(stream=stream).order_by("seq").values_list("seq", "kind")
    )


def broken(stream=FARM):
    return verify(JournalStream.objects.get(name=stream))


def tampered(statement):
    """Change the past as somebody with the rights of the database's owner could."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")


def test_events_are_numbered_from_one_without_a_gap():
    written("a", "b")
    written("c")

    assert sequence() == [(1, "a"), (2, "b"), (3, "c")]


def test_an_event_keeps_what_was_recorded():
    with transaction():
        record(
            stream=account_stream(UUID(int=7)),
            kind="order.approved",
            actor="ada",
            payload={"price": Decimal("1.50")},
            at=AT,
            as_of=AT.replace(year=2001),
            subject="order:7",
        )

    event = JournalEvent.objects.get()
    assert event.stream == "account:00000000-0000-0000-0000-000000000007"
    assert (event.actor, event.subject) == ("ada", "order:7")
    assert (event.at, event.as_of, event.payload) == (AT, AT.replace(year=2001), {"price": "1.5"})
    assert json.loads(event.entry)["as_of"] == "2001-01-05T12:00:00.000000+00:00"


def test_every_hash_can_be_computed_again_from_what_is_stored():
    written("a", "b", "c")

    tip = ""
    for event in JournalEvent.objects.order_by("seq"):
        text = ":".join([tip, "farm", str(event.seq), event.entry])
        assert event.previous == tip
        tip = hashlib.sha256(text.encode()).hexdigest()
        assert event.hash == tip
    assert JournalStream.objects.get().hash == tip


def test_text_beyond_ascii_is_hashed_as_it_is_stored():
    with transaction():
        happen(said='Grüße, 世界 \x00 \\ "quoted"')

    assert broken() is None


def test_streams_have_chains_of_their_own():
    with transaction():
        happen("a")
        happen("b", stream=owner_stream(1))
        happen("c")
        happen("d", stream=owner_stream(1))

    assert sequence() == [(1, "a"), (2, "c")]
    assert sequence("owner:1") == [(1, "b"), (2, "d")]
    assert broken() is broken("owner:1") is None


def test_nothing_is_recorded_outside_of_a_transaction():
    with pytest.raises(NotInTransaction, match="it was"):
        happen()

    with atomic(), pytest.raises(NotInTransaction):
        happen()


def test_transactions_do_not_nest():
    with transaction(), pytest.raises(RuntimeError, match="open already"), transaction():
        pass


def test_after_a_refused_nesting_the_outer_transaction_goes_on():
    with transaction():
        happen("before")
        with pytest.raises(RuntimeError), transaction():
            pass
        happen("after")

    assert sequence() == [(1, "before"), (2, "after")]


def test_a_rollback_leaves_neither_event_nor_gap():
    written("a")
    with pytest.raises(Undone), transaction():
        _fail_after_recording()
    written("b")

    assert sequence() == [(1, "a"), (2, "b")]
    with pytest.raises(NotInTransaction):
        happen()


class Undone(Exception):
    """What a test raises."""


def _fail_after_recording():
    happen("lost")
    raise Undone


def test_a_transaction_without_events_writes_no_stream():
    with transaction():
        pass

    assert not JournalStream.objects.exists()


def test_the_events_of_a_transaction_are_one_statement(django_assert_num_queries):
    # The two others open and close the savepoint that stands for the transaction here.
    with django_assert_num_queries(3):
        written("a", "b", "c", "d")


@pytest.mark.parametrize(
    "change", ["UPDATE journal_event SET actor = 'eve'", "DELETE FROM journal_event"]
)
def test_the_database_refuses_to_change_the_past(change):
    written("a")

    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_to_forget_a_stream():
    written("a")

    with pytest.raises(IntegrityError, match="append-only"):
        JournalStream.objects.all().delete()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE journal_event SET entry = replace(entry, 'ada', 'eve') WHERE seq = 3", "hash"),
        ("UPDATE journal_event SET actor = 'eve' WHERE seq = 3", "columns differ"),
        ("UPDATE journal_event SET at = at + interval '1 s' WHERE seq = 3", "columns differ"),
        ("UPDATE journal_event SET as_of = at WHERE seq = 3", "columns differ"),
        ("UPDATE journal_event SET previous = '0' WHERE seq = 3", "the event before it"),
        ("UPDATE journal_event SET hash = '0' WHERE seq = 3", "hash"),
        ("DELETE FROM journal_event WHERE seq = 3", "event 3 is missing; 4 follows"),
    ],
)
def test_a_change_of_the_past_is_named_at_its_place(change, problem):
    written(*"abcde")

    tampered(change)

    found = broken()
    assert (found.stream, found.seq) == ("farm", 3)
    assert problem in found.problem


def test_an_end_that_was_cut_off_is_named():
    written(*"abcde")

    tampered("DELETE FROM journal_event WHERE seq > 3")

    assert (broken().seq, broken().problem) == (4, "the stream's head says 5 events")


def test_a_head_that_was_moved_back_with_its_end_is_not_believed():
    written(*"abcde")

    tampered("DELETE FROM journal_event WHERE seq > 3")
    JournalStream.objects.update(seq=3)

    assert "head" in broken().problem


def test_an_event_that_no_head_knows_is_named():
    written(*"abc")

    tampered(
        "INSERT INTO journal_event (stream, seq, kind, actor, subject, at, entry, previous, hash)"
        " SELECT stream, 4, kind, actor, subject, at, entry, hash, hash"
        " FROM journal_event WHERE seq = 3"
    )

    assert (broken().seq, broken().problem) == (4, "the stream's head ends before it")


def test_what_is_appended_while_a_stream_is_walked_breaks_nothing():
    written("a")
    read_before = JournalStream.objects.get()
    written("b")

    assert verify(read_before) is None


@pytest.mark.django_db(transaction=True)
def test_eight_threads_write_one_stream_without_a_gap():
    def write(place):
        for number in range(25):
            with transaction():
                happen(f"{place}.{number}")

    outcomes = race(8, write)

    assert outcomes == [None] * 8
    assert [seq for seq, _ in sequence()] == list(range(1, 201))
    assert broken() is None
    for place in range(8):
        own = [kind for _, kind in sequence() if kind.startswith(f"{place}.")]
        assert own == [f"{place}.{number}" for number in range(25)]


@pytest.mark.django_db(transaction=True)
def test_two_streams_written_in_opposite_orders_do_not_wait_for_each_other():
    def write(place):
        names = ["owner:1", "owner:2"][:: 1 if place % 2 else -1]
        for _ in range(25):
            with transaction():
                for name in names:
                    happen(stream=name)

    outcomes = race(4, write)

    assert outcomes == [None] * 4
    assert broken("owner:1") is broken("owner:2") is None
    assert JournalStream.objects.get(name="owner:1").seq == 100


@pytest.mark.django_db(transaction=True)
def test_a_transaction_commits_for_everybody_when_it_ends():
    with pytest.raises(RuntimeError, match="durable"), atomic(), transaction():
        happen()

    written("a")

    assert race(1, lambda _: JournalEvent.objects.count()) == [1]
