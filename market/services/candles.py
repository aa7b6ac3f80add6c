"""Storing candles in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.transaction import atomic

from market.domain.candles import Bar, Timeframe
from market.services.partitions import make_candle_partitions

AT_ONCE = 5_000
UPSERT = """
INSERT INTO market_candle AS old (feed_id, timeframe, instrument_id, start, closes_at,
    open, high, low, close, volume, raw_open, raw_high, raw_low, raw_close, raw_volume)
SELECT %s, %s, new.* FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[]) AS new
ON CONFLICT (feed_id, instrument_id, timeframe, start) DO UPDATE SET
    closes_at = excluded.closes_at,
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, raw_open = excluded.raw_open, raw_high = excluded.raw_high,
    raw_low = excluded.raw_low, raw_close = excluded.raw_close, raw_volume = excluded.raw_volume
WHERE (old.closes_at, old.open, old.high, old.low, old.close, old.volume)
    IS DISTINCT FROM (excluded.closes_at, excluded.open, excluded.high, excluded.low,
        excluded.close, excluded.volume)
"""


@dataclass(frozen=True)
class CandleToStore:
    """A candle of an instrument in today's shares, and as it was printed where that differs.

    `closes_at` is the moment in UTC from which the whole candle is known.
    """

    instrument_id: UUID
    bar: Bar
    raw: Bar | None
    closes_at: datetime


def store_candles(*, feed: str, timeframe: Timeframe, candles: Sequence[CandleToStore]) -> int:
    """Store candles under a STORED feed; returns how many are new or changed.

    Storing the same ones again changes nothing. Years without a partition get one. All or nothing.
    """
    if not candles:
        return 0
    years = [candle.bar.start.year for candle in candles]
    with atomic(), connection.cursor() as cursor:
        make_candle_partitions(first_year=min(years), last_year=max(years))
        changed = 0
        for first in range(0, len(candles), AT_ONCE):
            rows = [_row(candle) for candle in candles[first : first + AT_ONCE]]
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(UPSERT, [feed, timeframe.value, *columns])
            changed += cursor.rowcount
    return changed


def _row(candle: CandleToStore) -> tuple[object, ...]:
    raw = _values(candle.raw) if candle.raw else (None,) * 5
    return (
        candle.instrument_id,
        candle.bar.start,
        candle.closes_at,
        *_values(candle.bar),
        *raw,
    )


def _values(bar: Bar) -> tuple[object, ...]:
    return (bar.open, bar.high, bar.low, bar.close, bar.volume)
