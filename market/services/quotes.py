"""The newest price of each instrument, overwritten in place."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from market.domain.ticks import Tick
from tradingfarm.kernel.live import feed_topic, ring_pages

UPSERT = """
INSERT INTO market_quote AS old (feed_id, instrument_id, bid, ask, last, volume, day_open,
    previous_close, bar_high, bar_low, as_of, at)
SELECT %s, tick.*, %s FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    AS tick
ON CONFLICT (feed_id, instrument_id) DO UPDATE SET
    bid = excluded.bid, ask = excluded.ask, last = excluded.last, volume = excluded.volume,
    day_open = excluded.day_open, previous_close = excluded.previous_close,
    bar_high = excluded.bar_high, bar_low = excluded.bar_low,
    as_of = excluded.as_of, at = excluded.at
WHERE old.as_of <= excluded.as_of
"""


def store_quotes(*, feed: str, ticks: Iterable[Tick], now: datetime) -> int:
    """Make these ticks the quotes of their instruments on `feed`; returns how many were written.

    `now` is wall time. A quote never goes back in market time: an older tick changes nothing. Of
    several ticks of one instrument the newest counts. One statement, whatever the number.
    """
    newest = {tick.instrument_id: tick for tick in sorted(ticks, key=lambda tick: tick.at)}
    if not newest:
        return 0
    # One order of locking for all writers, so that two of them cannot wait for each other.
    rows = [_row(newest[key]) for key in sorted(newest)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [feed, now, *columns])
        written: int = cursor.rowcount
    ring_pages(feed_topic(feed))
    return written


def _row(tick: Tick) -> Sequence[object]:
    return (
        tick.instrument_id,
        tick.bid,
        tick.ask,
        tick.last,
        tick.volume,
        tick.day_open,
        tick.previous_close,
        tick.bar_high,
        tick.bar_low,
        tick.at,
    )
