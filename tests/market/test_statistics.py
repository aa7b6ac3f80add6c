"""How much instruments swing and trade, from day candles that were known at the time."""

import math
import statistics
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from market.domain.candles import Bar, Timeframe
from market.models import Feed, Instrument, Statistics
from market.services.candles import CandleToStore, store_candles
from market.services.statistics import refresh_statistics
from tests.factories import make_instrument

pytestmark = pytest.mark.django_db
FIRST = date(2001, 1, 1)
CLOSES = [100 + (7 * number) % 13 for number in range(40)]


def store(instrument, *, closes=CLOSES, volume=1_000, feed="stored", first=FIRST):
    """A candle a day, each known from the following midnight on."""
    Feed.objects.get_or_create(name=feed, defaults={"kind": Feed.Kind.STORED})
    candles = []
    for number, close in enumerate(closes):
        start = datetime.combine(first + timedelta(days=number), time.min, tzinfo=UTC)
        price = Decimal(close)
        traded = Decimal(volume + number)
        made = Bar(start, price, price, price, price, traded)
        candles.append(CandleToStore(instrument.id, made, None, start + timedelta(days=1)))
    store_candles(feed=feed, timeframe=Timeframe.D1, candles=candles)


def at_midnight(days):
    """So many days after the first candle began."""
    return datetime.combine(FIRST + timedelta(days=days), time.min, tzinfo=UTC)


def yearly(closes, days):
    """What the volatility is by Python's own arithmetic, in percent."""
    returns = [math.log(late / early) for early, late in pairwise(closes)]
    return statistics.stdev(returns) * math.sqrt(days) * 100


def volatility_of(found):
    assert found.volatility_pct is not None
    return float(found.volatility_pct)


@pytest.mark.parametrize(("asset_class", "days"), [("equity", 252), ("crypto", 365)])
def test_the_thirty_newest_days_are_measured_each_class_by_its_year(asset_class, days):
    instrument = make_instrument(asset_class=asset_class)
    store(instrument)

    written = refresh_statistics(feed="stored", now=at_midnight(40))

    found = Statistics.objects.get()
    volumes = range(1_010, 1_040)
    assert written == 1
    assert (found.instrument_id, found.as_of, found.candles) == (
        instrument.id,
        at_midnight(40),
        30,
    )
    assert volatility_of(found) == pytest.approx(yearly(CLOSES[9:], days), abs=1e-4)
    assert found.average_volume == Decimal(sum(volumes)) / 30
    traded = sum(close * volume for close, volume in zip(CLOSES[10:], volumes, strict=True))
    assert found.average_notional == round(Decimal(traded) / 30, 8)


def test_nothing_later_than_the_moment_is_read():
    store(make_instrument())
    now = at_midnight(25)

    refresh_statistics(feed="stored", now=now - timedelta(microseconds=1))
    before = Statistics.objects.get()
    refresh_statistics(feed="stored", now=now)
    after = Statistics.objects.get()

    assert (before.candles, after.candles) == (24, 25)
    assert volatility_of(before) == pytest.approx(yearly(CLOSES[:24], 252), abs=1e-4)
    assert volatility_of(after) == pytest.approx(yearly(CLOSES[:25], 252), abs=1e-4)


def test_of_too_few_days_nothing_is_known():
    store(make_instrument())

    refresh_statistics(feed="stored", now=at_midnight(19))

    found = Statistics.objects.get()
    assert found.candles == 19
    assert (found.volatility_pct, found.average_volume, found.average_notional) == (None,) * 3


def test_a_price_that_never_moves_does_not_swing():
    store(make_instrument(), closes=[100] * 30)

    refresh_statistics(feed="stored", now=at_midnight(30))

    assert Statistics.objects.get().volatility_pct == 0


def test_a_replay_is_measured_by_the_candles_of_its_source_and_keeps_its_own():
    store(make_instrument())
    source = Feed.objects.get(name="stored")
    Feed.objects.create(name="played", kind=Feed.Kind.REPLAY, source=source)

    refresh_statistics(feed="played", now=at_midnight(40))

    assert Statistics.objects.get().feed_id == "played"


def test_measuring_again_replaces_what_was_measured_before_and_never_goes_back():
    store(make_instrument())

    refresh_statistics(feed="stored", now=at_midnight(30))
    assert refresh_statistics(feed="stored", now=at_midnight(40)) == 1
    newest = Statistics.objects.get()
    assert refresh_statistics(feed="stored", now=at_midnight(35)) == 0

    assert Statistics.objects.get().as_of == newest.as_of == at_midnight(40)


def test_candles_of_long_ago_say_nothing():
    store(make_instrument())

    assert refresh_statistics(feed="stored", now=at_midnight(140)) == 0
    assert not Statistics.objects.exists()


def test_other_timeframes_other_feeds_and_instruments_without_candles_do_not_count():
    instrument = make_instrument()
    make_instrument("IBM")
    store(instrument, feed="elsewhere")
    start = at_midnight(0)
    price = Decimal(100)
    Feed.objects.create(name="stored", kind=Feed.Kind.STORED)
    hourly = CandleToStore(
        instrument.id,
        Bar(start, price, price, price, price, price),
        None,
        start + timedelta(hours=1),
    )
    store_candles(feed="stored", timeframe=Timeframe.H1, candles=[hourly])

    assert refresh_statistics(feed="stored", now=at_midnight(40)) == 0


def test_all_instruments_are_measured_in_two_statements(django_assert_num_queries):
    for number in range(4):
        store(make_instrument(f"I{number}"))

    with django_assert_num_queries(2):
        assert refresh_statistics(feed="stored", now=at_midnight(40)) == 4


def test_money_beyond_what_a_column_holds_is_taken_for_the_most_it_holds():
    store(make_instrument(), closes=[10**12] * 30, volume=10**12)

    refresh_statistics(feed="stored", now=at_midnight(30))

    assert Statistics.objects.get().average_notional == 10**20 - 1
    assert Instrument.objects.count() == 1
