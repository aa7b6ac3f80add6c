"""Price triggers of feeds that no engine holds, from stored quotes."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter

from django.db import connection

from market.domain.candles import Timeframe
from market.domain.ticks import Tick, refuse
from market.models import Feed, Replay
from tradingfarm.kernel.journal import transaction
from triggers.models import Trigger
from triggers.selectors.quotes import stored_ticks
from triggers.selectors.watching import Seen, last_sightings
from triggers.services.firing import fire
from triggers.services.watching import FeedWatch, remember

STANDS_STILL = "its clock stands still, and every trigger was compared with its last prices"
ENDED = "its replay has ended"
HELD = "an engine holds it"
ELSEWHERE = "another call looks at it"


@dataclass
class Looked:
    """What one look at the feeds without an engine came to."""

    firings: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    """Feed name to the reason."""


def fire_unheld(*, now: datetime) -> Looked:
    """Fire the price triggers of feeds without an engine that newer quotes make true.

    `now` is wall time. Each feed is one transaction. A quote is compared with the one that was
    compared before it, so prices in between are not seen: an engine sees every tick, this task a
    sample. Stale and otherwise bad quotes are left out. Replays are skipped, with the reason.
    """
    looked = Looked()
    for feed in _feeds():
        reason = _reason_to_skip(feed, now)
        if reason:
            looked.skipped[feed.name] = reason
        else:
            _look_at(feed, now, looked)
    return looked


def _feeds() -> list[Feed]:
    watched = Trigger.objects.filter(type=Trigger.Type.PRICE, enabled=True).values("feed")
    return list(Feed.objects.filter(name__in=watched).order_by("name"))


def _reason_to_skip(feed: Feed, now: datetime) -> str:
    if feed.kind != Feed.Kind.REPLAY:
        return ""
    replay = Replay.objects.filter(feed=feed).first()
    if replay is None or replay.state == Replay.State.ENDED:
        return ENDED
    if replay.lease_until is not None and replay.lease_until > now:
        return HELD
    return STANDS_STILL


def _look_at(feed: Feed, now: datetime, looked: Looked) -> None:
    with transaction():
        if not _lock(feed):
            looked.skipped[feed.name] = ELSEWHERE
            return
        ticks = _news(feed, now)
        if not ticks:
            return
        hits = FeedWatch(feed=feed, timeframe=Timeframe.D1).hits(ticks)
        looked.firings += len(fire(hits=hits, now=now, at=now))
        remember(feed_name=feed.name, ticks=ticks)


def _lock(feed: Feed) -> bool:
    """Until the end of the transaction only one call looks at a feed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"unheld:{feed.name}"]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _news(feed: Feed, now: datetime) -> list[Tick]:
    """Good quotes that are newer than what the triggers were compared with, oldest first."""
    before = last_sightings(feed_name=feed.name)
    ticks = stored_ticks(feed_name=feed.name).values()
    news = [tick for tick in ticks if _is_good_news(tick, before.get(tick.instrument_id), now)]
    return sorted(news, key=attrgetter("at", "symbol"))


def _is_good_news(tick: Tick, seen: Seen | None, now: datetime) -> bool:
    if seen is None:
        return refuse(tick=tick, previous=None, now=now) is None
    previous = replace(tick, last=seen.last, at=seen.at)
    return tick.at > seen.at and refuse(tick=tick, previous=previous, now=now) is None
