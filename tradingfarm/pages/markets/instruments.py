"""One instrument as its page shows it: what it is, its newest price, and what goes on in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import JSONObject
from django.http import Http404

from market.domain.candles import StockSplit, Timeframe
from market.models import Candle, Instrument, Quote, Split
from trading.models import Permission
from tradingfarm.pages.dashboard.positions import PositionRow
from tradingfarm.pages.markets.charting import RunningCandle, running_candle
from tradingfarm.pages.markets.feeds import ShownFeed
from tradingfarm.pages.markets.rows import Price, price_of, prices_of


@dataclass(frozen=True)
class Head:
    """The newest price with its day. `running` is the candle that the chart's last one becomes."""

    instrument_id: UUID
    price: Price | None
    day_open: Decimal | None
    day_high: Decimal | None
    day_low: Decimal | None
    previous_close: Decimal | None
    running: RunningCandle | None


@dataclass(frozen=True)
class InstrumentPage:
    """What does not change while one looks. `timeframes` are those with candles on the feed."""

    instrument: Instrument
    splits: tuple[StockSplit, ...]
    timeframes: tuple[Timeframe, ...]


def instrument_page(*, instrument_id: UUID, feed: ShownFeed) -> InstrumentPage:
    """The instrument with its splits, oldest first. One query. Raises Http404."""
    splits = Split.objects.filter(instrument=OuterRef("id")).order_by("effective_on")
    parts = {name: name for name in ("effective_on", "numerator", "denominator")}
    found = (
        Instrument.objects.filter(id=instrument_id)
        .annotate(
            known_splits=ArraySubquery(splits.values(part=JSONObject(**parts))),
            **{f"has_{frame}": _has_candles(frame, feed) for frame in Timeframe},
        )
        .first()
    )
    if found is None:
        raise Http404("There is no such instrument.")
    stored = tuple(frame for frame in Timeframe if vars(found)[f"has_{frame}"])
    return InstrumentPage(found, tuple(map(_split, vars(found)["known_splits"])), stored)


def _split(part: Mapping[str, Any]) -> StockSplit:
    day = date.fromisoformat(part["effective_on"])
    return StockSplit(day, part["numerator"], part["denominator"])


def _has_candles(frame: Timeframe, feed: ShownFeed) -> Exists:
    return Exists(
        Candle.objects.filter(
            feed=feed.source or feed.name, instrument_id=OuterRef("id"), timeframe=frame.value
        )
    )


def head_of(*, instrument_id: UUID, feed: ShownFeed, now: datetime) -> Head:
    """The newest price of an instrument. One query."""
    if feed.is_stored:
        prices = prices_of(feed=feed, instruments=[instrument_id], now=now)
        return Head(instrument_id, prices.get(instrument_id), None, None, None, None, None)
    quote = Quote.objects.filter(feed=feed.name, instrument=instrument_id).first()
    if quote is None:
        return Head(instrument_id, None, None, None, None, None, None)
    return Head(
        instrument_id=instrument_id,
        price=price_of(quote=quote, feed=feed, now=now),
        day_open=quote.day_open,
        day_high=quote.bar_high,
        day_low=quote.bar_low,
        previous_close=quote.previous_close,
        running=running_candle(quote=quote, timeframe=feed.timeframe),
    )


def position_in(
    *, positions: Sequence[PositionRow], instrument_id: UUID, feed: ShownFeed
) -> PositionRow | None:
    """The account's position, where the page looks at the account's own feed."""
    found = (row for row in positions if row.instrument_id == instrument_id)
    return next(found, None) if feed.is_accounts else None


def agents_allowed(*, account_id: UUID, symbol: str) -> tuple[Permission, ...]:
    """The permissions under which agents may trade a symbol, by the agent's name. One query."""
    any_symbol = Q(allowed_symbols=[]) | Q(allowed_symbols__contains=[symbol])
    found = Permission.objects.filter(any_symbol, account=account_id, active=True)
    return tuple(found.exclude(blocked_symbols__contains=[symbol]).order_by("agent_name"))
