import json
from datetime import UTC, datetime
from uuid import uuid5

import pytest
from django.urls import reverse

from tests.triggers.rows import DIP, make_owner, price_trigger, time_trigger
from tradingfarm.kernel.models import JournalEvent
from triggers.models import Firing, Trigger

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)
ADD = "admin:triggers_trigger_add"
CHANGE = "admin:triggers_trigger_change"
LIST = "admin:triggers_trigger_changelist"
WALL = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def staff(client):
    person = make_owner("root")
    person.is_staff = person.is_superuser = True
    person.save()
    client.force_login(person)
    return client


def filled_in(owner, team, feed, **changes):
    return {
        "owner": owner.pk,
        "name": "dip",
        "type": "price",
        "enabled": "on",
        "team": team.id,
        "feed": feed.name if feed else "",
        "symbols": json.dumps(["AAPL"]),
        "condition": json.dumps(DIP),
        "cron": "",
        "time_zone": "UTC",
        "missed": "skip",
        "max_executions_per_hour": 60,
        "min_interval_seconds": 0,
    } | changes


@pytest.mark.django_db(transaction=True)
def test_a_trigger_is_made_through_the_service_and_journaled(staff, owner, team, feed):
    answer = staff.post(reverse(ADD), filled_in(owner, team, feed))

    assert answer.status_code == 302
    assert Trigger.objects.get().condition == DIP | {"against": "open"}
    (event,) = JournalEvent.objects.filter(kind="trigger.changed")
    assert event.actor == "person:root"


@pytest.mark.django_db(transaction=True)
def test_a_change_is_journaled_with_what_was_before(staff, owner, team, feed):
    trigger = price_trigger(owner, team, feed)
    form = filled_in(owner, team, feed, min_interval_seconds=30)

    answer = staff.post(reverse(CHANGE, args=[trigger.id]), form)

    assert answer.status_code == 302
    event = JournalEvent.objects.filter(kind="trigger.changed").latest("seq")
    assert event.payload["before"] == {"min_interval_seconds": 0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"symbols": '["TSLA"]'}, "no prices of TSLA; it has: AAPL."),
        ({"condition": '{"condition": "up"}'}, "is no condition"),
        ({"symbols": "AAPL"}, "Enter a valid JSON."),
        ({"type": "time", "cron": "61 * * * *", "symbols": "[]", "condition": "{}"}, "the minute"),
        ({"feed": ""}, "choose whose prices it watches"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(staff, owner, team, feed, changes, words):
    answer = staff.post(reverse(ADD), filled_in(owner, team, feed) | changes)

    assert answer.status_code == 200
    assert words in " ".join(answer.context["adminform"].form.errors.as_text().split())
    assert not Trigger.objects.exists()


def test_the_list_says_in_words_when_each_trigger_fires(staff, owner, team, feed):
    price_trigger(owner, team, feed)
    time_trigger(owner, team)
    broken = price_trigger(owner, team, feed, name="broken")
    Trigger.objects.filter(id=broken.id).update(condition={"condition": "up"})

    page = staff.get(reverse(LIST)).content.decode()

    assert "AAPL falls 3 % or more from the day&#x27;s open" in page
    assert "(America/New_York)" in page
    assert "is no condition" in page


def test_firings_and_sightings_can_be_read_and_nothing_more(staff):
    for name in ("firing", "lastsighting"):
        assert staff.get(reverse(f"admin:triggers_{name}_changelist")).status_code == 200
        assert staff.get(reverse(f"admin:triggers_{name}_add")).status_code == 403


def test_a_trigger_is_disabled_and_not_deleted(staff, owner, team, feed):
    trigger = price_trigger(owner, team, feed)

    answer = staff.post(reverse("admin:triggers_trigger_delete", args=[trigger.id]))

    assert answer.status_code == 403


def test_a_trigger_leads_to_its_firings(staff, owner, team, feed):
    trigger = price_trigger(owner, team, feed)

    page = staff.get(reverse(CHANGE, args=[trigger.id])).content.decode()

    firings = reverse("admin:triggers_firing_changelist")
    assert f'href="{firings}?trigger__id__exact={trigger.id}"' in page


def test_firings_are_narrowed_to_those_that_woke_nobody(staff, owner, team, feed):
    trigger = price_trigger(owner, team, feed)
    for number, refused in enumerate(("", "Throttled.")):
        Firing.objects.create(
            id=uuid5(trigger.id, str(number)),
            trigger=trigger,
            cause_key=str(number),
            title="down",
            evidence={},
            refused=refused,
            as_of=WALL,
            at=WALL,
        )
    firings = reverse("admin:triggers_firing_changelist")

    page = staff.get(firings, {"refused__isempty": "0", "q": str(trigger.id)})

    assert [firing.refused for firing in page.context["cl"].result_list] == ["Throttled."]
