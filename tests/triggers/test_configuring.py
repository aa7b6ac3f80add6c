from datetime import UTC, datetime, timedelta

import pytest

from market.models import Replay
from tests.market.stored import begin_replay
from tests.triggers.rows import (
    MONDAY,
    WALL,
    make_instrument,
    make_owner,
    make_team,
    price_trigger,
    store_day,
    time_trigger,
)
from tradingfarm.kernel.models import JournalEvent
from triggers.models import Trigger
from triggers.services import (
    InvalidTrigger,
    disable_trigger,
    enable_trigger,
    update_trigger,
)

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)


def problems(make, *args, **changes):
    with pytest.raises(InvalidTrigger) as raised:
        make(*args, **changes)
    assert raised.value.permanent
    return raised.value.problems


def changes_of(owner):
    events = JournalEvent.objects.filter(stream=f"owner:{owner.pk}", kind="trigger.changed")
    return [event.payload for event in events.order_by("seq")]


def test_a_price_trigger_is_stored_with_its_numbers_as_text_and_journaled(owner, team, feed):
    trigger = price_trigger(
        owner, team, feed, condition={"condition": "above", "threshold": 120.50}
    )

    assert trigger.condition == {"condition": "above", "threshold": "120.5"}
    assert trigger.next_due_at is None
    (change,) = changes_of(owner)
    assert change["before"] == {}
    assert change["after"]["symbols"] == ["AAPL"]


def test_a_time_trigger_knows_when_it_is_due_next(owner, team):
    trigger = time_trigger(owner, team, at=datetime(2024, 5, 3, 20, tzinfo=UTC))

    assert trigger.next_due_at == datetime(2024, 5, 6, 13, 30, tzinfo=UTC)


def test_a_time_trigger_of_a_replay_is_due_on_the_replays_clock(owner, team, apple):
    store_day(apple, MONDAY, 100, 101, 99, 100)
    replay = begin_replay(first=MONDAY, last=MONDAY)

    before = time_trigger(owner, team, feed=replay.feed)
    Replay.objects.update(position=4, as_of=datetime(2001, 3, 5, 21, tzinfo=UTC))
    after = time_trigger(owner, team, feed=replay.feed, name="later")

    assert before.next_due_at == datetime(2001, 3, 5, 14, 30, tzinfo=UTC)
    assert after.next_due_at == datetime(2001, 3, 6, 14, 30, tzinfo=UTC)


def test_a_replay_feed_without_a_replay_gives_no_due_minute_yet(owner, team, apple):
    store_day(apple, MONDAY, 100, 101, 99, 100)
    feed = begin_replay(first=MONDAY, last=MONDAY).feed
    Replay.objects.all().delete()

    assert time_trigger(owner, team, feed=feed).next_due_at is None


def test_the_same_name_twice_is_refused(owner, team, feed):
    price_trigger(owner, team, feed)

    assert "choose another name" in problems(price_trigger, owner, team, feed)["name"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"symbols": ["TSLA", "AAPL"]}, "symbols", "no prices of TSLA; it has: AAPL"),
        ({"symbols": []}, "symbols", "at least one"),
        ({"symbols": "AAPL"}, "symbols", "list of texts"),
        ({"symbols": [1]}, "symbols", "list of texts"),
        ({"feed": None}, "feed", "needs a feed"),
        ({"condition": {"condition": "sideways"}}, "condition", "is no condition"),
        ({"condition": {"condition": "above", "threshold": "-1"}}, "condition", "no price"),
        ({"condition": {}}, "condition", "is no condition"),
        ({"cron": "* * * * *"}, "cron", "no schedule"),
        ({"name": " "}, "name", "1 to 80"),
        ({"max_executions_per_hour": 0}, "max_executions_per_hour", "at least one"),
        ({"min_interval_seconds": -1}, "min_interval_seconds", "negative"),
        ({"missed": "never"}, "missed", "'skip' or 'once'"),
        ({"type": "moon"}, "type", "'time' or 'price'"),
    ],
)
def test_each_wrong_setting_of_a_price_trigger_is_named(owner, team, feed, changes, field, words):
    found = problems(price_trigger, owner, team, **({"feed": feed} | changes))

    assert set(found) == {field}
    assert words in found[field]
    assert not Trigger.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"symbols": ["AAPL"]}, "symbols"),
        ({"condition": {"condition": "above", "threshold": "1"}}, "condition"),
    ],
)
def test_each_wrong_setting_of_a_time_trigger_is_named(owner, team, changes, field):
    assert set(problems(time_trigger, owner, team, **changes)) == {field}


def test_all_problems_are_told_at_once(owner, team, feed):
    found = problems(price_trigger, owner, team, feed, symbols=[], condition={}, name="")

    assert set(found) == {"symbols", "condition", "name"}


def test_another_persons_team_is_refused(owner, feed):
    stranger = make_team(make_owner("eve"))

    assert "belongs to somebody else" in problems(price_trigger, owner, stranger, feed)["team"]


def test_a_feed_without_any_prices_says_none(owner, team, feed):
    make_instrument("IBM")

    found = problems(price_trigger, owner, team, feed, symbols=["IBM"])

    assert "no prices of IBM; it has: AAPL." in found["symbols"]


def test_a_change_is_journaled_with_what_was_before(owner, team, feed):
    trigger = price_trigger(owner, team, feed)
    later = WALL + timedelta(minutes=5)

    changed = update_trigger(
        trigger_id=trigger.id, changes={"min_interval_seconds": 60}, actor="person:ada", at=later
    )

    assert changed.changed_at == later
    event = changes_of(owner)[-1]
    assert event["before"] == {"min_interval_seconds": 0}
    assert event["after"]["min_interval_seconds"] == 60


def test_changing_nothing_journals_nothing(owner, team, feed):
    trigger = price_trigger(owner, team, feed)

    update_trigger(
        trigger_id=trigger.id,
        changes={"condition": dict(trigger.condition)},
        actor="person:ada",
        at=WALL + timedelta(minutes=5),
    )

    assert len(changes_of(owner)) == 1
    assert Trigger.objects.get().changed_at == WALL


def test_a_wrong_change_leaves_everything_as_it_was(owner, team, feed):
    trigger = price_trigger(owner, team, feed)

    found = problems(
        update_trigger,
        trigger_id=trigger.id,
        changes={"symbols": ["TSLA"]},
        actor="person:ada",
        at=WALL,
    )

    assert set(found) == {"symbols"}
    assert Trigger.objects.get().symbols == ["AAPL"]


@pytest.mark.parametrize("name", ["name", "owner", "type", "next_due_at", "id"])
def test_what_a_trigger_is_cannot_be_changed(owner, team, feed, name):
    trigger = price_trigger(owner, team, feed)

    found = problems(
        update_trigger, trigger_id=trigger.id, changes={name: "x"}, actor="person:ada", at=WALL
    )

    assert found == {name: f"{name} cannot be changed."}


def test_what_came_due_while_it_was_disabled_was_not_missed(owner, team):
    trigger = time_trigger(owner, team, cron="0 * * * *", missed="once")
    much_later = WALL + timedelta(days=3, minutes=30)

    disable_trigger(trigger_id=trigger.id, actor="person:ada", at=WALL)
    enabled = enable_trigger(trigger_id=trigger.id, actor="person:ada", at=much_later)

    assert enabled.enabled
    assert enabled.next_due_at == WALL + timedelta(days=3, hours=1)
