"""What leaves the farm as a file: the filtered list, whole, harmless to open, and journaled."""

import csv
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import AsyncClient
from django.urls import reverse

from tests.factories import make_desk
from tests.trading.steps import make_holder
from trading.models import Fill
from tradingfarm.kernel.admin import PlainAdmin, exporting
from tradingfarm.kernel.admin.exporting import columns_of
from tradingfarm.kernel.journal import FARM, record, transaction
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def happened(*kinds, actor="ada", at=NOON):
    with transaction():
        for kind in kinds:
            record(stream=FARM, kind=kind, actor=actor, payload={}, at=at, subject="order:1")


def address(form, *, page="kernel_journalevent", query=""):
    return reverse(f"admin:{page}_export", args=[form]) + query


def text_of(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(text_of(answer), newline="")))


def lines_of(answer):
    return [json.loads(line) for line in text_of(answer).splitlines()]


def test_a_list_becomes_a_table_the_oldest_row_first(admin_client):
    happened("a")
    happened("b", at=NOON + timedelta(hours=1))

    answer = admin_client.post(address("csv"))

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="journalevent-' in answer["Content-Disposition"]
    rows = rows_of(answer)
    assert [row["kind"] for row in rows] == ["a", "b"]
    assert rows[0]["at"] == "2026-01-05T12:00:00.000000+00:00"
    assert rows[0]["as_of"] == ""


def test_only_what_the_filters_leave_is_exported(admin_client):
    happened("a", "b", "a")

    rows = rows_of(admin_client.post(address("csv", query="?kind=a")))

    assert [row["seq"] for row in rows] == ["1", "3"]


def test_only_what_was_searched_for_is_exported(admin_client):
    happened("a")
    happened("b", actor="person:eve")

    rows = lines_of(admin_client.post(address("jsonl", query="?q=person:eve")))

    assert [row["kind"] for row in rows] == ["b"]


@pytest.mark.parametrize("start", [*"=+-@", "\t", "\r", " ="])
def test_a_cell_that_a_spreadsheet_would_calculate_is_made_text(admin_client, start):
    happened("a", actor=f"{start}cmd|' /C calc'!A0")

    (row,) = rows_of(admin_client.post(address("csv")))

    assert row["actor"] == f"'{start}cmd|' /C calc'!A0"


def test_lines_of_json_keep_text_as_it_is(admin_client):
    happened("a", actor="=1+1")

    (row,) = lines_of(admin_client.post(address("jsonl")))

    assert row["actor"] == "=1+1"
    assert json.loads(row["entry"])["kind"] == "a"


@pytest.mark.django_db(transaction=True)
def test_amounts_are_exact_and_a_minus_stays_a_number(admin_client):
    make_holder()
    fill = Fill.objects.get()

    (row,) = rows_of(admin_client.post(address("csv", page="trading_fill")))
    (line,) = lines_of(admin_client.post(address("jsonl", page="trading_fill")))

    assert row["quantity"] == line["quantity"] == "10"
    assert row["order_id"] == line["order_id"] == str(fill.order_id)


def test_lists_in_a_column_are_json(admin_client):
    desk = make_desk(limits={"allowed_symbols": ["AAPL", "IBM"]})

    (row,) = rows_of(admin_client.post(address("csv", page="trading_permission")))

    assert row["id"] == str(desk.permission.id)
    assert row["allowed_symbols"] == '["AAPL","IBM"]'


def test_an_export_is_journaled_with_its_filters_and_its_rows(admin_client):
    happened("a", "b", "a")

    admin_client.post(address("csv", query="?kind=a&p=1"))

    event = JournalEvent.objects.get(kind="user.exported")
    assert (event.stream, event.actor) == ("farm", "person:admin")
    assert event.payload == {
        "list": "kernel.journalevent",
        "format": "csv",
        "filters": {"kind": ["a"]},
        "rows": 2,
    }


