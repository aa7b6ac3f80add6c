"""How each instrument of a feed was of late: how much it swings, and how much of it is traded."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from django.db import connection

from market.domain.candles import Timeframe
from market.domain.indicators import CRYPTO_DAYS, STOCK_DAYS, volatility
from market.models import Instrument
from tradingfarm.kernel.statements import Values

DAYS = 30
FEWEST = 20
"""From fewer day candles than this nothing is known."""
OLDEST = timedelta(days=90)
"""Candles of longer ago say nothing about the present, however few have come since."""

# A day more than the averages need, because 30 returns lie between 31 closes. The largest number
# that the columns hold stands for larger ones.
NEWEST = """
SELECT i.id, i.asset_class, found.closes, found.days, found.volume, found.notional
FROM market_instrument i
CROSS JOIN LATERAL (
  SELECT array_agg(close::float8 ORDER BY start) AS closes,
    count(*) FILTER (WHERE place <= %(days)s) AS days,
    round(avg(volume) FILTER (WHERE place <= %(days)s), 8) AS volume,
    least(round(avg(close * volume) FILTER (WHERE place <= %(days)s), 8), 1e20 - 1) AS notional
  FROM (
    SELECT start, close, volume, row_number() OVER (ORDER BY start DESC) AS place
    FROM market_candle
    WHERE feed_id = coalesce((SELECT source_id FROM market_feed WHERE name = %(feed)s), %(feed)s)
      AND instrument_id = i.id AND timeframe = %(timeframe)s
      AND start > %(oldest)s AND start < %(now)s AND closes_at <= %(now)s
    ORDER BY start DESC LIMIT %(days)s + 1) newest) found
WHERE found.days > 0
ORDER BY i.id
"""
UPSERT = """
INSERT INTO market_statistics AS old (feed_id, as_of, instrument_id, candles, volatility_pct,
  average_volume, average_notional)
SELECT %s, %s, new.* FROM unnest(%s::uuid[], %s::integer[], %s::numeric[], %s::numeric[],
  %s::numeric[]) AS new
ON CONFLICT (feed_id, instrument_id) DO UPDATE SET
  as_of = excluded.as_of, candles = excluded.candles, volatility_pct = excluded.volatility_pct,
  average_volume = excluded.average_volume, average_notional = excluded.average_notional
WHERE old.as_of <= excluded.as_of
"""


def refresh_statistics(*, feed: str, now: datetime) -> int:
    """Store what the 30 newest day candles of each instrument say; returns how many were written.

    Candles of the feed, of a replay's source, that were complete at market time `now`: never a
    later one. Of fewer than 20 the numbers are null. An instrument without a candle within 90 days
    keeps what it had. What was stored as of a later moment stays.
    """
    asked: Values = {
        "feed": feed,
        "now": now,
        "oldest": now - OLDEST,
        "days": DAYS,
        "timeframe": Timeframe.D1.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, asked)
        rows = [_row(*found) for found in cursor.fetchall()]
        if not rows:
            return 0
        columns = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(UPSERT, [feed, now, *columns])
        written: int = cursor.rowcount
    return written


def _row(
    instrument_id: object,
    asset_class: str,
    closes: list[float],
    days: int,
    volume: Decimal,
    notional: Decimal,
) -> tuple[object, ...]:
    if days < FEWEST:
        return (instrument_id, days, None, None, None)
    a_year = CRYPTO_DAYS if asset_class == Instrument.AssetClass.CRYPTO else STOCK_DAYS
    return (instrument_id, days, _volatility_pct(closes, a_year), volume, notional)


def _volatility_pct(closes: list[float], days_a_year: int) -> Decimal:
    """A year's, in percent: the sample standard deviation of the daily log returns, annualised."""
    found = volatility(np.array(closes), period=len(closes) - 1, periods_per_year=days_a_year)
    return Decimal(f"{found[-1] * 100:.4f}")
