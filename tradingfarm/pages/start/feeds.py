"""The feeds that an account can be opened on, in plain words."""

from dataclasses import dataclass
from datetime import datetime

from market.models import Feed, Replay
from tradingfarm.pages.dashboard.clock import pace


@dataclass(frozen=True)
class FeedChoice:
    """One feed. `as_of` is its market time, None before its first price."""

    name: str
    words: str
    note: str
    as_of: datetime | None


def feed_choices() -> tuple[FeedChoice, ...]:
    """Feeds whose prices move: replays that run, synthetic ones, exchange streams. One query."""
    feeds = Feed.objects.exclude(kind=Feed.Kind.STORED).select_related("replay").order_by("name")
    choices = [_choice(feed) for feed in feeds]
    return tuple(choice for choice in choices if choice is not None)


def _choice(feed: Feed) -> FeedChoice | None:
    if feed.kind != Feed.Kind.REPLAY:
        return FeedChoice(feed.name, Feed.Kind(feed.kind).label, feed.description, None)
    replay: Replay | None = getattr(feed, "replay", None)
    if replay is None or replay.state != Replay.State.RUNNING:
        return None
    return FeedChoice(
        name=feed.name,
        words=f"Replay of {feed.source_id}",
        note=f"Real candles of {replay.starts_on:%-d %b %Y} to {replay.ends_on:%-d %b %Y},"
        f" {pace(replay.speed)}. Everybody on it sees the same moment.",
        as_of=replay.as_of,
    )