def test_the_record_of_an_export_is_not_in_it(admin_client):
    happened("a")

    rows = rows_of(admin_client.post(address("csv")))

    assert [row["kind"] for row in rows] == ["a"]


def test_a_long_list_comes_whole_in_parts_though_moments_repeat(admin_client, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    happened(*"abcdefg")

    rows = rows_of(admin_client.post(address("csv")))

    assert [row["kind"] for row in rows] == list("abcdefg")


def test_a_list_without_a_moment_comes_by_its_key(admin_client, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    happened("a")
    with transaction():
        record(stream="owner:1", kind="k", actor="a", payload={}, at=NOON)

    rows = rows_of(admin_client.post(address("csv", page="kernel_journalstream")))

    assert [row["name"] for row in rows] == ["farm", "owner:1"]


async def awaited(client, path):
    """The answer's media type and its text, from a handler that awaits."""
    answer = await client.post(path)
    return answer["Content-Type"], b"".join([piece async for piece in answer.streaming_content])


def test_a_server_that_awaits_streams_as_well(monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    happened(*"abcde")
    client = AsyncClient()
    client.force_login(User.objects.create_superuser("root"))

    # The database is asked in this thread, whose transaction the test is.
    media_type, text = async_to_sync(awaited)(client, address("jsonl"))

    assert media_type == "application/jsonl"
    assert [json.loads(line)["kind"] for line in text.splitlines()] == list("abcde")


def test_nothing_is_exported_by_reading(admin_client):
    happened("a")

    assert admin_client.get(address("csv")).status_code == 405
    assert not JournalEvent.objects.filter(kind="user.exported").exists()


def test_a_format_that_does_not_exist_is_not_found(admin_client):
    assert admin_client.post(address("xlsx")).status_code == 404


def test_a_filter_that_makes_no_sense_exports_nothing(admin_client):
    happened("a")

    answer = admin_client.post(address("csv", query="?at_from=never"))

    assert answer.status_code == 302
    assert not JournalEvent.objects.filter(kind="user.exported").exists()


@pytest.fixture
def clerk(client):
    """Somebody on the staff who may read accounts and nothing else."""
    person = User.objects.create(username="clerk", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(person)
    return client


def test_who_may_not_see_a_list_cannot_export_it(clerk):
    happened("a")

    assert clerk.post(address("csv")).status_code == 403
    assert rows_of(clerk.post(address("csv", page="trading_account"))) == []


def test_a_stranger_is_sent_to_sign_in(client):
    answer = client.post(address("csv"))

    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


def test_every_list_offers_its_files(admin_client):
    page = admin_client.get(reverse("admin:kernel_journalevent_changelist"), {"kind": "a"})

    assert 'action="export/csv/?kind=a"' in page.content.decode()
    assert 'action="export/jsonl/?kind=a"' in page.content.decode()


def exportable():
    return [site for site in admin.site._registry.values() if isinstance(site, PlainAdmin)]


SECRET_COLUMNS = {"password", "session_key", "secret", "digest", "token", "data", "key"}


@pytest.mark.parametrize("site", exportable(), ids=str)
def test_no_file_has_a_column_that_lets_somebody_in(site):
    columns = set(columns_of(site))

    assert columns
    assert columns & SECRET_COLUMNS == set()


def test_what_a_page_does_not_show_of_a_person_is_in_no_file(admin_client, admin_user):
    (line,) = lines_of(admin_client.post(address("jsonl", page="people_user")))

    assert line["username"] == "admin"
    assert admin_user.password not in line.values()
    assert "password" not in line


def test_a_file_of_the_journal_is_enough_to_check_its_chain(admin_client):
    happened("a", "b", "c")

    tip = ""
    for line in lines_of(admin_client.post(address("jsonl", query="?stream=farm"))):
        text = f"{tip}:{line['stream']}:{line['seq']}:{line['entry']}"
        assert line["previous"] == tip
        tip = hashlib.sha256(text.encode()).hexdigest()
        assert line["hash"] == tip
    assert line["seq"] == 3
