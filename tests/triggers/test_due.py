from datetime import UTC, datetime, timedelta

import pytest

from agents.models import Execution
from market.models import Replay
from tests.market.stored import begin_replay
from tests.triggers.rows import MONDAY, OPEN, WALL, end_executions, store_day, time_trigger
from tradingfarm.kernel.journal import transaction
from triggers.models import Firing, Trigger
from triggers.services import due_hits, fire, fire_due

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)
DUE = datetime(2024, 5, 6, 13, 30, tzinfo=UTC)
FRIDAY_NIGHT = DUE - timedelta(days=2)
SECOND = timedelta(seconds=1)


def firings():
    return list(Firing.objects.order_by("as_of").values_list("cause_key", flat=True))


def step(feed, now):
    """What an engine does with the time triggers of its replay."""
    with transaction():
        hits = due_hits(now=now, feed_name=feed.name)
        return fire(hits=hits, now=now, at=WALL)


@pytest.fixture
def morning(owner, team, account):
    return time_trigger(owner, team, at=FRIDAY_NIGHT)


@pytest.fixture
def replay(apple):
    store_day(apple, MONDAY, 100, 101, 99, 100)
    return begin_replay(first=MONDAY, last=MONDAY)


def test_a_due_trigger_fires_once_for_its_minute_and_is_set_to_the_next(morning):
    too_early = fire_due(now=DUE - SECOND)
    on_time = fire_due(now=DUE + 4 * SECOND)
    end_executions()
    second_beat = fire_due(now=DUE + 9 * SECOND)

    assert (too_early, len(on_time), second_beat) == ([], 1, [])
    assert firings() == [f"{morning.id}:2024-05-06T13:30:00.000000+00:00"]
    assert Trigger.objects.get().next_due_at == DUE + timedelta(days=1)
    assert Execution.objects.get().causes[0]["title"] == "morning: Monday 09:30 America/New_York"


def test_the_evidence_names_the_minute_and_the_schedule(morning):
    (firing,) = fire_due(now=DUE)

    assert firing.evidence == {
        "due_at": "2024-05-06T13:30:00.000000+00:00",
        "first_due_at": "2024-05-06T13:30:00.000000+00:00",
        "cron": "30 9 * * 1-5",
        "time_zone": "America/New_York",
        "symbol": None,
    }


def test_what_was_missed_is_skipped(morning):
    fired = fire_due(now=DUE + timedelta(hours=3))

    assert fired == []
    assert Trigger.objects.get().next_due_at == DUE + timedelta(days=1)


def test_or_fired_once_for_all_that_was_missed(owner, team, account):
    time_trigger(owner, team, cron="*/5 * * * *", missed="once", at=DUE)

    fired = fire_due(now=DUE + timedelta(hours=3, minutes=4))

    (firing,) = fired
    assert firing.evidence["due_at"] == "2024-05-06T16:30:00.000000+00:00"
    assert firing.evidence["first_due_at"] == "2024-05-06T13:35:00.000000+00:00"


def test_a_late_beat_within_the_minute_still_fires_when_the_policy_is_skip(owner, team, account):
    time_trigger(owner, team, cron="*/5 * * * *", at=DUE)

    fired = fire_due(now=DUE + timedelta(hours=3, seconds=59))

    assert [firing.evidence["due_at"] for firing in fired] == ["2024-05-06T16:30:00.000000+00:00"]


def test_a_disabled_trigger_is_never_due(owner, team, account):
    time_trigger(owner, team, enabled=False, at=FRIDAY_NIGHT)

    assert fire_due(now=DUE) == []


def test_the_triggers_of_a_replay_are_left_to_its_engine(owner, team, account, replay):
    time_trigger(owner, team, feed=replay.feed)

    assert fire_due(now=WALL) == []
    assert len(step(replay.feed, OPEN)) == 1


def test_a_trigger_of_a_feed_on_wall_time_is_fired_by_beat(owner, team, feed, account):
    time_trigger(owner, team, feed=feed, at=FRIDAY_NIGHT)

    assert len(fire_due(now=DUE)) == 1


def test_a_replays_clock_jumps_and_what_it_passed_over_is_fired_once(owner, team, account, replay):
    time_trigger(owner, team, feed=replay.feed, cron="0 3 * * *")
    monday_close = OPEN + timedelta(hours=6, minutes=30)

    at_open = step(replay.feed, OPEN)
    at_close = step(replay.feed, monday_close)
    three_days_later = step(replay.feed, OPEN + timedelta(days=3))

    assert [len(fired) for fired in (at_open, at_close, three_days_later)] == [1, 0, 1]
    assert three_days_later[0].evidence["due_at"] == "2001-03-08T08:00:00.000000+00:00"
    assert three_days_later[0].as_of == OPEN + timedelta(days=3)


def test_one_that_waits_for_its_replay_is_scheduled_by_the_first_step(
    owner, team, account, replay
):
    Replay.objects.all().delete()
    time_trigger(owner, team, feed=replay.feed, cron="0 * * * *")

    first, second = step(replay.feed, OPEN), step(replay.feed, OPEN + timedelta(hours=2))

    assert (len(first), len(second)) == (0, 1)


@pytest.mark.parametrize(
    ("zone", "day", "fires_at"),
    [
        ("America/New_York", datetime(2024, 3, 10, tzinfo=UTC), 7),
        ("Europe/Berlin", datetime(2024, 3, 31, tzinfo=UTC), 1),
    ],
)
def test_a_minute_that_spring_leaves_out_fires_once(owner, team, account, zone, day, fires_at):
    time_trigger(owner, team, cron="30 2 * * *", time_zone=zone, at=day)

    fired = [fire_due(now=day + timedelta(minutes=30 * number)) for number in range(1, 40)]

    assert [one.evidence["due_at"] for some in fired for one in some] == [
        f"{day:%Y-%m-%d}T{fires_at:02}:00:00.000000+00:00"
    ]
