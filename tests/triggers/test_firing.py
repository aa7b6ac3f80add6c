from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Execution
from tests.triggers.rows import (
    OPEN,
    WALL,
    end_executions,
    make_account,
    make_team,
    price_trigger,
    start_trading,
)
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.models import JournalEvent
from triggers.domain.causes import Hit, price_cause
from triggers.models import Firing, Trigger
from triggers.services import fire
from triggers.services.firing import NOBODY

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)
LATER = OPEN + timedelta(hours=2)


def hit(trigger, *, symbol="AAPL", at=OPEN):
    return Hit(
        trigger_id=trigger.id,
        cause_key=price_cause(trigger=trigger.id, symbol=symbol, at=at),
        title=f"{symbol} falls",
        symbol=symbol,
        evidence={"price": "97", "before": None},
    )


def fire_all(*hits, now=OPEN):
    with transaction():
        return fire(hits=hits, now=now, at=WALL)


def fired_events(stream):
    return JournalEvent.objects.filter(stream=stream, kind="trigger.fired")


def test_a_cause_becomes_a_firing_and_wakes_the_team(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed)

    (firing,) = fire_all(hit(trigger))

    execution = Execution.objects.get()
    assert list(firing.executions.all()) == [execution]
    assert (execution.team, execution.account, execution.as_of) == (team, account, OPEN)
    assert execution.causes[0]["key"] == firing.cause_key
    assert execution.causes[0]["kind"] == "price"
    assert (firing.as_of, firing.at, firing.refused) == (OPEN, WALL, "")
    assert firing.evidence == {"price": "97", "before": None, "symbol": "AAPL"}
    assert Trigger.objects.get().last_triggered_at == WALL
    (event,) = fired_events(f"account:{account.id}")
    assert event.payload["execution"] == str(execution.id)
    assert event.subject == f"trigger:{trigger.id}"


def test_the_same_cause_fires_once_however_often_it_is_seen(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed)

    first = fire_all(hit(trigger), hit(trigger))
    end_executions()
    again = fire_all(hit(trigger))

    assert (len(first), again) == (1, [])
    assert Firing.objects.count() == Execution.objects.count() == 1
    assert fired_events(f"account:{account.id}").count() == 1


def test_all_causes_of_a_team_wake_it_once_in_the_order_of_their_keys(owner, team, feed, account):
    dip = price_trigger(owner, team, feed, name="dip")
    top = price_trigger(owner, team, feed, name="top")
    hits = [hit(dip, symbol="MSFT"), hit(top), hit(dip)]

    fire_all(*hits)

    (execution,) = Execution.objects.all()
    assert [cause["key"] for cause in execution.causes] == sorted(one.cause_key for one in hits)


def test_the_order_of_hits_changes_nothing(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed, max_executions_per_hour=1)
    hits = [hit(trigger, symbol=symbol) for symbol in ("MSFT", "AAPL", "IBM")]

    fire_all(*hits)
    heeded = Firing.objects.get(refused="").cause_key

    assert heeded == min(one.cause_key for one in hits)


def test_each_team_and_each_account_gets_an_execution_of_its_own(owner, team, feed, account):
    second = make_account(owner, feed, name="Second")
    start_trading(team, second)
    others = make_team(owner, "Others")
    start_trading(others, account)
    triggers = [
        price_trigger(owner, team, feed, name="one"),
        price_trigger(owner, others, feed, name="two"),
    ]

    fire_all(*(hit(trigger) for trigger in triggers))

    woken = Execution.objects.values_list("team__name", "account__name")
    assert sorted(woken) == [
        ("House team", "Paper"),
        ("House team", "Second"),
        ("Others", "Paper"),
    ]
    assert fired_events(f"account:{account.id}").count() == 2
    assert fired_events(f"account:{second.id}").count() == 1


def test_without_a_session_the_firing_says_that_it_woke_nobody(owner, team, feed):
    trigger = price_trigger(owner, team, feed)

    (firing,) = fire_all(hit(trigger))

    assert Firing.objects.get().refused == firing.refused == NOBODY
    assert not Execution.objects.exists()
    (event,) = fired_events(f"owner:{owner.pk}")
    assert event.payload["refused"] == NOBODY


def test_a_throttled_firing_is_a_row_that_says_why_and_wakes_nobody(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed, max_executions_per_hour=1)
    fire_all(hit(trigger))
    end_executions()

    soon = OPEN + timedelta(minutes=59)
    (throttled,) = fire_all(hit(trigger, at=soon), now=soon)

    assert throttled.refused == "throttled: 1 an hour"
    assert not throttled.executions.exists()
    assert Execution.objects.count() == 1
    assert fired_events(f"owner:{owner.pk}").count() == 1


def test_the_throttle_counts_in_market_time_and_only_what_woke_somebody(
    owner, team, feed, account
):
    trigger = price_trigger(owner, team, feed, min_interval_seconds=3_600)
    moments = [OPEN + timedelta(minutes=minutes) for minutes in (0, 30, 60, 90, 120)]

    for moment in moments:
        fire_all(hit(trigger, at=moment), now=moment)
        end_executions()

    refused = Firing.objects.order_by("as_of").values_list("refused", flat=True)
    assert [bool(reason) for reason in refused] == [False, True, False, True, False]


def test_two_causes_at_one_instant_share_the_throttle(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed, min_interval_seconds=1)

    fire_all(hit(trigger, symbol="AAPL"), hit(trigger, symbol="IBM"))

    assert Firing.objects.filter(refused="").count() == 1
    assert Firing.objects.exclude(refused="").count() == 1


def test_a_trigger_that_was_disabled_meanwhile_does_not_fire(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed, enabled=False)

    assert fire_all(hit(trigger)) == []
    assert not Firing.objects.exists()


def test_an_execution_that_waits_already_takes_the_new_cause_in(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed)
    fire_all(hit(trigger))

    (second,) = fire_all(hit(trigger, at=LATER), now=LATER)

    assert Execution.objects.count() == 1
    assert second.executions.get().causes[1]["key"] == second.cause_key


def test_ids_follow_from_the_cause_alone(owner, team, feed, account):
    trigger = price_trigger(owner, team, feed)

    first = fire_all(hit(trigger))[0].id
    execution = Execution.objects.get().id
    Firing.objects.all().delete()
    Execution.objects.all().delete()
    second = fire_all(hit(trigger))[0].id

    assert first == second
    assert Execution.objects.get().id == execution


def test_the_number_of_statements_does_not_grow_with_the_triggers(owner, team, feed, account):
    def statements(first, last):
        triggers = [price_trigger(owner, team, feed, name=f"t{n}") for n in range(first, last)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            fire_all(*(hit(trigger) for trigger in triggers))
        end_executions()
        return len(queries)

    assert statements(0, 2) == statements(2, 40)


def test_nothing_to_fire_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert fire(hits=[], now=OPEN, at=WALL) == []


def test_a_hit_of_a_trigger_that_does_not_exist_is_dropped(db):
    unknown = Hit(UUID(int=1), "cause", "title", None, {})

    assert fire_all(unknown) == []
