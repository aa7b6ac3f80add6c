from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.feeds.protocol import TickFeed
from market.feeds.replay import ReplayFeed
from market.models import Replay
from market.selectors.replays import replay_steps
from market.services.replays import advance_replay
from tests.market.stored import (
    REPLAY_ID,
    REPLAYED,
    WALL,
    begin_replay,
    claim_for_a_day,
    make_instrument,
    store_days,
)
from tradingfarm.kernel.clock import Clock, ManualClock

pytestmark = pytest.mark.django_db


def test_a_week_of_a_stock_is_twenty_steps_inside_its_sessions():
    store_days(make_instrument(), days=7)

    steps = list(replay_steps(replay=begin_replay()))

    assert [step.position for step in steps] == list(range(20))
    hours = {(step.at.strftime("%H:%M")) for step in steps}
    assert hours == {"14:30", "16:39", "18:49", "20:59"}
    assert steps[-1].at == datetime(2001, 3, 9, 20, 59, tzinfo=UTC)


def test_days_before_and_after_the_replay_are_not_played():
    store_days(make_instrument(), first=date(2001, 3, 1), days=20)

    steps = list(replay_steps(replay=begin_replay()))

    assert {step.at.date() for step in steps} == {date(2001, 3, day) for day in range(5, 10)}
    assert steps[0].ticks[0].previous_close == 101


def test_what_trades_that_day_ticks_together():
    store_days(make_instrument("AAPL"))
    store_days(make_instrument("IBM"), days=1)

    steps = list(replay_steps(replay=begin_replay()))

    assert [len(step.ticks) for step in steps] == [2] * 4 + [1] * 16


def test_crypto_plays_at_the_weekend_and_never_two_candles_at_one_instant():
    store_days(make_instrument("BTC/USDT", calendar="24/7"), days=8)

    steps = list(replay_steps(replay=begin_replay(last=date(2001, 3, 12))))

    assert len(steps) == 32
    assert all(earlier.at < later.at for earlier, later in pairwise(steps))


@pytest.mark.parametrize("played", range(0, 21, 3))
def test_a_replay_taken_up_after_a_restart_plays_exactly_the_rest(played):
    store_days(make_instrument())
    store_days(make_instrument("BTC/USDT", calendar="24/7"), start_price=50)
    whole = list(replay_steps(replay=begin_replay()))
    token = claim_for_a_day()
    for step in whole[:played]:
        advance_replay(replay_id=REPLAY_ID, token=token, step=step)

    rest = list(replay_steps(replay=Replay.objects.get()))

    assert rest == whole[played:]


def test_candles_are_loaded_in_chunks(monkeypatch):
    store_days(make_instrument(), days=60)
    replay = begin_replay(last=date(2001, 5, 3))
    at_once = list(replay_steps(replay=replay))
    monkeypatch.setattr("market.selectors.replays.CANDLE_STARTS_AT_ONCE", 15)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        in_chunks = list(replay_steps(replay=replay))

    assert in_chunks == at_once
    assert len(queries) == 2 + 4


def test_a_candle_on_a_day_without_a_session_is_not_played():
    apple = make_instrument(calendar="24/7")
    store_days(apple, days=7)
    type(apple).objects.update(calendar="XNYS")

    steps = list(replay_steps(replay=begin_replay(last=date(2001, 3, 11))))

    assert len(steps) == 20


def test_a_replay_without_candles_ends_at_once():
    store_days(make_instrument(), first=date(2005, 1, 3))

    assert list(replay_steps(replay=begin_replay())) == []


class SlowEngine:
    """Takes steps from a feed and needs some seconds for each."""

    def __init__(self, feed: TickFeed, clock: Clock, seconds: float) -> None:
        self.feed, self.clock, self.seconds = feed, clock, seconds

    def take(self, count):
        taken_at = []
        for _, _step in zip(range(count), self.feed.steps(), strict=False):
            taken_at.append((self.clock.now() - WALL).total_seconds())
            self.clock.sleep(self.seconds)
        return taken_at


def test_a_fast_engine_is_held_to_the_speed():
    store_days(make_instrument())
    clock = ManualClock(WALL)
    feed = ReplayFeed(begin_replay(speed="2"), clock)

    assert SlowEngine(feed, clock, 0.1).take(4) == [0, 0.5, 1, 1.5]


def test_a_slow_engine_is_not_hurried_afterwards():
    store_days(make_instrument())
    clock = ManualClock(WALL)
    feed = ReplayFeed(begin_replay(speed="2"), clock)

    assert SlowEngine(feed, clock, 3).take(3) == [0, 3, 6]


def test_without_a_speed_nothing_waits():
    store_days(make_instrument())
    clock = ManualClock(WALL)
    feed = ReplayFeed(begin_replay(speed="0"), clock)

    assert SlowEngine(feed, clock, 0).take(20) == [0] * 20


def test_the_feed_knows_its_market_time_and_the_next_position():
    store_days(make_instrument())
    feed = ReplayFeed(begin_replay(), ManualClock(WALL))
    assert (feed.name, feed.position, feed.as_of) == (REPLAYED, 0, None)

    first = next(feed.steps())

    assert (feed.position, feed.as_of) == (1, first.at)


def test_days_of_intraday_candles_keep_their_open_and_the_close_of_the_day_before():
    from_monday = datetime(2001, 3, 5, tzinfo=UTC)
    store_days(make_instrument("BTC/USDT", calendar="24/7"), days=2)

    steps = list(replay_steps(replay=begin_replay(last=from_monday.date() + timedelta(days=1))))

    assert [step.ticks[0].day_open for step in steps] == [100] * 4 + [101] * 4
    assert [step.ticks[0].previous_close for step in steps] == [None] * 4 + [100] * 4
