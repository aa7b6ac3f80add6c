from datetime import UTC, datetime

import numpy as np
import pytest
from pytest_django.asserts import assertNumQueries

from market.domain.candles import Timeframe
from market.selectors.candles import bars, bars_of_many
from tests.market.stored import REPLAYED, STORED, begin_replay, make_instrument, store_days

pytestmark = pytest.mark.django_db
D1 = Timeframe.D1
TUESDAY_CLOSE = datetime(2001, 3, 6, 21, tzinfo=UTC)
NEXT_WEEK = datetime(2001, 3, 12, tzinfo=UTC)


def read(instrument, *, until=NEXT_WEEK, limit=100, feed=STORED):
    return bars(feed=feed, instrument=instrument.id, timeframe=D1, until=until, limit=limit)


def test_the_newest_candles_come_oldest_first():
    apple = make_instrument()
    store_days(apple)

    found = read(apple, limit=2)

    assert found.close.tolist() == [103.0, 104.0]
    assert found.start.tolist() == np.array(["2001-03-08", "2001-03-09"], "M8[us]").tolist()


def test_a_candle_is_known_at_its_close_and_not_a_second_before():
    apple = make_instrument()
    store_days(apple)

    assert len(read(apple, until=TUESDAY_CLOSE)) == 2
    assert len(read(apple, until=TUESDAY_CLOSE.replace(hour=20, minute=59, second=59))) == 1


def test_a_replay_reads_the_candles_of_its_source():
    apple = make_instrument()
    store_days(apple)
    begin_replay()

    assert read(apple, feed=REPLAYED).close.tolist() == read(apple).close.tolist()
    assert len(read(apple, feed=REPLAYED)) == 5


def test_nothing_stored_gives_empty_bars():
    found = read(make_instrument())

    assert len(found) == 0
    assert found.start.dtype == np.dtype("M8[us]")


def test_several_instruments_take_one_query():
    apple, ibm, unknown = (make_instrument(symbol) for symbol in ("AAPL", "IBM", "GOOG"))
    store_days(apple)
    store_days(ibm, start_price=50)
    wanted = [ibm.id, unknown.id, apple.id]

    with assertNumQueries(1):
        found = bars_of_many(
            feed=STORED, instruments=wanted, timeframe=D1, until=NEXT_WEEK, limit=3
        )

    assert list(found) == wanted
    assert found[ibm.id].close.tolist() == [52.0, 53.0, 54.0]
    assert found[apple.id].close.tolist() == [102.0, 103.0, 104.0]
    assert len(found[unknown.id]) == 0


def test_other_timeframes_and_feeds_stay_out():
    apple = make_instrument()
    store_days(apple, feed="another")

    assert len(read(apple)) == 0
