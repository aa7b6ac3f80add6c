from datetime import timedelta

import pytest

from agents.models import Execution
from market.services.replays import claim_replay, end_replay
from tests.market.stored import begin_replay
from tests.triggers.rows import HIGH, MONDAY, WALL, end_executions, price_trigger, quote, store_day
from triggers.models import Firing, LastSighting
from triggers.services import fire_unheld
from triggers.services.unheld import ENDED, HELD, STANDS_STILL

pytestmark = pytest.mark.django_db
pytest_plugins = ("tests.triggers.fixtures",)
FIVE = timedelta(seconds=5)


def test_it_fires_when_a_newer_quote_makes_a_condition_true_and_then_only_after_it_was_false(
    owner, team, feed, account, apple
):
    price_trigger(owner, team, feed, condition=HIGH)

    fired = []
    for number, price in enumerate(("109", "111", "112", "110", "110.5")):
        now = WALL + number * FIVE
        quote(feed, apple, price, as_of=now)
        fired.append(fire_unheld(now=now).firings)
        end_executions()

    assert fired == [0, 1, 0, 0, 1]
    assert Execution.objects.count() == 2


def test_the_same_quote_seen_twice_fires_once(owner, team, feed, account, apple):
    price_trigger(owner, team, feed, condition=HIGH)
    quote(feed, apple, "111")

    looked = [fire_unheld(now=WALL).firings, fire_unheld(now=WALL + FIVE).firings]

    assert looked == [1, 0]
    assert Firing.objects.count() == 1


def test_even_when_what_was_seen_is_forgotten(owner, team, feed, account, apple):
    price_trigger(owner, team, feed, condition=HIGH)
    quote(feed, apple, "111")
    fire_unheld(now=WALL)
    LastSighting.objects.all().delete()

    assert fire_unheld(now=WALL + FIVE).firings == 0


def test_a_stale_quote_reaches_nothing(owner, team, feed, account, apple):
    price_trigger(owner, team, feed, condition=HIGH)
    quote(feed, apple, "111", as_of=WALL - timedelta(minutes=2))

    assert fire_unheld(now=WALL).firings == 0
    assert not LastSighting.objects.exists()


def test_a_spike_reaches_nothing(owner, team, feed, account, apple):
    price_trigger(owner, team, feed, condition=HIGH)
    fire_unheld(now=WALL)

    quote(feed, apple, "1000", as_of=WALL + FIVE)

    assert fire_unheld(now=WALL + FIVE).firings == 0
    assert LastSighting.objects.get().last == 100


def test_a_fall_from_the_days_open_is_measured_with_the_quotes_own_open(
    owner, team, feed, account, apple
):
    price_trigger(owner, team, feed)
    quote(feed, apple, "100", day_open="100")
    fire_unheld(now=WALL)

    quote(feed, apple, "97", as_of=WALL + FIVE, day_open="100")

    assert fire_unheld(now=WALL + FIVE).firings == 1
    assert Firing.objects.get().evidence["reference"] == "100"


def test_a_replay_is_skipped_and_the_reason_said(owner, team, apple):
    store_day(apple, MONDAY, 100, 120, 99, 100)
    replay = begin_replay(first=MONDAY, last=MONDAY)
    price_trigger(owner, team, replay.feed, condition=HIGH)

    reasons = [fire_unheld(now=WALL).skipped]
    token = claim_replay(replay_id=replay.id, owner="engine", now=WALL, lease=FIVE)
    reasons += [fire_unheld(now=WALL).skipped, fire_unheld(now=WALL + 2 * FIVE).skipped]
    end_replay(replay_id=replay.id, token=token or 0, now=WALL)
    reasons.append(fire_unheld(now=WALL).skipped)

    assert [one[replay.feed_id] for one in reasons] == [STANDS_STILL, HELD, STANDS_STILL, ENDED]
    assert not Firing.objects.exists()


def test_a_feed_without_triggers_is_not_looked_at(feed):
    looked = fire_unheld(now=WALL)

    assert (looked.firings, looked.skipped) == (0, {})
