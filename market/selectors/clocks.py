"""Which moment it is on a feed: market time."""

from datetime import datetime

from market.models import Replay


def market_time(*, feed_name: str, at: datetime) -> datetime:
    """The market time of a feed at wall time `at`.

    A replay's clock stands at its last step; every other feed runs on wall time.
    """
    replayed = Replay.objects.filter(feed_id=feed_name).values_list("as_of", flat=True).first()
    return replayed or at


def is_owned(*, feed_name: str, at: datetime) -> bool:
    """Whether an engine holds the feed at wall time `at`, by an unexpired lease on its replay."""
    return Replay.objects.filter(
        feed_id=feed_name, state=Replay.State.RUNNING, lease_until__gt=at
    ).exists()
