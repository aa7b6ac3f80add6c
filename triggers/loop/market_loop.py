"""One replay from where it stands to its end, one step at a time.

A step is two commits, each of which can be repeated:
1. The new prices (and the new day). Then protections fire and their exits come to rest.
2. The firings of triggers, what they wake, and the replay's position. Then executions and their
   orders come to rest.
Protections come to rest first so that an agent that the same price wakes always sees the account
after them: side by side, two runs would differ. After a crash between the two commits the step
begins anew: the same prices are stored again, and triggers compare them with the sighting that the
second commit of the step before has stored.
"""

import logging
from collections import Counter
from datetime import UTC, datetime, time

from agents.services.measuring import measure_feed
from agents.services.sessions import stop_losers
from market.domain.candles import Timeframe
from market.domain.replaying import ReplayStep
from market.domain.ticks import BadTick, Tick, refuse
from market.feeds.replay import ReplayFeed
from market.services.quotes import store_quotes
from market.services.replays import advance_replay, end_replay
from market.services.statistics import refresh_statistics
from trading.domain.breakers import jumps
from trading.domain.states import BreakerKind
from trading.models import Account
from trading.services.accounts import snapshot_equity
from trading.services.breakers import check_breakers, trip_jumps
from trading.services.days import roll_days
from tradingfarm.kernel.journal import FARM, account_stream, record, transaction
from triggers.loop.pulse import Lease, Pulse
from triggers.loop.settling import Settling
from triggers.selectors.quotes import stored_ticks
from triggers.services.due import due_hits
from triggers.services.firing import fire
from triggers.services.watching import FeedWatch, remember

logger = logging.getLogger(__name__)


class MarketLoop:
    """Plays one replay, whose lease it was given. Not for several threads."""

    def __init__(self, *, lease: Lease, pulse: Pulse) -> None:
        replay = lease.replay
        self.refused: Counter[BadTick] = Counter()
        self._lease = lease
        self._pulse = pulse
        self._feed = ReplayFeed(replay, pulse)
        self._settling = Settling(feed_name=replay.feed_id, pulse=pulse)
        self._watch = FeedWatch(feed=replay.feed, timeframe=Timeframe(replay.timeframe))
        self._ticks = stored_ticks(feed_name=replay.feed_id)
        self._played_at = replay.as_of

    def play(self) -> bool:
        """Go on until the last candle (True) or until the engine is to stop (False).

        Begins by settling what an earlier engine left. Raises ReplayLost when another has taken
        over; nothing of the step that was going on is stored then.
        """
        if not self._settle(self._market_time()):
            return False
        for step in self._feed.steps():
            if self._pulse.is_stopping() or not self._play(step):
                return False
        if self._pulse.is_stopping():
            return False
        self._end()
        return True

    def _play(self, step: ReplayStep) -> bool:
        ticks = self._good(step)
        self._store_prices(step, ticks)
        if not self._settle(step.at):
            return False
        self._guard(step.at)
        self._fire(step, ticks)
        return self._settle(step.at)

    def _good(self, step: ReplayStep) -> list[Tick]:
        """The step's ticks but for bad ones, which are counted and logged and reach nothing."""
        good = []
        for tick in step.ticks:
            bad = refuse(tick=tick, previous=self._ticks.get(tick.instrument_id), now=step.at)
            if bad is None:
                good.append(tick)
            else:
                self.refused[bad] += 1
                logger.warning("Tick of %s at %s refused: %s.", tick.symbol, tick.at, bad.value)
        return good

    def _store_prices(self, step: ReplayStep, ticks: list[Tick]) -> None:
        """First commit. A day's equity is taken, and its accounts rolled, at its last prices.

        Jumps are tripped before their prices are stored: a step that begins anew after that commit
        would see none. Tripping twice is nothing.
        """
        at, played_at = self._pulse.now(), self._played_at
        is_new_day = played_at is None or played_at.date() < step.at.date()
        moved = jumps(before=self._ticks, after=ticks)
        trip_jumps(feed_name=self._feed.name, jumps=moved, now=step.at, at=at)
        with transaction():
            self._lease.renew(now=at)
            if played_at is not None and is_new_day:
                snapshot_equity(feed_name=self._feed.name, now=played_at)
                measure_feed(feed_name=self._feed.name, now=played_at, at=at)
            roll_days(feed_name=self._feed.name, now=step.at)
            store_quotes(feed=self._feed.name, ticks=ticks, now=at)
            if is_new_day:
                refresh_statistics(feed=self._feed.name, now=step.at)
        self._ticks |= {tick.instrument_id: tick for tick in ticks}

    def _guard(self, now: datetime) -> None:
        """Trip what these prices trip, before anybody is woken by them."""
        accounts, tripped = Account.objects.filter(feed=self._feed.name).order_by("id"), False
        for account_id in accounts.values_list("id", flat=True):
            trips = check_breakers(account_id=account_id, now=now, at=self._pulse.now())
            tripped |= any(trip.kind is BreakerKind.ACCOUNT_DAILY_LOSS for trip in trips)
        if tripped:
            stop_losers(at=self._pulse.now())

    def _fire(self, step: ReplayStep, ticks: list[Tick]) -> None:
        """Second commit. All causes of a step are handed over together."""
        self._watch.follow()
        hits = self._watch.hits(ticks)
        with transaction():
            advance_replay(replay_id=self._lease.replay.id, token=self._lease.token, step=step)
            hits += due_hits(now=step.at, feed_name=self._feed.name)
            fire(hits=hits, now=step.at, at=self._pulse.now())
            remember(feed_name=self._feed.name, ticks=ticks)
        self._played_at = step.at

    def _settle(self, now: datetime) -> bool:
        self._pulse.beat()
        return self._settling.settle(ticks=self._ticks, now=now)

    def _market_time(self) -> datetime:
        """That of the newest price; the replay's first midnight before there is one."""
        begins_at = datetime.combine(self._lease.replay.starts_on, time.min, tzinfo=UTC)
        return max((tick.at for tick in self._ticks.values()), default=begins_at)

    def _end(self) -> None:
        replay, at = self._lease.replay, self._pulse.now()
        with transaction():
            if self._played_at is not None:
                snapshot_equity(feed_name=self._feed.name, now=self._played_at)
                measure_feed(feed_name=self._feed.name, now=self._played_at, at=at)
            end_replay(replay_id=replay.id, token=self._lease.token, now=at)
            for stream in (FARM, *_streams_of(replay.feed_id)):
                record(
                    stream=stream,
                    kind="replay.ended",
                    actor="engine",
                    subject=f"replay:{replay.id}",
                    payload={"feed": replay.feed_id, "steps": self._feed.position},
                    at=at,
                    as_of=self._played_at,
                )
        logger.info(
            "The replay on %s has played its last candle (%s to %s, %d steps, %d ticks refused)."
            ' It never rewinds; start another with make run ARGS="--new-replay".',
            replay.feed_id,
            replay.starts_on,
            replay.ends_on,
            self._feed.position,
            self.refused.total(),
        )


def _streams_of(feed_name: str) -> list[str]:
    """The streams of the accounts on a feed: their people want to know that it is over."""
    accounts = Account.objects.filter(feed=feed_name).order_by("id")
    return [account_stream(account_id) for account_id in accounts.values_list("id", flat=True)]
