from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.db.transaction import atomic

from market.domain.candles import Timeframe
from market.models import Candle
from market.services.candles import CandleToStore, store_candles
from market.services.partitions import make_candle_partitions
from tests.market.builders import bar
from tests.market.stored import STORED, make_feed, make_instrument, store_days

pytestmark = pytest.mark.django_db
D1 = Timeframe.D1


def one_candle(instrument, start, **changes):
    return CandleToStore(
        instrument.id, bar(start, **changes), raw=None, closes_at=start + timedelta(hours=21)
    )


def partition_of(start):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM market_candle WHERE start = %s", [start]
        )
        return cursor.fetchone()[0]


def test_a_candle_lies_in_the_partition_of_its_year():
    apple, start = make_instrument(), datetime(2001, 12, 31, tzinfo=UTC)
    make_feed()

    store_candles(feed=STORED, timeframe=D1, candles=[one_candle(apple, start)])

    assert partition_of(start) == "market_candle_2001"


def test_storing_a_candle_of_a_year_without_partition_makes_it():
    apple, start = make_instrument(), datetime(1975, 6, 2, tzinfo=UTC)
    make_feed()

    store_candles(feed=STORED, timeframe=D1, candles=[one_candle(apple, start)])

    assert partition_of(start) == "market_candle_1975"


def test_candles_that_came_before_their_partition_move_into_it():
    apple, start = make_instrument(), datetime(2060, 6, 2, tzinfo=UTC)
    Candle.objects.create(
        feed=make_feed(),
        instrument=apple,
        timeframe="1d",
        start=start,
        closes_at=start + timedelta(days=1),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), 5),
    )
    assert partition_of(start) == "market_candle_default"

    made = make_candle_partitions(first_year=2059, last_year=2060)

    assert made == [2059, 2060]
    assert partition_of(start) == "market_candle_2060"
    assert make_candle_partitions(first_year=2059, last_year=2060) == []


def test_the_table_has_exactly_the_columns_of_the_model():
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, "market_candle")

    columns = {column.name: column.null_ok for column in described}
    assert columns == {field.column: field.null for field in Candle._meta.concrete_fields}


def test_the_table_has_exactly_the_checks_of_the_model():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "market_candle")

    checks = {name for name, constraint in found.items() if constraint["check"]}
    assert checks == {constraint.name for constraint in Candle._meta.constraints}
    assert "market_candle_by_time" in found


@pytest.mark.parametrize(
    "change",
    [
        {"low": Decimal(0)},
        {"volume": Decimal(-1)},
        {"open": Decimal(1)},
        {"close": Decimal(97)},
        {"closes_at": datetime(2001, 3, 5, tzinfo=UTC)},
    ],
)
def test_the_database_refuses_a_candle_that_makes_no_sense(change):
    store_days(make_instrument(), days=1)

    with pytest.raises(IntegrityError), atomic():
        Candle.objects.update(**change)


@pytest.mark.parametrize("name", ["open", "high", "low", "close", "volume"])
def test_the_database_refuses_a_candle_with_nan(name):
    apple, start = make_instrument(), datetime(2001, 3, 5, tzinfo=UTC)
    make_feed()
    bad = replace(bar(start), **{name: Decimal("NaN")})
    candle = CandleToStore(apple.id, bad, raw=None, closes_at=start + timedelta(hours=21))

    with pytest.raises(IntegrityError), atomic():
        store_candles(feed=STORED, timeframe=D1, candles=[candle])


def test_the_same_candles_again_change_nothing_and_other_prices_do():
    apple, start = make_instrument(), datetime(2001, 3, 5, tzinfo=UTC)
    make_feed()
    first, changed = one_candle(apple, start), one_candle(apple, start, volume="7")

    counts = [
        store_candles(feed=STORED, timeframe=D1, candles=[candle])
        for candle in (first, first, changed)
    ]

    assert counts == [1, 0, 1]
    assert Candle.objects.get().volume == 7


def test_storing_no_candles_is_nothing():
    assert store_candles(feed=STORED, timeframe=D1, candles=[]) == 0


def test_one_instrument_can_have_candles_on_two_feeds():
    apple = make_instrument()

    store_days(apple, days=1)
    store_days(apple, days=1, feed="another", start_price=7)

    assert set(Candle.objects.values_list("feed_id", flat=True)) == {STORED, "another"}


def test_candles_may_be_stored_in_several_statements(monkeypatch):
    monkeypatch.setattr("market.services.candles.AT_ONCE", 2)

    assert store_days(make_instrument(), days=5) == 5
    assert Candle.objects.count() == 5
