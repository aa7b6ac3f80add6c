"""The product's own sample: real daily candles of four stocks, 2000 to 2013.

The package bokeh_sampledata carries Quandl's WIKI prices as printed, in the public domain. They
are not adjusted for splits, and the splits are not in the file; those are here.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.resources import files

from django.db.transaction import atomic

from market.domain.candles import BadBar, Bar, StockSplit, Timeframe, refuse_bar, split_adjust_bar
from market.domain.instruments import instrument_id
from market.domain.replaying import known_at
from market.domain.sessions import Calendar
from market.models import Feed, Instrument, Split
from market.selectors.calendars import calendar_of
from market.services.candles import CandleToStore, store_candles
from tradingfarm.kernel.errors import FarmError

SAMPLE_FEED = "wiki-prices"
PACKAGE = "bokeh_sampledata"
DESCRIPTION = "Quandl WIKI prices of four stocks, daily, 2000 to 2013, adjusted for splits"
CALENDAR = Instrument.Calendar.NEW_YORK
PRICES = ("Open", "High", "Low", "Close", "Volume")

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Stock:
    """What the file does not say of its instruments. Sectors are GICS names."""

    symbol: str
    name: str
    venue: str
    sector: str
    splits: tuple[StockSplit, ...] = ()


SAMPLES = (
    Stock(
        "AAPL",
        "Apple",
        "NASDAQ",
        "Information Technology",
        (StockSplit(date(2000, 6, 21), 2, 1), StockSplit(date(2005, 2, 28), 2, 1)),
    ),
    Stock("IBM", "IBM", "NYSE", "Information Technology"),
    Stock(
        "MSFT",
        "Microsoft",
        "NASDAQ",
        "Information Technology",
        (StockSplit(date(2003, 2, 18), 2, 1),),
    ),
    Stock("GOOG", "Google", "NASDAQ", "Communication Services"),
)


class NoSample(FarmError):
    """The package with the sample candles is missing."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did: candles read, those new or changed, and those refused, by reason."""

    instruments: int
    read: int
    stored: int
    refused: Mapping[BadBar, int]


def import_sample_candles(*, progress: Progress | None = None) -> ImportReport:
    """Store the sample under the feed 'wiki-prices', adjusted for splits and as printed.

    Doing it again changes nothing. `progress` is called with a sentence for each instrument.
    Raises NoSample.
    """
    rows = _read_rows()
    calendar = calendar_of(CALENDAR)
    stored, refused = 0, Counter[BadBar]()
    with atomic():
        Feed.objects.get_or_create(
            name=SAMPLE_FEED, defaults={"kind": Feed.Kind.STORED, "description": DESCRIPTION}
        )
        for stock in SAMPLES:
            _store_instrument(stock)
            candles = [_candle(stock, raw, calendar) for raw in rows[stock.symbol]]
            good = [candle for candle in candles if isinstance(candle, CandleToStore)]
            refused.update(candle for candle in candles if isinstance(candle, BadBar))
            changed = store_candles(feed=SAMPLE_FEED, timeframe=Timeframe.D1, candles=good)
            stored += changed
            if progress:
                progress(f"{stock.symbol}: {len(good)} daily candles, {changed} of them new")
    read = sum(len(rows[stock.symbol]) for stock in SAMPLES)
    return ImportReport(len(SAMPLES), read, stored, dict(refused))


def _read_rows() -> Mapping[str, list[Bar]]:
    """The file's candles by symbol, as printed, oldest first."""
    rows: defaultdict[str, list[Bar]] = defaultdict(list)
    try:
        with (files(PACKAGE) / "_data" / "stocks.csv.gz").open("rb") as packed:
            for row in csv.DictReader(io.TextIOWrapper(gzip.GzipFile(fileobj=packed))):
                start = datetime.combine(date.fromisoformat(row["Date"]), time.min, tzinfo=UTC)
                rows[row["Ticker"]].append(Bar(start, *(Decimal(row[name]) for name in PRICES)))
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise NoSample(f"{error}: install {PACKAGE}, which carries the sample candles.") from None
    return rows


def _candle(stock: Stock, raw: Bar, calendar: Calendar) -> CandleToStore | BadBar:
    session = calendar.session_on(raw.start.date())
    if session is None:
        return BadBar.NO_SESSION
    return refuse_bar(raw) or CandleToStore(
        instrument_id=instrument_id(venue=stock.venue, symbol=stock.symbol),
        bar=split_adjust_bar(raw, splits=stock.splits),
        raw=raw,
        closes_at=known_at(session=session, start=raw.start, timeframe=Timeframe.D1),
    )


def _store_instrument(stock: Stock) -> None:
    instrument, _ = Instrument.objects.update_or_create(
        id=instrument_id(venue=stock.venue, symbol=stock.symbol),
        defaults={
            "symbol": stock.symbol,
            "name": stock.name,
            "asset_class": Instrument.AssetClass.EQUITY,
            "venue": stock.venue,
            "tick_size": Decimal("0.01"),
            "lot_size": Decimal(1),
            "minimum_notional": Decimal(1),
            "sector": stock.sector,
            "calendar": CALENDAR,
            "currency": "USD",
        },
    )
    Split.objects.bulk_create(
        [
            Split(
                instrument=instrument,
                effective_on=split.effective_on,
                numerator=split.numerator,
                denominator=split.denominator,
            )
            for split in stock.splits
        ],
        ignore_conflicts=True,
    )
