"""What beat sends is changed in the admin: journaled each time, and the farm's own is kept."""

import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import DatabaseError
from django.urls import reverse
from django_celery_beat import schedulers
from django_celery_beat.models import (
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
)

from tradingfarm.celery import app
from tradingfarm.kernel.admin import JournaledAdmin, RecordAdmin, ServiceAdmin, journaled
from tradingfarm.kernel.admin.periodic import is_of_the_farm
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import verify
from tradingfarm.kernel.models import JournalEvent, JournalStream
from tradingfarm.people.models import User

pytestmark = pytest.mark.django_db
TASKS = reverse("admin:django_celery_beat_periodictask_changelist")
SCHEDULES = {
    "clockedschedule": {"clocked_time_0": "2026-01-05", "clocked_time_1": "12:00:00"},
    "crontabschedule": {
        **dict.fromkeys(("hour", "day_of_week", "day_of_month", "month_of_year"), "*"),
        "minute": "7",
        "timezone": "UTC",
    },
    "solarschedule": {"event": "sunrise", "latitude": "47.5", "longitude": "19"},
    "intervalschedule": {"every": "7", "period": "seconds"},
}
NO_INLINES = {"periodictask_set-TOTAL_FORMS": "0", "periodictask_set-INITIAL_FORMS": "0"}


def seconds(every=5):
    return IntervalSchedule.objects.create(every=every, period="seconds")


def task(name="mine", **columns):
    columns = {"task": "tradingfarm.heartbeat", "interval": seconds()} | columns
    return PeriodicTask.objects.create(name=name, **columns)


def page(verb, row, model="periodictask"):
    return reverse(f"admin:django_celery_beat_{model}_{verb}", args=[row.pk] if row else [])


def filled_in(row, **changes):
    """The form of a task as a browser would send it back."""
    form = {
        "name": row.name,
        "task": row.task,
        "interval": row.interval_id,
        "args": row.args,
        "kwargs": row.kwargs,
        "headers": "{}",
        "description": row.description,
    }
    return form | ({"enabled": "on"} if row.enabled else {}) | changes


def events(kind):
    return list(JournalEvent.objects.filter(kind=kind, stream="farm").order_by("seq"))


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def acted(client, name, *rows):
    return client.post(TASKS, {"action": name, "_selected_action": [row.pk for row in rows]})


def test_a_new_task_is_journaled_with_what_it_sends(admin_client):
    draft = PeriodicTask(name="mine", task="tradingfarm.heartbeat", interval=seconds())

    answer = admin_client.post(page("add", None), filled_in(draft))

    assert answer.status_code == 302
    row = PeriodicTask.objects.get()
    (event,) = events("periodictask.created")
    assert (event.actor, event.subject) == ("person:admin", f"periodictask:{row.pk}")
    assert event.payload["before"] == {}
    assert event.payload["after"] | {"name": "mine", "enabled": True} == event.payload["after"]
    assert event.payload["after"]["interval"] == row.interval_id


def test_a_change_is_journaled_with_what_was_before(admin_client):
    row = task()
    other = seconds(60)

    admin_client.post(page("change", row), filled_in(row, interval=other.pk, kwargs='{"a":1}'))

    (event,) = events("periodictask.changed")
    assert event.payload["before"] == {"interval": row.interval_id, "kwargs": "{}"}
    assert event.payload["after"] == {"interval": other.pk, "kwargs": '{"a":1}'}
    assert event.payload["name"] == "mine: every 60 seconds"


def test_saving_what_was_there_makes_no_event(admin_client):
    row = task(headers="{}")

    assert admin_client.post(page("change", row), filled_in(row)).status_code == 302

    assert events("periodictask.changed") == []


def test_a_form_that_is_refused_changes_and_journals_nothing(admin_client):
    row = task()

    answer = admin_client.post(page("change", row), filled_in(row, kwargs="no JSON"))

    assert answer.status_code == 200
    assert events("periodictask.changed") == []


@pytest.mark.django_db(transaction=True)
def test_a_change_that_cannot_be_journaled_is_not_made(admin_client, monkeypatch):
    row = task()

    def fails(**_):
        raise DatabaseError("the journal is gone")

    monkeypatch.setattr(journaled, "record", fails)
    with pytest.raises(DatabaseError):
        admin_client.post(page("change", row), filled_in(row, task="agents.sweep"))
    with pytest.raises(DatabaseError):
        admin_client.post(page("delete", row), {"post": "yes"})
    with pytest.raises(DatabaseError):
        acted(admin_client, "disable_tasks", row)

    row.refresh_from_db()
    assert (row.task, row.enabled) == ("tradingfarm.heartbeat", True)


