"""Daily candles behind the quotes of a farm: a wandering price that ends at the quote's."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

from market.domain.candles import Bar, Timeframe
from market.domain.replaying import known_at
from market.models import Instrument, Quote, Replay
from market.selectors.calendars import calendar_of
from market.services.candles import CandleToStore, store_candles
from tests.pages.farms import MARKET_NOW, PRICES, Farm

CENT = Decimal("0.01")
STORED = "daily-candles"


def add_candles(farm: Farm, *, days: int = 40, ahead: int = 4) -> None:
    """Candles of all instruments up to the replay's present, and some that are still to come.

    AAPL has 420 before its running day, so that its chart comes in two parts.
    """
    for symbol, instrument in farm.instruments.items():
        many = 421 if symbol == "AAPL" else days
        candles = _candles(instrument, Decimal(PRICES[symbol]), many, ahead)
        store_candles(feed=STORED, timeframe=Timeframe.D1, candles=candles)


def know_the_day(farm: Farm, symbol: str, *, opened: str, before: str) -> None:
    """The quote as a replay writes it: with the day's open, its extremes and the close before."""
    quote = Quote.objects.get(feed=farm.account.feed, instrument=farm.instruments[symbol])
    quote.day_open, quote.previous_close = Decimal(opened), Decimal(before)
    quote.bar_high = max(quote.last, quote.day_open)
    quote.bar_low = min(quote.last, quote.day_open)
    # The close's tick is a minute before the bell: the day's candle is not complete yet.
    quote.as_of = MARKET_NOW - timedelta(minutes=1)
    quote.save()
    Replay.objects.filter(feed=farm.account.feed).update(as_of=quote.as_of)


def _candles(instrument: Instrument, last: Decimal, days: int, ahead: int) -> list[CandleToStore]:
    today = MARKET_NOW.date()
    sessions = calendar_of(instrument.calendar).sessions(
        first=today - timedelta(days=days * 3 // 2), last=today + timedelta(days=ahead)
    )
    chance = Random(instrument.symbol)  # noqa: S311 - prices to look at
    close, found = last, []
    for session in reversed(sessions):  # backwards, so that today's close is the quote's
        if session.day >= today:
            close = last
        start = datetime.combine(session.day, time.min, tzinfo=UTC)
        opened = (close * Decimal(1 + chance.gauss(0, 0.014))).quantize(CENT)
        spread = Decimal(abs(chance.gauss(0, 0.006)))
        bar = Bar(
            start,
            opened,
            (max(opened, close) * (1 + spread)).quantize(CENT),
            (min(opened, close) * (1 - spread)).quantize(CENT),
            close,
            Decimal(chance.randrange(400_000, 3_000_000)),
        )
        closes_at = known_at(session=session, start=start, timeframe=Timeframe.D1)
        found.append(CandleToStore(instrument.id, bar, None, closes_at))
        close = (opened * Decimal(1 + chance.gauss(-0.0004, 0.006))).quantize(CENT)
    return found[::-1][-days - ahead :]
