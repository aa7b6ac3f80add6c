"""Candles as arrays, never later than asked."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from uuid import UUID

import numpy as np
from django.db import connection

from market.domain.candles import MICROSECONDS, Bars, Timeframe

NEWEST = """
SELECT wanted.id, epoch, open, high, low, close, volume
FROM unnest(%(instruments)s::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT (extract(epoch FROM start) * 1000000)::bigint AS epoch, open::float8, high::float8,
        low::float8, close::float8, volume::float8
    FROM market_candle
    WHERE feed_id = coalesce((SELECT source_id FROM market_feed WHERE name = %(feed)s), %(feed)s)
        AND instrument_id = wanted.id
        AND timeframe = %(timeframe)s
        AND start < %(until)s
        AND closes_at <= %(until)s
    ORDER BY start DESC
    LIMIT %(limit)s
) AS candle
ORDER BY wanted.id, epoch
"""


def bars(
    *, feed: str, instrument: UUID, timeframe: Timeframe, until: datetime, limit: int
) -> Bars:
    """The newest `limit` candles that were complete at `until` (market time), oldest first.

    A replay's feed reads the candles of its source. Nothing stored gives empty Bars.
    """
    found = bars_of_many(
        feed=feed, instruments=[instrument], timeframe=timeframe, until=until, limit=limit
    )
    return found[instrument]


def bars_of_many(
    *, feed: str, instruments: Sequence[UUID], timeframe: Timeframe, until: datetime, limit: int
) -> dict[UUID, Bars]:
    """The same for several instruments in one query; each has an entry, if an empty one."""
    with connection.cursor() as cursor:
        cursor.execute(
            NEWEST,
            {
                "feed": feed,
                "instruments": list(instruments),
                "timeframe": timeframe.value,
                "until": until,
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
    grouped = {key: list(group) for key, group in groupby(rows, key=itemgetter(0))}
    return {instrument: _arrays(grouped.get(instrument, [])) for instrument in instruments}


def _arrays(rows: list[tuple[UUID, int, float, float, float, float, float]]) -> Bars:
    if not rows:
        return Bars.of([])
    _, starts, *columns = zip(*rows, strict=True)
    return Bars(
        np.array(starts, dtype=np.int64).astype(MICROSECONDS),
        *(np.array(column, dtype=np.float64) for column in columns),
    )