def test_a_task_of_somebody_is_deleted_and_the_event_keeps_what_it_was(admin_client):
    row = task()

    answer = admin_client.post(page("delete", row), {"post": "yes"})

    assert answer.status_code == 302
    assert not PeriodicTask.objects.exists()
    (event,) = events("periodictask.deleted")
    assert event.subject == f"periodictask:{row.pk}"
    assert event.payload["before"]["task"] == "tradingfarm.heartbeat"
    assert event.payload["after"] == {}


@pytest.fixture
def start_beat(monkeypatch):
    """Starts beat as far as it makes its rows, which it returns."""
    # It would close the connection whose transaction the test is.
    monkeypatch.setattr(schedulers, "close_old_connections", lambda: None)

    def start():
        schedulers.DatabaseScheduler(app=app)._finalize.cancel()
        return list(PeriodicTask.objects.order_by("name"))

    return start


def test_all_that_beat_makes_when_it_starts_is_the_farms_own(start_beat):
    names = [row.name for row in start_beat()]

    assert {"sweep-executions", "fire-due-triggers", "heartbeat"} <= set(names)
    assert [name for name in names if not is_of_the_farm(name)] == []
    assert not is_of_the_farm("mine")


def test_what_the_farm_makes_is_not_deleted(admin_client, start_beat):
    for row in start_beat():
        asked = admin_client.get(page("delete", row))
        answer = admin_client.post(page("delete", row), {"post": "yes"})

        words = f"The farm makes {row.name} whenever it starts. Disable it instead of deleting it."
        assert (asked.status_code, asked["Location"]) == (302, page("change", row))
        assert words in said(answer)
        assert PeriodicTask.objects.filter(pk=row.pk).exists()
    assert events("periodictask.deleted") == []


def test_what_the_farm_makes_is_not_renamed(admin_client, start_beat):
    start_beat()
    row = PeriodicTask.objects.get(name="sweep-executions")

    answer = admin_client.post(page("change", row), filled_in(row, name="mine"))

    (problem,) = answer.context["adminform"].form.errors["name"]
    assert problem.startswith("The farm makes sweep-executions by this name")
    row.refresh_from_db()
    assert row.name == "sweep-executions"


def test_what_the_farm_makes_can_be_disabled_on_its_page_which_is_journaled(
    admin_client, start_beat
):
    start_beat()
    row = PeriodicTask.objects.get(name="sweep-executions")
    form = filled_in(row)
    del form["enabled"]

    admin_client.post(page("change", row), form)

    (event,) = events("periodictask.changed")
    assert event.payload["before"]["enabled"] is True
    assert event.payload["after"]["enabled"] is False
    start_beat()
    row.refresh_from_db()
    assert not row.enabled


def test_another_task_can_be_renamed(admin_client):
    row = task(headers="{}")

    admin_client.post(page("change", row), filled_in(row, name="yours"))

    (event,) = events("periodictask.changed")
    assert (event.payload["before"], event.payload["after"]) == (
        {"name": "mine"},
        {"name": "yours"},
    )


@pytest.mark.parametrize(
    ("action", "states"),
    [
        ("enable_tasks", {"off": True}),
        ("disable_tasks", {"on": False}),
        ("toggle_tasks", {"on": False, "off": True}),
    ],
)
def test_switching_several_is_journaled_for_each_that_changes(admin_client, action, states):
    rows = [task("on"), task("off", enabled=False)]
    PeriodicTask.objects.filter(name="on").update(last_run_at=SystemClock().now())
    changed_at = PeriodicTasks.last_change()

    answer = acted(admin_client, action, *rows)

    found = events("periodictask.changed")
    assert {
        event.payload["name"].partition(":")[0]: event.payload["after"]["enabled"]
        for event in found
    } == states
    assert said(answer) == [
        f"{name} is {'enabled' if state else 'disabled'}." for name, state in states.items()
    ]
    after = {row.name: row.enabled for row in PeriodicTask.objects.all()}
    assert after == {"on": True, "off": False} | states
    assert not PeriodicTask.objects.filter(enabled=False, last_run_at__isnull=False).exists()
    assert PeriodicTasks.last_change() > changed_at  # beat looks again


def test_sending_a_task_at_once_is_journaled(admin_client, monkeypatch):
    sent = []
    heartbeat = app.tasks["tradingfarm.heartbeat"]
    monkeypatch.setattr(heartbeat, "apply_async", lambda **options: sent.append(options))

    acted(admin_client, "run_tasks", task())

    assert len(sent) == 1
    (event,) = events("periodictask.run")
    assert event.payload["task"] == "tradingfarm.heartbeat"


