"""The journal as an auditor meets it: narrowed, searched, checked, and never counted whole."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.urls import reverse

from tests.factories import make_desk, wall
from tests.trading.steps import decided
from trading.models import Order
from tradingfarm.kernel.admin import filters, lists, records
from tradingfarm.kernel.admin.links import subject_link
from tradingfarm.kernel.journal import FARM, owner_stream, record, transaction
from tradingfarm.kernel.models import JournalEvent, JournalStream

pytestmark = pytest.mark.django_db
EVENTS = reverse("admin:kernel_journalevent_changelist")
STREAMS = reverse("admin:kernel_journalstream_changelist")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def happened(kind="it.was", *, at=NOON, stream=FARM, actor="ada", subject="order:1"):
    with transaction():
        record(stream=stream, kind=kind, actor=actor, payload={"n": 1}, at=at, subject=subject)


def listed(admin_client, **asked):
    """The events on the list's first page, by their kinds."""
    page = admin_client.get(EVENTS, asked)
    assert page.status_code == 200, page.headers
    return [event.kind for event in page.context["cl"].result_list]


def tampered(statement):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_append_only")


def said(answer):
    return [(message.level_tag, str(message)) for message in get_messages(answer.wsgi_request)]


def checked(admin_client, *names):
    return said(
        admin_client.post(STREAMS, {"action": "check_links", "_selected_action": list(names)})
    )


def test_the_newest_event_is_first(admin_client):
    for hours in (1, 3, 2):
        happened(f"it.{hours}", at=NOON + timedelta(hours=hours))

    assert listed(admin_client) == ["it.3", "it.2", "it.1"]


def test_one_stream_is_in_its_own_order(admin_client):
    happened("first", at=NOON)
    happened("second", at=NOON - timedelta(hours=1))
    happened("another's", stream=owner_stream(1))

    assert listed(admin_client, stream="farm") == ["second", "first"]


def test_kinds_are_offered_without_walking_through_the_table(admin_client):
    for kind in ("b.b", "a.a", "b.b", "c.c"):
        happened(kind)

    assert filters.distinct_values(JournalEvent, "kind") == ["a.a", "b.b", "c.c"]
    assert listed(admin_client, kind="b.b") == ["b.b", "b.b"]


def test_no_values_are_offered_of_an_empty_table():
    assert filters.distinct_values(JournalEvent, "kind") == []


def test_days_are_included_at_both_ends(admin_client):
    for day in (4, 5, 6, 7):
        happened(f"on.{day}", at=datetime(2026, 1, day, 23, 59, tzinfo=UTC))

    assert listed(admin_client, at_from="2026-01-05", at_to="2026-01-06") == ["on.6", "on.5"]
    assert listed(admin_client, at_to="2026-01-04") == ["on.4"]
    assert listed(admin_client, at_from="2026-01-07") == ["on.7"]


def test_a_day_that_does_not_exist_is_refused(admin_client):
    happened()

    answer = admin_client.get(EVENTS, {"at_from": "2026-02-30"})

    assert answer.status_code == 302
    assert answer["Location"].endswith("?e=1")


def test_years_months_and_days_can_be_pressed(admin_client):
    happened(at=datetime(2025, 12, 30, tzinfo=UTC))
    happened(at=datetime(2026, 1, 2, tzinfo=UTC))

    def offered(**asked):
        page = admin_client.get(EVENTS, asked)
        (spec,) = [s for s in page.context["cl"].filter_specs if s.title == "at"]
        return [choice["display"] for choice in spec.choices(page.context["cl"])]

    assert offered() == ["All", "2026", "2025"]
    assert offered(at_from="2025-01-01", at_to="2025-12-31") == ["All", "2025", "December 2025"]
    assert offered(at_from="2025-12-01", at_to="2025-12-31") == [
        *("All", "December 2025", "30 Dec 2025", "31 Dec 2025")
    ]


@pytest.mark.parametrize(
    "asked", ["order:17", "17", "person:eve", " 17 "], ids=["subject", "id", "actor", "spaces"]
)
def test_events_are_found_by_what_they_are_about_and_by_who(admin_client, asked):
    happened("found", subject="order:17", actor="person:eve")
    happened("other", subject="order:170", actor="person:eva")

    assert listed(admin_client, q=asked) == ["found"]


def test_sorting_by_a_column_without_an_index_is_not_done(admin_client):
    happened("a", at=NOON)
    happened("b", at=NOON + timedelta(hours=1))

    # The first column is the moment, the second the kind.
    assert listed(admin_client, o="1") == ["b", "a"]
    assert listed(admin_client, o="0") == ["a", "b"]
    assert "?o=0" in admin_client.get(EVENTS).content.decode()


