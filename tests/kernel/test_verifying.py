"""A long stream is verified part by part, and every part stands on the one before."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.transaction import atomic, set_rollback
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tradingfarm.kernel.audits import record_export, record_verification
from tradingfarm.kernel.journal import (
    FARM,
    Walk,
    account_stream,
    record,
    transaction,
    verify,
    verify_part,
    walk_of,
)
from tradingfarm.kernel.models import JournalEvent, JournalStream, Seen
from tradingfarm.kernel.searching import actors_in, bounds_of, deeds_in, kinds_in
from tradingfarm.kernel.seen import mark_seen

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def written(count, *, stream=FARM, kind="it was", actor="ada", at=AT):
    with transaction():
        for number in range(count):
            record(stream=stream, kind=kind, actor=actor, payload={"number": number}, at=at)


def written_inside(*, at):
    """One event in a transaction that is open already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT journal_append(ARRAY['farm'], ARRAY['tick'], ARRAY['ada'], ARRAY[''],"
            " ARRAY[%s]::timestamptz[], ARRAY[NULL]::timestamptz[], ARRAY['{}'])",
            [at],
        )


def head(stream=FARM):
    return JournalStream.objects.get(name=stream)


def walked(walk, *, most):
    """The walk after each part, until it ends."""
    walks = []
    while not walk.ended:
        walk = verify_part(walk=walk, most=most)
        walks.append(walk)
    return walks


def tampered(statement):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")


@pytest.mark.parametrize(
    ("most", "stops"),
    [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [3, 6, 7]), (7, [7]), (50, [7])],
)
def test_parts_end_at_the_head_with_every_link_held(most, stops):
    written(7)

    walks = walked(walk_of(head()), most=most)

    assert [walk.seq for walk in walks] == stops
    assert walks[-1].broken is None
    assert walks[-1].hash == head().hash


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_a_change_is_found_in_whichever_part_it_lies(most):
    written(9)
    tampered("UPDATE journal_event SET entry = replace(entry, '4', '5') WHERE seq = 5")

    last = walked(walk_of(head()), most=most)[-1]

    assert last.broken == verify(head())
    assert last.broken.seq == 5
    assert last.seq == 4


@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_a_gap_is_found(most):
    written(9)
    tampered("DELETE FROM journal_event WHERE seq = 4")

    assert walked(walk_of(head()), most=most)[-1].broken.seq == 4


@pytest.mark.parametrize("most", [2, 3, 4, 100])
def test_a_cut_off_end_is_found(most):
    written(6)
    tampered("DELETE FROM journal_event WHERE seq > 4")

    broken = walked(walk_of(head()), most=most)[-1].broken

    assert (broken.seq, broken.problem) == (5, "the stream's head says 6 events")


def test_an_end_that_the_head_does_not_know_is_found():
    written(6)
    JournalStream.objects.filter(name=FARM).update(
        seq=4, hash=JournalEvent.objects.get(seq=4).hash
    )

    broken = walked(walk_of(head()), most=2)[-1].broken

    assert (broken.seq, broken.problem) == (5, "the stream's head ends before it")


def test_a_rewritten_past_does_not_fit_what_was_verified_before():
    written(6)
    first = verify_part(walk=walk_of(head()), most=3)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute("UPDATE journal_event SET previous = 'x' WHERE seq = 4")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")

    broken = verify_part(walk=first, most=3).broken
    assert broken is not None
    assert broken.seq == 4


def test_what_is_appended_meanwhile_is_not_looked_at():
    written(4)
    walk = verify_part(walk=walk_of(head()), most=2)
    written(3)

    last = walked(walk, most=2)[-1]

    assert (last.seq, last.broken) == (4, None)


def test_an_empty_stream_holds():
    assert verify_part(walk=Walk(FARM, 0, ""), most=5) == Walk(FARM, 0, "", ended=True)


def test_the_kinds_and_actors_of_a_stream_are_found():
    stream = account_stream(UUID(int=7))
    written(3, stream=stream, kind="order.approved", actor="gate")
    written(2, stream=stream, kind="account.opened", actor="person:ada")
    written(1, stream=stream, kind="order.approved", actor="person:ada")
    written(1, kind="elsewhere", actor="nobody")

    assert kinds_in(stream=stream) == ["account.opened", "order.approved"]
    assert deeds_in(stream=stream, actors=["person:ada", "gate", "nobody"]) == [
        ("gate", "order.approved"),
        ("person:ada", "account.opened"),
        ("person:ada", "order.approved"),
    ]
    assert actors_in(stream=stream) == ["gate", "person:ada"]
    assert kinds_in(stream="owner:9") == []


def test_days_are_bounded_a_day_wider_than_asked():
    for day in range(8):
        written(1, at=AT + timedelta(days=day))

    def bounds(since, until):
        return bounds_of(
            stream=FARM,
            since=None if since is None else AT + timedelta(days=since),
            until=None if until is None else AT + timedelta(days=until),
        )

    assert bounds(3, 5) == (2, 7)
    assert bounds(None, 5) == (None, 7)
    assert bounds(3, None) == (2, None)
    assert bounds(0, 9) == (None, None)
    assert bounds(30, None) == (8, None)


@given(st.lists(st.integers(0, 23), min_size=1, max_size=12), st.integers(0, 200))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_event_of_the_days_lies_outside_though_clocks_go_back(db, skews, hours):
    with atomic():
        for number, skew in enumerate(skews):
            written_inside(at=AT + timedelta(hours=16 * number - skew))
        moment = AT + timedelta(hours=hours)
        after, _ = bounds_of(stream=FARM, since=moment, until=None)
        _, before = bounds_of(stream=FARM, since=None, until=moment)
        events = JournalEvent.objects.filter(stream=FARM)
        later = list(events.filter(at__gte=moment).values_list("seq", flat=True))
        earlier = list(events.filter(at__lt=moment).values_list("seq", flat=True))
        set_rollback(True)

    assert after is None or all(seq > after for seq in later)
    assert before is None or all(seq < before for seq in earlier)


def test_what_was_seen_never_goes_back():
    for seq in (3, 9, 4):
        mark_seen(person_id=1, stream=FARM, seq=seq)
    mark_seen(person_id=2, stream=FARM, seq=1)

    assert dict(Seen.objects.values_list("person_id", "seq")) == {1: 9, 2: 1}


def test_an_export_and_a_verification_are_events():
    record_export(stream=FARM, actor="person:ada", what="fills", filters={"side": "sell"}, at=AT)
    record_verification(stream=FARM, actor="person:ada", seq=1, problem="", at=AT)

    found = [(event.kind, event.payload) for event in JournalEvent.objects.order_by("seq")]
    assert found == [
        ("user.exported", {"list": "fills", "filters": {"side": "sell"}}),
        ("user.verified", {"seq": 1, "problem": ""}),
    ]
    assert verify(head()) is None
