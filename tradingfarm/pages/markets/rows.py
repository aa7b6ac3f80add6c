"""Instruments of a feed with their newest prices: the rows of the markets page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, NullIf
from numpy import datetime64

from market.domain.candles import Bars, Timeframe
from market.models import Candle, Instrument, Quote
from market.selectors.candles import bars_of_many
from market.selectors.quotes import quotes
from tradingfarm.kernel.money import MONEY, ZERO
from tradingfarm.pages.dashboard.positions import PositionRow
from tradingfarm.pages.markets.feeds import ShownFeed
from tradingfarm.pages.markets.sparklines import Sparkline, sparkline

CLOSES = 30
STALE_AFTER = timedelta(seconds=60)
HUNDRED, TEN_THOUSAND = Decimal(100), Decimal(10_000)
DAILY = Timeframe.D1
UNQUOTED = Decimal(-1)
"""Below every real value: a price falls by less than all of it."""


@dataclass(frozen=True)
class Price:
    """The newest price of an instrument.

    `change_pct` is against the close of the day before, else the day's open; `spread_bps` is the
    distance of bid and ask in basis points of their middle. `as_of` is market time;
    `stale_seconds` the age in wall time of a quote that is too old.
    """

    last: Decimal
    change_pct: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    spread_bps: Decimal | None
    volume: Decimal
    as_of: datetime
    stale_seconds: int | None


@dataclass(frozen=True)
class MarketRow:
    """One instrument in the list; `held` is the account's quantity, None without a position."""

    instrument_id: UUID
    symbol: str
    name: str
    asset_class: str
    sector: str
    currency: str
    tick_size: Decimal
    lot_size: Decimal
    price: Price | None
    held: Decimal | None
    spark: Sparkline | None


def market_rows(
    *,
    instruments: Sequence[Instrument],
    feed: ShownFeed,
    positions: Sequence[PositionRow],
    now: datetime,
) -> tuple[MarketRow, ...]:
    """A row for each instrument, with the line of its newest 30 closes. Two queries."""
    keys = [instrument.id for instrument in instruments]
    held = {row.instrument_id: row.quantity for row in positions} if feed.is_accounts else {}
    prices = prices_of(feed=feed, instruments=keys, now=now)
    closes = bars_of_many(
        feed=feed.name, instruments=keys, timeframe=DAILY, until=feed.present, limit=CLOSES
    )
    return tuple(
        _row(one, prices.get(one.id), held.get(one.id), closes[one.id]) for one in instruments
    )


def instruments_on(*, feed: ShownFeed) -> QuerySet[Instrument]:
    """Instruments with a price on the feed, stored or streamed; a replay has its source's.

    Each carries what lists order by: `last`, `change`, `spread` and `volume`, which stand below
    every real value where there is no quote.
    """
    candles = Candle.objects.filter(instrument_id=OuterRef("id"))
    quoted = Quote.objects.filter(feed=feed.name, instrument_id=OuterRef("id"))
    has_prices = Exists(quoted) | Exists(candles.filter(feed=feed.source or feed.name))
    reference = Coalesce("previous_close", "day_open")
    return Instrument.objects.filter(has_prices).annotate(
        last=_of_quote(quoted, F("last")),
        change=_of_quote(quoted, (F("last") - reference) / NullIf(reference, Value(ZERO))),
        spread=_of_quote(quoted, (F("ask") - F("bid")) / (F("ask") + F("bid"))),
        volume=_of_quote(quoted, F("volume")),
    )


def _of_quote(quoted: QuerySet[Quote], value: Combinable) -> Coalesce:
    number: DecimalField[Decimal, Decimal] = DecimalField(max_digits=60, decimal_places=18)
    found = quoted.values(found=ExpressionWrapper(value, output_field=number))
    return Coalesce(Subquery(found), Value(UNQUOTED), output_field=number)


def prices_of(
    *, feed: ShownFeed, instruments: Sequence[UUID], now: datetime
) -> Mapping[UUID, Price]:
    """Newest prices by instrument: quotes, or on a stored feed the newest candles. One query."""
    if not feed.is_stored:
        found = quotes(feed=feed.name, instruments=instruments)
        return {key: price_of(quote=quote, feed=feed, now=now) for key, quote in found.items()}
    stored = bars_of_many(
        feed=feed.name,
        instruments=instruments,
        timeframe=DAILY,
        until=feed.present,
        limit=2,
    )
    return {key: _closing_price(bars) for key, bars in stored.items() if len(bars)}


def price_of(*, quote: Quote, feed: ShownFeed, now: datetime) -> Price:
    """A quote as pages show it. A replay that has ended is over, not stale."""
    age = now - quote.at
    middle = (quote.bid + quote.ask) / 2
    return Price(
        last=quote.last,
        change_pct=change_pct(last=quote.last, reference=quote.previous_close or quote.day_open),
        bid=quote.bid,
        ask=quote.ask,
        spread_bps=MONEY.divide((quote.ask - quote.bid) * TEN_THOUSAND, middle),
        volume=quote.volume,
        as_of=quote.as_of,
        stale_seconds=int(age.total_seconds()) if age > STALE_AFTER and not feed.ended else None,
    )


def change_pct(*, last: Decimal, reference: Decimal | None) -> Decimal | None:
    """How far `last` is from a reference in percent, or None without one."""
    if not reference:
        return None
    return MONEY.divide((last - reference) * HUNDRED, reference)


def _row(
    instrument: Instrument, price: Price | None, held: Decimal | None, bars: Bars
) -> MarketRow:
    return MarketRow(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        name=instrument.name,
        asset_class=Instrument.AssetClass(instrument.asset_class).label,
        sector=instrument.sector,
        currency=instrument.currency,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        price=price,
        held=held,
        spark=_spark(bars, price),
    )


def _closing_price(bars: Bars) -> Price:
    """The newest candle of a stored feed. A float's shortest text is the price stored."""
    last = Decimal(repr(float(bars.close[-1])))
    before = Decimal(repr(float(bars.close[-2]))) if len(bars) > 1 else None
    return Price(
        last=last,
        change_pct=change_pct(last=last, reference=before),
        bid=None,
        ask=None,
        spread_bps=None,
        volume=Decimal(repr(float(bars.volume[-1]))),
        as_of=_moment(bars.start[-1]),
        stale_seconds=None,
    )


def _moment(start: datetime64) -> datetime:
    moment: datetime = start.astype(datetime)
    return moment.replace(tzinfo=UTC)


def _spark(bars: Bars, price: Price | None) -> Sparkline | None:
    """The closes and, behind them, the price of the day that is running."""
    prices = bars.close.tolist()
    if price is not None and price.bid is not None:
        prices.append(float(price.last))
    return sparkline(prices=prices)