def test_moments_are_told_to_the_millisecond(admin_client):
    happened(at=NOON + timedelta(microseconds=7_000))

    assert "2026-01-05 12:00:00.007" in admin_client.get(EVENTS).content.decode()


def test_a_long_list_says_about_how_long_it_is_and_pages_reach_as_far_as_was_counted(
    admin_client, monkeypatch
):
    monkeypatch.setattr(lists, "COUNTED", 60)
    with transaction():
        for _ in range(130):
            record(stream=FARM, kind="k", actor="a", payload={}, at=NOON)

    page = admin_client.get(EVENTS)

    found = page.context["cl"]
    assert found.result_count > 60
    assert "about " in page.content.decode()
    assert found.paginator.num_pages == 2
    assert admin_client.get(EVENTS, {"p": "3"}).status_code == 302


def test_a_short_list_is_counted_exactly(admin_client):
    for _ in range(3):
        happened()

    found = admin_client.get(EVENTS).context["cl"]

    assert (found.result_count, str(found.result_count)) == (3, "3")


def test_an_event_leads_to_what_it_is_about(admin_client):
    desk = make_desk()
    decided(desk, desk.buy())
    order = Order.objects.get()
    address = reverse("admin:trading_order_change", args=[order.pk])

    assert f'href="{address}"' in subject_link(f"order:{order.pk}")
    assert f'href="{address}"' in admin_client.get(EVENTS).content.decode()
    assert admin_client.get(address).status_code == 200


@pytest.mark.parametrize("subject", ["", "farm", "weather:1", "order:"])
def test_what_the_admin_does_not_know_is_told_without_a_link(subject):
    assert subject_link(subject) == subject


def test_an_event_shows_its_payload_its_neighbours_and_that_its_hash_holds(admin_client):
    for kind in ("one", "two", "three"):
        happened(kind)
    events = {event.kind: event for event in JournalEvent.objects.all()}
    address = reverse("admin:kernel_journalevent_change", args=[events["two"].pk])

    page = admin_client.get(address).content.decode()

    assert "&quot;n&quot;: 1" in page
    assert "icon-yes.svg" in page
    for kind in ("one", "three"):
        assert reverse("admin:kernel_journalevent_change", args=[events[kind].pk]) in page
    tampered("UPDATE journal_event SET entry = replace(entry, 'ada', 'eve') WHERE kind = 'two'")
    assert "icon-no.svg" in admin_client.get(address).content.decode()


def test_a_chain_that_holds_is_said_to_hold_and_the_check_is_journaled(admin_client):
    happened()
    happened()

    answer = checked(admin_client, "farm")

    assert answer == [("success", "farm: 2 events, every link holds.")]
    event = JournalEvent.objects.get(kind="user.verified")
    assert event.actor == "person:admin"
    assert event.payload == {"seq": 2, "problem": ""}


def test_a_chain_that_breaks_is_named_with_its_place(admin_client):
    for _ in range(3):
        happened()
    tampered("UPDATE journal_event SET actor = 'eve' WHERE seq = 2")

    answer = checked(admin_client, "farm")

    assert answer == [("error", "farm breaks at 2: its columns differ from its text.")]
    assert "breaks at 2" in JournalEvent.objects.get(kind="user.verified").payload["problem"]


def test_a_chain_too_long_for_the_page_says_how_far_it_came_and_how_to_go_on(
    admin_client, monkeypatch
):
    happened()
    monkeypatch.setattr(records, "PATIENCE", timedelta(0))

    ((level, words),) = checked(admin_client, "farm")

    assert level == "warning"
    assert "the first 0 of 1 events hold" in words
    assert "manage.py verify_journal farm" in words


def test_several_chains_are_checked_at_once(admin_client):
    happened()
    happened(stream=owner_stream(1))

    answer = checked(admin_client, "farm", "owner:1")

    assert {level for level, _ in answer} == {"success"}
    assert len(answer) == 2


@pytest.mark.parametrize("model", ["journalevent", "journalstream", "heartbeat"])
def test_records_of_the_kernel_can_neither_be_added_nor_changed(admin_client, model):
    happened()

    assert admin_client.get(reverse(f"admin:kernel_{model}_add")).status_code == 403
    assert admin_client.get(reverse(f"admin:kernel_{model}_changelist")).status_code == 200
    stream = JournalStream.objects.get()
    page = reverse("admin:kernel_journalstream_change", args=[stream.pk])
    assert admin_client.post(page, {"seq": 0}).status_code == 403


def test_wall_time_is_what_the_list_of_assessments_is_narrowed_by(admin_client):
    desk = make_desk()
    decided(desk, desk.buy())
    address = reverse("admin:trading_assessment_changelist")

    today = admin_client.get(address, {"at_from": f"{wall():%Y-%m-%d}"})

    assert today.context["cl"].result_count == 1
