import logging
import os
import threading
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import InternalError, OperationalError, connection

from agents.models import Execution
from market.models import Quote, Replay
from market.services.replays import ReplayLost
from tests.market.stored import REPLAYED, begin_replay
from tests.triggers.rows import (
    HIGH,
    MONDAY,
    TUESDAY,
    end_executions,
    make_instrument,
    make_owner,
    make_team,
    price_trigger,
    store_day,
)
from tests.triggers.stage import STEPS, Bell, StageClock, has_ended, play, set_stage, story
from trading.models import Account, EquitySnapshot
from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import Heartbeat
from triggers.loop.engine import Engine
from triggers.models import Firing, Trigger
from triggers.services import disable_trigger

pytestmark = pytest.mark.django_db
FIRED = [
    ("dip", "Mon"),
    ("daily", "Mon"),
    ("high", "Tue"),
    ("daily", "Tue"),
]


def fired():
    """Trigger names with the days of their firings, in order of market time."""
    found = Firing.objects.order_by("as_of", "trigger__name")
    return [(name, f"{at:%a}") for name, at in found.values_list("trigger__name", "as_of")]


def test_a_replay_fires_what_its_prices_and_its_clock_make_true():
    set_stage()

    play()

    assert fired() == FIRED
    assert Replay.objects.get().position == STEPS
    assert Execution.objects.count() == 4


def test_the_next_step_waits_for_the_executions_that_the_last_one_woke():
    set_stage()
    seen = []

    def slow_worker():
        seen.append(
            (Replay.objects.get().position, Execution.objects.filter(state="QUEUED").count())
        )
        if len(seen) % 5 == 0:
            end_executions()

    play(clock=StageClock(slow_worker))

    waits = [position for position, queued in seen if queued]
    assert sorted(set(waits)) == [2, 4, 7, 8]
    assert all(waits.count(position) >= 2 for position in set(waits))


def play_in_many_lives(kill):
    """Engines one after the other, each killed as `kill()` says; how many there were."""
    clock = StageClock(end_executions)
    lives = 0
    while not has_ended() and lives < 100:
        lives += 1
        try:
            with connection.execute_wrapper(kill()):
                Engine(clock=clock, stopping=has_ended).run()
        except Killed:
            clock.sleep(10)
    return lives


def assert_nothing_was_lost_or_repeated():
    assert fired() == FIRED
    assert len(story()["journal"]) == Execution.objects.count() == len(FIRED)
    assert story()["replay"] == (STEPS, STEPS, "ENDED")


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_each_commit_of_each_step_neither_loses_nor_repeats_anything():
    set_stage()

    died_after = set()

    lives = play_in_many_lives(lambda: after_the_next_commit(died_after))

    assert lives == 2 * STEPS + 1
    assert_nothing_was_lost_or_repeated()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("patience", [60, 75])
def test_a_crash_anywhere_neither_loses_nor_repeats_anything(patience):
    set_stage()
    statements = count(patience)

    lives = play_in_many_lives(lambda: after_statements(next(statements)))

    assert lives > 3
    assert_nothing_was_lost_or_repeated()


class Killed(Exception):
    """kill -9 of the engine."""


def after_statements(number):
    left = [number]

    def kill(execute, sql, params, many, context):
        left[0] -= 1
        if left[0] < 0 and "SAVEPOINT" not in sql:
            raise Killed
        return execute(sql, params, many, context)

    return kill


def after_the_next_commit(died_after):
    """Dies at the first statement after a commit of prices or of firings, once for each."""
    written = []

    def kill(execute, sql, params, many, context):
        if written and not connection.in_atomic_block:
            died_after.update(written)
            raise Killed
        if "market_quote AS old" in sql or 'INSERT INTO "triggers_lastsighting"' in sql:
            of_step = (sql[:40], str(params[-1]))
            written.extend({of_step} - died_after)
        return execute(sql, params, many, context)

    return kill


def test_a_second_engine_waits_and_says_so(caplog):
    set_stage()
    caplog.set_level(logging.INFO)
    second = Engine(clock=StageClock(), stopping=has_ended)

    play(second.work)

    assert caplog.text.count("is played by another engine: replayed (held by") == 1
    assert fired() == FIRED


def test_an_engine_that_lost_its_lease_stores_nothing_more():
    """The first one sleeps for a minute in the middle of a step; the second plays to the end."""
    set_stage()
    ended = []

    def sleep_too_long():
        if Replay.objects.get().position == 2 and not ended:
            ended.append(True)
            late = StageClock(end_executions)
            late.sleep(60)
            play(clock=late)

    first = Engine(clock=StageClock(sleep_too_long, end_executions), stopping=Bell())
    with pytest.raises(ReplayLost, match="in other hands"):
        first.work()

    assert_nothing_was_lost_or_repeated()


@pytest.mark.django_db(transaction=True)
def test_two_engines_at_once_play_every_step_once():
    set_stage()
    problems = []

    def engine():
        try:
            play()
        except BaseException as error:
            problems.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=engine) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert problems == []
    assert_nothing_was_lost_or_repeated()


def test_it_stops_between_two_steps_and_lets_go_of_the_replay():
    set_stage()
    bell = Bell()

    def ring_after_four_steps():
        if Replay.objects.get().position == 4:
            bell.ring()

    play(clock=StageClock(ring_after_four_steps, end_executions), stopping=bell)
    stopped = Replay.objects.get()

    assert (stopped.position, stopped.lease_owner) == (4, "")
    play()
    assert_nothing_was_lost_or_repeated()


