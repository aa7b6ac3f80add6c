"""Which moment it is on a feed: market time."""

from collections.abc import Set
from datetime import UTC, datetime, time

from market.models import Replay


def market_time(*, feed_name: str, at: datetime) -> datetime:
    """The market time of a feed at wall time `at`.

    A replay's clock stands at its last step; every other feed runs on wall time.
    """
    return market_times(feed_names={feed_name}, at=at)[feed_name]


def market_times(*, feed_names: Set[str], at: datetime) -> dict[str, datetime]:
    """The market time of each feed at wall time `at`, in one query.

    A replay that has not played a step yet stands at the midnight of its first day.
    """
    replays = Replay.objects.filter(feed_id__in=feed_names)
    played = {
        feed: as_of or datetime.combine(first, time.min, tzinfo=UTC)
        for feed, as_of, first in replays.values_list("feed_id", "as_of", "starts_on")
    }
    return {feed: played.get(feed, at) for feed in feed_names}


def is_owned(*, feed_name: str, at: datetime) -> bool:
    """Whether an engine holds the feed at wall time `at`, by an unexpired lease on its replay."""
    return Replay.objects.filter(
        feed_id=feed_name, state=Replay.State.RUNNING, lease_until__gt=at
    ).exists()
