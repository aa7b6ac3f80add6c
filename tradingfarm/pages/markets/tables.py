"""Candles as a table: what a chart shows, for who cannot see it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from uuid import UUID

from market.domain.candles import Timeframe
from market.models import Candle
from tradingfarm.pages.markets.rows import change_pct

ROWS = 60


@dataclass(frozen=True)
class CandleRow:
    """One candle in today's shares; `change_pct` is against the candle before."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    change_pct: Decimal | None


@dataclass(frozen=True)
class CandleTable:
    """Newest first. `before`: the Unix second before which older ones start, None without."""

    rows: tuple[CandleRow, ...]
    before: int | None


def candle_table(
    *, feed_name: str, instrument_id: UUID, timeframe: Timeframe, until: datetime
) -> CandleTable:
    """The newest 60 candles that were complete at `until` (market time). One query."""
    found = Candle.objects.filter(
        feed=feed_name,
        instrument=instrument_id,
        timeframe=timeframe.value,
        start__lt=until,
        closes_at__lte=until,
    )
    candles = list(found.order_by("-start")[: ROWS + 1])
    pairs = zip_longest(candles[:ROWS], candles[1:])
    rows = [_row(candle, earlier) for candle, earlier in pairs]
    more = len(candles) > ROWS
    return CandleTable(tuple(rows), int(rows[-1].start.timestamp()) if more else None)


def _row(candle: Candle, earlier: Candle | None) -> CandleRow:
    return CandleRow(
        start=candle.start,
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        change_pct=change_pct(last=candle.close, reference=earlier.close if earlier else None),
    )