def test_it_stops_while_it_waits_for_an_execution_that_never_ends():
    set_stage()
    bell = Bell()

    def ring_when_waiting():
        if Execution.objects.exists():
            bell.ring()

    play(clock=StageClock(ring_when_waiting), stopping=bell)

    assert Replay.objects.get().position == 2
    assert Execution.objects.get().state == "QUEUED"


def test_a_long_wait_is_reported_once_with_its_reason(caplog):
    set_stage()
    clock = StageClock(haste=50)
    began_at = clock.now()

    def end_after_a_minute():
        if clock.now() - began_at > timedelta(minutes=1):
            end_executions()

    clock.works.append(end_after_a_minute)
    play(clock=clock)

    reports = [one.message for one in caplog.records if "waits for more than" in one.message]
    assert reports == [
        "replayed waits for more than 10 s:"
        " 1 executions are queued or thinking (is a worker running?)."
    ]


def test_it_says_that_it_is_alive_while_it_waits_and_while_it_has_nothing_to_do():
    bell = Bell()
    clock = StageClock()
    gaps = []

    def look():
        beat = Heartbeat.objects.get(process="engine")
        gaps.append(clock.now() - beat.at)
        if len(gaps) == 100:
            bell.ring()

    clock.works.append(look)
    play(clock=clock, stopping=bell)

    assert max(gaps) <= timedelta(seconds=2)
    assert heartbeats.is_alive(process="engine", pid=os.getpid(), now=clock.now())


def test_it_holds_its_lease_through_a_pause_that_is_longer():
    set_stage(speed="0.1")
    lapsed = []
    clock = StageClock(end_executions)

    def look():
        lease_until = Replay.objects.get().lease_until
        lapsed.append(lease_until is not None and lease_until <= clock.now())

    clock.works.append(look)
    play(clock=clock)

    assert not any(lapsed)
    assert clock.now() - SystemClock().now() > timedelta(seconds=(STEPS - 2) * 10)


def test_it_picks_up_a_replay_that_begins_later_and_only_the_one_it_was_told_to():
    set_stage()
    others = Engine(clock=StageClock(), stopping=has_ended, feed_name="elsewhere")

    others.work()

    assert Replay.objects.get().position == 0
    named = Engine(clock=StageClock(end_executions), stopping=has_ended, feed_name=REPLAYED)
    named.work()
    assert has_ended()


def test_bad_ticks_reach_nothing(caplog):
    apple = make_instrument("AAPL")
    store_day(apple, MONDAY, 100, 102, 96, 101)
    store_day(apple, TUESDAY, 1100, 1200, 90, 105)
    replay = begin_replay(first=MONDAY, last=TUESDAY)
    owner = make_owner()
    price_trigger(owner, make_team(owner), replay.feed, condition=HIGH)

    play()

    assert not Firing.objects.exists()
    assert Quote.objects.get().last == Decimal(105)
    assert caplog.text.count("refused: the price is ten times") == 2


def test_triggers_are_followed_while_the_replay_plays():
    set_stage()
    owner = Trigger.objects.get(name="high").owner
    changed = []

    def change_after_the_first_step():
        if Replay.objects.get().position == 2 and not changed:
            changed.append(True)
            trigger = Trigger.objects.get(name="high")
            disable_trigger(trigger_id=trigger.id, actor="test", at=SystemClock().now())
            price_trigger(
                owner,
                trigger.team,
                trigger.feed,
                name="higher",
                condition={"condition": "crosses_above", "threshold": "111.5"},
                at=SystemClock().now(),
            )
            price_trigger(
                owner,
                trigger.team,
                trigger.feed,
                name="back",
                condition={"condition": "change_percent", "threshold": "5", "against": 1},
                at=SystemClock().now(),
            )

    play(clock=StageClock(change_after_the_first_step, end_executions))

    assert fired() == [
        ("dip", "Mon"),
        ("daily", "Mon"),
        ("back", "Tue"),
        ("higher", "Tue"),
        ("daily", "Tue"),
    ]
    assert Firing.objects.get(trigger__name="back").evidence["reference"] == "101"


def test_a_days_equity_is_taken_when_it_is_over_and_its_accounts_roll():
    account = set_stage()

    play()

    taken = EquitySnapshot.objects.order_by("as_of").values_list("as_of", flat=True)
    assert [f"{at:%a}" for at in taken] == ["Mon", "Tue"]
    assert taken[1] == Replay.objects.get().as_of
    assert Account.objects.get(id=account.id).day == TUESDAY


def test_the_end_says_how_to_start_another_and_ends_the_replay(caplog):
    set_stage()
    caplog.set_level(logging.INFO)

    play()

    assert "has played its last candle (2001-03-05 to 2001-03-06, 8 steps" in caplog.text
    assert Replay.objects.get().lease_owner == ""


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_asked_again(caplog):
    set_stage()
    failures = [OperationalError("gone"), InternalError("gone")]

    def fail_at_first(execute, sql, params, many, context):
        if "market_quote AS old" in sql and failures:
            raise failures.pop()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail_at_first):
        play()

    assert caplog.text.count("The database does not answer (gone); beginning again.") == 2
    assert_nothing_was_lost_or_repeated()
