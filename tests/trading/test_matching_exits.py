"""How paper orders protect a position: behind a stop, and for no more than is held."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trading.paper_orders import (
    BUY,
    CANCELED,
    FILLED,
    FOK,
    GTC,
    IOC,
    OPEN,
    SELL,
    STOP_LIMIT,
    TOUCH,
    at,
    led,
    limit,
    quote,
    stop,
)

# ------------------------------------------------------------------------------------- stops


@pytest.mark.parametrize(
    ("order", "before", "reached"),
    [
        (stop(SELL, 95), "95.01", "95.00"),
        (stop(BUY, 105), "104.99", "105.00"),
    ],
)
def test_a_stop_works_from_the_very_price_on(order, before, reached):
    waiting, triggered = led(order, quote(before), quote(reached, minute=1))

    assert (waiting.state, waiting.order.is_triggered) == (OPEN, False)
    assert (triggered.state, triggered.order.is_triggered) == (FILLED, True)
    assert triggered.trade.price == Decimal(reached)


def test_a_stop_looks_at_the_last_price_and_not_at_the_touch():
    wide = replace(TOUCH, bid=Decimal(90), last=Decimal(100))

    assert at(wide, stop(SELL, 95)).state is OPEN


def test_a_stop_that_was_triggered_stays_so():
    order = stop(SELL, 95, participation_pct=Decimal(50))

    _, found = led(order, quote(95, volume=10), quote(99, volume=10, minute=1))

    assert (found.state, found.trade.price) == (FILLED, Decimal("98.50"))


def test_a_stop_with_a_limit_rests_in_a_gap_until_the_price_is_back():
    order = replace(stop(SELL, 95, limit_price=Decimal(94)), order_type=STOP_LIMIT)

    found = led(order, quote(96), quote(91, minute=1), quote(94, minute=2))

    assert [step.state for step in found] == [OPEN, OPEN, FILLED]
    assert [step.order.has_rested for step in found] == [False, True, True]
    assert (found[-1].trade.price, found[-1].trade.is_maker) == (94, True)


def test_a_stop_with_a_limit_takes_at_once_where_it_can():
    order = replace(stop(SELL, 95, IOC, limit_price=Decimal(94)), order_type=STOP_LIMIT)

    found = led(order, quote(96), quote("94.50", minute=1))

    assert (found[-1].state, found[-1].trade.price) == (FILLED, Decimal("94.50"))


@pytest.mark.parametrize("time_in_force", [GTC, IOC])
def test_a_stop_that_protects_is_not_lost_in_a_gap(time_in_force):
    order = stop(SELL, 95, time_in_force, reduce_only=True)

    found = led(order, quote(100), quote(80, minute=1), quote(91, minute=2), held=10)

    assert [step.state for step in found] == [OPEN, OPEN, FILLED]
    assert (found[1].order.is_triggered, found[1].trade) == (True, None)
    assert found[-1].trade.price == 91


def test_a_stop_to_enter_that_may_not_rest_ends_in_a_gap():
    found = led(stop(BUY, 105, IOC), quote(100), quote(120, minute=1))

    assert [step.state for step in found] == [OPEN, CANCELED]


# -------------------------------------------------------------------------------- reduce-only


def test_a_reduce_only_sell_sells_what_is_held_and_ends():
    found = at(TOUCH, limit(SELL, 99, reduce_only=True), held=6)

    assert (found.state, found.trade.quantity) == (CANCELED, 6)


def test_a_reduce_only_sell_of_less_than_is_held_is_like_any_other():
    found = at(TOUCH, limit(SELL, 99, reduce_only=True), held=60)

    assert (found.state, found.trade.quantity) == (FILLED, 10)


def test_a_reduce_only_sell_ends_when_nothing_is_held_even_untouched():
    assert at(TOUCH, stop(SELL, 50, reduce_only=True), held=0).state is CANCELED
    assert at(TOUCH, limit(SELL, 200, reduce_only=True), held="0.5").state is CANCELED


def test_all_or_nothing_is_nothing_where_less_is_held():
    found = at(TOUCH, limit(SELL, 99, FOK, reduce_only=True), held=6)

    assert (found.state, found.trade) == (CANCELED, None)


def test_a_reduce_only_sell_waits_for_its_price_with_less_than_it_may_sell():
    found = led(limit(SELL, 105, reduce_only=True), quote(100), quote(106, minute=1), held=6)

    assert [step.state for step in found] == [OPEN, CANCELED]
    assert found[-1].trade.quantity == 6