def test_who_may_only_look_can_neither_switch_nor_send(client):
    clerk = User.objects.create(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_periodictask"))
    client.force_login(clerk)
    row = task()

    for action in ("disable_tasks", "toggle_tasks", "run_tasks", "delete_selected"):
        acted(client, action, row)

    row.refresh_from_db()
    assert row.enabled
    assert not JournalEvent.objects.exists()
    assert client.post(page("delete", row), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", SCHEDULES)
def test_schedules_are_added_changed_and_deleted_with_an_event_each(admin_client, model):
    form = SCHEDULES[model] | NO_INLINES
    kind = admin.site._registry
    (rows,) = [each._default_manager for each in kind if each._meta.model_name == model]
    other = {"clocked_time_0": "2026-01-06", "minute": "8", "latitude": "48", "every": "8"}
    changed = form | {name: value for name, value in other.items() if name in form}

    answers = [admin_client.post(page("add", None, model), form)]
    row = rows.get()
    answers.append(admin_client.post(page("change", row, model), changed))
    answers.append(admin_client.post(page("delete", row, model), {"post": "yes"}))

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    (created,), (altered,), (deleted,) = (
        events(f"{model}.{verb}") for verb in ("created", "changed", "deleted")
    )
    assert created.payload["before"] == deleted.payload["after"] == {}
    assert len(altered.payload["before"]) == len(altered.payload["after"]) == 1
    assert created.payload["after"] | altered.payload["after"] == deleted.payload["before"]
    assert not rows.exists()


def test_a_schedule_that_something_is_sent_by_is_not_deleted(admin_client):
    row = task()

    answer = admin_client.post(page("delete", row.interval, "intervalschedule"), {"post": "yes"})

    assert said(answer) == ["Give another schedule first to: mine."]
    assert PeriodicTask.objects.filter(pk=row.pk).exists()


def test_a_task_is_only_shown_on_the_page_of_its_schedule(admin_client):
    row = task()
    address = page("change", row.interval, "intervalschedule")
    inline = {
        "periodictask_set-TOTAL_FORMS": "1",
        "periodictask_set-INITIAL_FORMS": "1",
        "periodictask_set-0-id": row.pk,
        "periodictask_set-0-interval": row.interval_id,
        "periodictask_set-0-name": "yours",
        "periodictask_set-0-DELETE": "on",
    }

    shown = admin_client.get(address).content.decode()
    admin_client.post(address, {"every": 5, "period": "seconds"} | inline)

    assert "mine" in shown
    assert PeriodicTask.objects.get().name == "mine"
    assert not JournalEvent.objects.exists()


def test_pages_lead_to_what_the_journal_says_of_a_task(admin_client):
    row = task()
    acted(admin_client, "disable_tasks", row)

    shown = admin_client.get(page("change", row)).content.decode()
    journal = reverse("admin:kernel_journalevent_changelist")
    listed = admin_client.get(journal, {"subject__exact": f"periodictask:{row.pk}"})

    assert f'href="{journal}?subject__exact=periodictask%3A{row.pk}"' in shown
    assert [event.kind for event in listed.context["cl"].result_list] == ["periodictask.changed"]
    assert page("change", row) in listed.content.decode()


def test_what_is_sent_by_a_crontab_leads_to_it_and_can_be_taken_out(admin_client):
    crontab = CrontabSchedule.objects.create(minute="7")
    task(interval=None, crontab=crontab)

    answer = admin_client.post(
        reverse("admin:django_celery_beat_periodictask_export", args=["jsonl"])
    )

    line = json.loads(b"".join(answer.streaming_content))
    assert (line["name"], line["crontab_id"]) == ("mine", crontab.pk)
    assert admin_client.get(TASKS).status_code == 200


def test_every_page_that_changes_rows_is_one_that_journals():
    """Whatever is registered: read alone, changed by services, or journaled here."""
    kinds = (RecordAdmin, ServiceAdmin, JournaledAdmin)
    sites = admin.site._registry.values()

    assert [site for site in sites if not isinstance(site, kinds)] == []
    assert [site for site in sites if site.list_editable] == []


def test_no_list_offers_to_delete_many_at_once(admin_client, rf, admin_user):
    request = rf.get("/")
    request.user = admin_user

    sites = admin.site._registry.values()

    assert [site for site in sites if "delete_selected" in site.get_actions(request)] == []


def test_the_journal_holds_after_all_of_this(admin_client):
    row = task()
    admin_client.post(page("change", row), filled_in(row, kwargs='{"a": 1}'))
    acted(admin_client, "disable_tasks", row)
    admin_client.post(page("delete", row), {"post": "yes"})

    assert [verify(stream) for stream in JournalStream.objects.all()] == [None]
