"""What somebody who watches the prices of a feed must know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np

from market.domain.candles import Bars, Timeframe
from market.selectors.candles import bars_of_many
from triggers.models import LastSighting, Trigger

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMMITS_WITHIN = timedelta(minutes=1)
"""No transaction lasts longer, so a change can become visible at most this long after its time."""


@dataclass(frozen=True)
class Seen:
    """A price as triggers saw it: `at` is market time, `day_open` None where it is not known."""

    last: Decimal
    day_open: Decimal | None
    at: datetime


def changed_price_triggers(*, feed_name: str, since: datetime | None) -> list[Trigger]:
    """Price triggers of a feed that may have changed since a `changed_at`; at first the enabled.

    Some come that were seen before: a change is stamped before its commit.
    """
    found = Trigger.objects.filter(feed_id=feed_name, type=Trigger.Type.PRICE)
    if since is None:
        found = found.filter(enabled=True)
    else:
        found = found.filter(changed_at__gte=since - COMMITS_WITHIN)
    return list(found.order_by("changed_at", "id"))


def last_sightings(*, feed_name: str) -> dict[UUID, Seen]:
    """What the price triggers of a feed last compared themselves with, by instrument."""
    return {
        sighting.instrument_id: Seen(sighting.last, sighting.day_open, sighting.as_of)
        for sighting in LastSighting.objects.filter(feed_id=feed_name)
    }


def bar_start(*, at: datetime, timeframe: Timeframe) -> datetime:
    """When the bar began that is running at `at`; a daily bar begins at midnight UTC."""
    return at - (at - EPOCH) % timeframe.duration


def closes_before(
    *,
    feed_name: str,
    instruments: Sequence[UUID],
    timeframe: Timeframe,
    at: datetime,
    limit: int,
) -> dict[UUID, tuple[Decimal, ...]]:
    """The newest `limit` closes of the bars before the one running at `at`, newest last.

    One query. Every instrument has an entry, if an empty one.
    """
    running = np.datetime64(bar_start(at=at, timeframe=timeframe).replace(tzinfo=None))
    found = bars_of_many(
        feed=feed_name, instruments=instruments, timeframe=timeframe, until=at, limit=limit + 1
    )
    return {key: _closes(bars, running)[-limit:] for key, bars in found.items()}


def _closes(bars: Bars, running: np.datetime64) -> tuple[Decimal, ...]:
    # A float's shortest text is the price that was stored, up to fifteen digits.
    return tuple(Decimal(repr(close)) for close in bars.close[bars.start < running].tolist())
