from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from pytest_django.asserts import assertNumQueries

from market.models import Quote
from market.selectors.quotes import quotes
from market.services.quotes import store_quotes
from tests.market.builders import MONDAY, tick
from tests.market.stored import STORED, WALL, make_feed, make_instrument

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def store(*ticks, feed=STORED):
    make_feed(feed)
    return store_quotes(feed=feed, ticks=ticks, now=WALL)


def test_a_tick_becomes_the_quote_of_its_instrument_with_both_times():
    apple = make_instrument()
    full = replace(tick("100", bid="99", ask="101", instrument=apple.id), day_open=Decimal(98))

    store(full)

    quote = quotes(feed=STORED)[apple.id]
    assert (quote.bid, quote.ask, quote.last, quote.day_open) == (99, 101, 100, 98)
    assert (quote.as_of, quote.at) == (MONDAY, WALL)
    assert quote.instrument.symbol == "AAPL"


def test_a_newer_tick_replaces_the_quote_and_an_older_one_does_not():
    apple = make_instrument()
    store(tick("100", instrument=apple.id))

    newer = store(tick("101", instrument=apple.id, at=MONDAY + SECOND))
    older = store(tick("99", instrument=apple.id, at=MONDAY))

    assert (newer, older) == (1, 0)
    assert Quote.objects.get().last == 101


def test_of_several_ticks_the_newest_counts():
    apple = make_instrument()

    store(
        tick("101", instrument=apple.id, at=MONDAY + SECOND),
        tick("99", instrument=apple.id, at=MONDAY),
    )

    assert Quote.objects.get().last == 101


def test_many_quotes_take_one_statement():
    instruments = [make_instrument(f"S{number}") for number in range(50)]
    make_feed()

    with assertNumQueries(1):
        written = store_quotes(
            feed=STORED,
            ticks=[tick(instrument=instrument.id) for instrument in instruments],
            now=WALL,
        )

    assert written == 50


def test_no_ticks_take_no_statement():
    with assertNumQueries(0):
        assert store_quotes(feed=STORED, ticks=[], now=WALL) == 0


def test_two_feeds_can_quote_one_instrument():
    apple = make_instrument()

    store(tick("100", instrument=apple.id))
    store(tick("7", instrument=apple.id), feed="another")

    assert quotes(feed=STORED)[apple.id].last == 100
    assert quotes(feed="another")[apple.id].last == 7


def test_quotes_can_be_asked_for_by_instrument():
    apple, ibm = make_instrument(), make_instrument("IBM")
    store(tick(instrument=apple.id), tick(instrument=ibm.id))

    assert set(quotes(feed=STORED, instruments=[ibm.id])) == {ibm.id}
    assert quotes(feed=STORED, instruments=[]) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"bid": Decimal(0)},
        {"ask": Decimal(1)},
        {"volume": Decimal(-1)},
        {"last": Decimal("NaN")},
        {"ask": Decimal("NaN")},
    ],
)
def test_the_database_refuses_a_quote_that_makes_no_sense(change):
    bad = replace(tick(instrument=make_instrument().id), **change)

    with pytest.raises(IntegrityError), atomic():
        store(bad)
