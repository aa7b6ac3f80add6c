from datetime import timedelta

import pytest

from trading.domain.exchange import Capabilities, Delays, ExchangeUnavailable, asset_of
from trading.domain.states import OrderType, TimeInForce


def test_absence_counts_only_after_everything_that_could_delay_the_order():
    delays = Delays(
        send_window=timedelta(seconds=5),
        clock_error=timedelta(seconds=1),
        query_lag=timedelta(seconds=10),
        between_queries=timedelta(seconds=2),
    )

    assert delays.quarantine == timedelta(seconds=16)


def test_an_exchange_that_does_not_answer_may_answer_later():
    assert not ExchangeUnavailable("No answer.").permanent


@pytest.mark.parametrize(
    ("types", "rests"),
    [
        ({OrderType.MARKET, OrderType.LIMIT}, False),
        ({OrderType.MARKET, OrderType.STOP}, True),
        ({OrderType.STOP_LIMIT}, True),
    ],
)
def test_a_stop_rests_at_a_venue_that_takes_one_of_the_two(types, rests):
    terms = Capabilities(frozenset(types), frozenset({TimeInForce.GTC}))

    assert terms.resting_stops is rests


def test_what_is_held_is_the_part_of_a_symbol_before_the_slash():
    assert (asset_of("BTC/USDT"), asset_of("AAPL")) == ("BTC", "AAPL")
