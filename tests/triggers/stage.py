"""A stage for the engine: two days of one stock, and a clock that lets others do their work."""

import threading
from collections.abc import Callable
from datetime import timedelta

from agents.models import Execution
from market.models import Replay
from tests.market.stored import begin_replay
from tests.triggers.rows import (
    HIGH,
    MONDAY,
    TUESDAY,
    end_executions,
    make_account,
    make_instrument,
    make_owner,
    make_team,
    price_trigger,
    start_trading,
    store_day,
    time_trigger,
)
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from triggers.loop.engine import Engine
from triggers.models import Firing, LastSighting

STEPS = 8


class StageClock:
    """Wall time that passes only as `sleep` says; meanwhile worker and sender do their work.

    With `haste` a sleep passes for so many times its length.
    """

    def __init__(self, *works: Callable[[], object], haste: int = 1) -> None:
        self._haste = haste
        self._passed = timedelta(0)
        self._began_at = SystemClock().now()
        self.works = list(works)

    def now(self):
        return self._began_at + self._passed

    def sleep(self, seconds):
        self._passed += timedelta(seconds=max(seconds, 0)) * self._haste
        for work in self.works:
            work()


def set_stage(*, speed="0"):
    """Monday falls 4 % below its open and recovers; Tuesday rises above 110.

    One trigger for the fall, one for the rise, one for each day's 15:30. A team trades an account.
    """
    apple = make_instrument("AAPL")
    store_day(apple, MONDAY, 100, 102, 96, 101)
    store_day(apple, TUESDAY, 104, 112, 103, 111)
    replay = begin_replay(first=MONDAY, last=TUESDAY, speed=speed)
    owner = make_owner()
    team = make_team(owner)
    account = make_account(owner, replay.feed)
    start_trading(team, account)
    price_trigger(owner, team, replay.feed, name="dip")
    price_trigger(owner, team, replay.feed, name="high", condition=HIGH)
    time_trigger(owner, team, feed=replay.feed, name="daily", cron="30 15 * * 1-5")
    return account


def has_ended():
    return Replay.objects.filter(state=Replay.State.ENDED).exists()


def play(*works, stopping=has_ended, clock=None):
    """An engine that runs until the replay has ended, beside a worker that ends executions."""
    clock = clock or StageClock(end_executions, *works)
    Engine(clock=clock, stopping=stopping).run()
    return clock


def story():
    """What must come out the same, however often the engine died on the way."""
    replay = Replay.objects.get()
    fired = JournalEvent.objects.filter(kind="trigger.fired").order_by("seq")
    return {
        "firings": sorted(Firing.objects.values_list("id", "cause_key", "refused", "as_of")),
        "executions": sorted(Execution.objects.values_list("id", "cause_key", "as_of")),
        "journal": [event.payload["cause_key"] for event in fired],
        "seen": list(LastSighting.objects.values_list("last", "day_open", "as_of")),
        "replay": (replay.position, replay.ticks, replay.state),
    }


class Bell:
    """Says yes once it was rung, for `stopping`."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self):
        self._rung.set()

    def __call__(self):
        return self._rung.is_set()
