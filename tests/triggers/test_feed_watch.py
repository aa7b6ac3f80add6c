from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import chain

import pytest

from market.domain.candles import Timeframe
from market.selectors.replays import replay_steps
from tests.market.stored import begin_replay
from tests.triggers.rows import (
    HIGH,
    MONDAY,
    TUESDAY,
    WALL,
    make_instrument,
    make_owner,
    make_team,
    price_trigger,
    store_day,
)
from triggers.models import LastSighting, Trigger
from triggers.selectors.watching import bar_start
from triggers.services import update_trigger
from triggers.services.watching import FeedWatch, remember

pytestmark = pytest.mark.django_db
BACK = {"condition": "change_percent", "threshold": "-5", "against": 1}


@pytest.fixture
def replay():
    for symbol in ("AAPL", "IBM"):
        instrument = make_instrument(symbol)
        store_day(instrument, MONDAY, 100, 102, 96, 101)
        store_day(instrument, TUESDAY, 104, 112, 95, 111)
    return begin_replay(first=MONDAY, last=TUESDAY)


@pytest.fixture
def team():
    return make_team(make_owner())


def watch(replay):
    return FeedWatch(feed=replay.feed, timeframe=Timeframe(replay.timeframe))


def ticks_of(replay):
    return [step.ticks for step in replay_steps(replay=replay)]


def hits_by_step(replay, watched=None):
    watched = watched or watch(replay)
    return [
        sorted((hit.title, hit.evidence["reference"]) for hit in watched.hits(ticks))
        for ticks in ticks_of(replay)
    ]


def test_each_symbol_of_a_trigger_is_watched_on_its_own(replay, team):
    price_trigger(team.owner, team, replay.feed, symbols=["AAPL", "IBM"], condition=HIGH)

    hits = hits_by_step(replay)

    assert len(watch(replay)) == 2
    assert [len(found) for found in hits].count(2) == 1
    assert ("IBM is above 110", None) in list(chain.from_iterable(hits))


def test_a_change_against_the_close_of_the_day_before_never_sees_the_running_day(replay, team):
    price_trigger(team.owner, team, replay.feed, condition=BACK)

    hits = hits_by_step(replay)

    assert [found for found in hits if found] == [
        [("AAPL falls 5 % or more from the close of the bar before", "101")]
    ]


@pytest.mark.parametrize("stop", range(1, 8))
def test_one_that_is_built_anew_between_any_two_steps_finds_the_same(replay, team, stop):
    for number, condition in enumerate((BACK, HIGH, BACK | {"threshold": "3"})):
        price_trigger(
            team.owner,
            team,
            replay.feed,
            name=f"t{number}",
            condition=condition,
            symbols=["AAPL", "IBM"],
        )
    expected = hits_by_step(replay)

    found, watched = [], watch(replay)
    for number, ticks in enumerate(ticks_of(replay)):
        if number == stop:
            watched = watch(replay)
        hits = watched.hits(ticks)
        found.append(sorted((hit.title, hit.evidence["reference"]) for hit in hits))
        remember(feed_name=replay.feed_id, ticks=ticks)

    assert found == expected


def test_a_trigger_added_later_with_older_closes_does_not_fire_for_what_was_true_before(
    replay, team
):
    watched = watch(replay)
    *before, _, _ = ticks_of(replay)
    for ticks in before:
        watched.hits(ticks)
    price_trigger(
        team.owner, team, replay.feed, condition=BACK | {"threshold": "-1"}, symbols=["AAPL"]
    )
    fallen = [replace(tick, last=Decimal("95.5")) for tick in before[-1]]
    watched.hits(fallen)

    watched.follow()

    assert watched.hits(fallen) == []


def test_following_again_without_a_change_costs_one_query(replay, team, django_assert_num_queries):
    price_trigger(team.owner, team, replay.feed)
    watched = watch(replay)

    with django_assert_num_queries(1):
        watched.follow()


def test_a_change_and_a_broken_condition_are_followed(replay, team, caplog):
    trigger = price_trigger(team.owner, team, replay.feed)
    broken = price_trigger(team.owner, team, replay.feed, name="broken")
    Trigger.objects.filter(id=broken.id).update(condition={})
    watched = watch(replay)
    assert len(watched) == 1

    changes = {"symbols": ["AAPL", "IBM"]}
    later = WALL + timedelta(seconds=1)
    update_trigger(trigger_id=trigger.id, changes=changes, actor="test", at=later)
    watched.follow()
    assert len(watched) == 2

    update_trigger(
        trigger_id=trigger.id,
        changes={"enabled": False},
        actor="test",
        at=later + later.resolution,
    )
    watched.follow()
    assert len(watched) == 0
    assert "Trigger broken is left out" in caplog.text


def test_it_remembers_the_newest_sighting_of_each_instrument(replay):
    first, second = ticks_of(replay)[:2]

    remember(feed_name=replay.feed_id, ticks=first)
    remember(feed_name=replay.feed_id, ticks=second)

    assert set(LastSighting.objects.values_list("last", "as_of")) == {
        (tick.last, tick.at) for tick in second
    }


def test_a_daily_bar_begins_at_midnight_and_an_hourly_one_at_the_hour():
    moment = WALL + timedelta(minutes=17, seconds=5)

    assert bar_start(at=moment, timeframe=Timeframe.D1) == WALL - timedelta(hours=12)
    assert bar_start(at=moment, timeframe=Timeframe.H1) == WALL
