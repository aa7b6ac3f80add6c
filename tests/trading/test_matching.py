"""How paper orders fill: the same each time, against the order, never beyond its worst price."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from tests.trading.paper_orders import (
    BUY,
    CANCELED,
    DAY,
    FILLED,
    FOK,
    GTC,
    IOC,
    OPEN,
    SELL,
    TOUCH,
    at,
    led,
    limit,
    quote,
    stop,
    taken,
)
from trading.domain.matching import make, match, take, walked
from trading.domain.states import OrderState, Side

# ------------------------------------------------------------------------------------- takers


def test_without_slippage_a_buy_trades_at_the_ask_and_a_sell_at_the_bid():
    bought, sold = taken(BUY, TOUCH), taken(SELL, TOUCH)

    assert (bought.price, bought.fee, bought.quantity) == (Decimal("100.10"), Decimal("1.001"), 10)
    assert (sold.price, sold.fee) == (Decimal("99.90"), Decimal("0.999"))


def test_slippage_of_two_basis_points_is_repeated_by_the_same_names():
    order = replace(BUY, slippage_bps=Decimal(2), quantity=Decimal(1))
    fine = replace(TOUCH, tick_size=Decimal("0.000001"))

    prices = [taken(order, fine, number).price for number in (1, 1, 2)]

    assert prices == [Decimal("100.128422"), Decimal("100.128422"), Decimal("100.113518")]


def test_taking_all_of_the_volume_costs_a_hundred_basis_points():
    thin = replace(TOUCH, volume=Decimal(10))

    assert taken(BUY, thin).price == Decimal("101.11")
    assert taken(replace(BUY, quantity=Decimal(5)), thin).price == Decimal("100.61")
    assert taken(replace(BUY, quantity=Decimal(99)), thin).price == Decimal("101.11")


def test_prices_are_rounded_to_the_tick_against_the_order():
    coarse = replace(TOUCH, tick_size=Decimal("0.25"))

    assert taken(BUY, coarse).price == Decimal("100.25")
    assert taken(SELL, coarse).price == Decimal("99.75")


@pytest.mark.parametrize(
    ("order", "beyond", "within"), [(BUY, "100.09", "100.10"), (SELL, "99.91", "99.90")]
)
def test_a_market_order_is_not_filled_beyond_its_worst_price(order, beyond, within):
    refused = at(TOUCH, replace(order, worst_price=Decimal(beyond)))
    filled = at(TOUCH, replace(order, worst_price=Decimal(within)))

    assert (refused.state, refused.trade) == (CANCELED, None)
    assert (filled.state, filled.trade.price) == (FILLED, Decimal(within))


def test_nothing_is_sold_for_nothing():
    worthless = replace(TOUCH, bid=Decimal("0.001"), ask=Decimal("0.002"))

    assert take(replace(SELL, worst_price=Decimal(0)), worthless, Decimal(10)) is None


def test_the_fee_is_rounded_up_to_eight_places():
    order = replace(BUY, quantity=Decimal("0.00001"), fee_rate=Decimal("0.000777"))

    assert taken(order, TOUCH).fee == Decimal("0.00000078")


def test_an_order_with_a_limit_takes_at_its_limit_where_the_walk_leads_beyond_it():
    thin = replace(TOUCH, volume=Decimal(10))

    bought = at(thin, limit(BUY, "100.20"))
    sold = at(thin, limit(SELL, "99.85"))

    assert (bought.state, bought.trade.price) == (FILLED, Decimal("100.20"))
    assert (sold.state, sold.trade.price) == (FILLED, Decimal("99.85"))
    assert not bought.trade.is_maker
    assert bought.trade.fee == Decimal("1.002")


def test_an_order_with_a_limit_takes_at_a_better_price_where_there_is_one():
    assert at(TOUCH, limit(BUY, 105)).trade.price == Decimal("100.10")
    assert at(TOUCH, limit(SELL, 95)).trade.price == Decimal("99.90")


def test_a_worst_price_that_is_tighter_than_the_limit_counts():
    order = limit(BUY, 105, worst_price=Decimal("100.05"))

    assert at(TOUCH, order).trade is None


@given(first=st.integers(1, 200), more=st.integers(0, 200), volume=st.integers(0, 300))
@pytest.mark.parametrize("side", Side)
def test_the_more_an_order_takes_the_worse_its_price_is(side, first, more, volume):
    order, touch = replace(BUY, side=side), replace(TOUCH, volume=Decimal(volume))

    little = walked(order, touch, Decimal(first))
    much = walked(order, touch, Decimal(first + more))

    assert much >= little if side is Side.BUY else much <= little


# ------------------------------------------------------------------------------------- makers


def test_a_limit_that_the_market_does_not_reach_rests():
    found = at(TOUCH, limit(BUY, "99.50"))

    assert (found.state, found.trade, found.order.has_rested) == (OPEN, None, True)


@pytest.mark.parametrize(
    ("order", "rests_at", "touched_at"),
    [
        (limit(BUY, 99), quote(100), quote(99, minute=1, half_spread="0.05")),
        (limit(BUY, 99), quote(100), quote(98, minute=1)),
        (limit(SELL, 101), quote(100), quote(101, minute=1, half_spread="0.05")),
        (limit(SELL, 101), quote(100), quote(103, minute=1)),
    ],
)
def test_a_resting_limit_trades_at_its_own_price_when_the_market_comes(
    order, rests_at, touched_at
):
    _, found = led(order, rests_at, touched_at)

    assert (found.state, found.trade.price) == (FILLED, order.limit_price)
    assert found.trade.is_maker
    assert found.trade.fee == order.limit_price * 10 * order.maker_fee_rate


def test_a_resting_limit_trades_with_an_ask_that_comes_down_to_it_though_nobody_else_did():
    offered = replace(quote("99.50", minute=1), bid=Decimal("98.90"), ask=Decimal(99))

    _, found = led(limit(BUY, 99), quote(100), offered)

    assert (found.trade.price, found.trade.is_maker) == (99, True)


def test_a_resting_limit_does_not_trade_one_tick_away():
    wide = quote("99.01", minute=1, half_spread="0.01")

    _, found = led(limit(BUY, "99.00"), quote(100), replace(wide, ask=Decimal("99.01")))

    assert (found.state, found.trade) == (OPEN, None)


def test_a_last_price_that_stood_at_the_limit_before_the_order_came_was_not_its_trade():
    inside = limit(BUY, "100.00")
    away, back = quote("100.20", minute=1, half_spread="0.1"), replace(TOUCH, as_of=NOW)
    back = replace(back, as_of=NOW + timedelta(minutes=2))

    found = led(inside, TOUCH, TOUCH, away, back)

    assert [step.trade for step in found[:3]] == [None, None, None]
    assert [step.order.has_rested for step in found[:3]] == [False, False, True]
    assert (found[3].trade.price, found[3].trade.is_maker) == (100, True)


def test_nothing_is_made_at_a_quote_that_does_not_reach_the_limit():
    assert make(limit(BUY, 99, has_rested=True), TOUCH, Decimal(10)) is None


# ------------------------------------------------------------------------------ times in force


def test_an_order_that_may_not_rest_ends_where_the_market_does_not_reach_its_limit():
    for time_in_force in (IOC, FOK):
        found = at(TOUCH, limit(BUY, 99, time_in_force))
        assert (found.state, found.trade) == (CANCELED, None)


@pytest.mark.parametrize("order", [BUY, limit(BUY, 105, IOC)])
def test_what_may_not_rest_keeps_the_part_that_traded_at_once(order):
    found = at(quote(100, volume=9), replace(order, participation_pct=Decimal(50)))

    assert (found.state, found.trade.quantity) == (CANCELED, 4)
    assert (found.order.filled_quantity, found.order.fills) == (4, 1)


def test_all_or_nothing_is_nothing_where_a_part_is_missing():
    order = limit(BUY, 105, FOK, participation_pct=Decimal(50))

    assert at(quote(100, volume=19), order).trade is None
    assert at(quote(100, volume=19), order).state is CANCELED
    assert at(quote(100, volume=20), order).state is FILLED


def test_a_day_order_ends_with_its_day_and_not_before():
    order = limit(BUY, 99, DAY, good_until=NOW + timedelta(minutes=2))

    found = led(order, quote(100), quote(100, minute=1), quote(98, minute=2))

    assert [step.state for step in found] == [OPEN, OPEN, OrderState.EXPIRED]
    assert found[-1].trade is None


def test_a_day_order_ends_even_where_there_is_no_quote():
    order = limit(BUY, 99, DAY, good_until=NOW)

    assert match(order, None, now=NOW - timedelta(seconds=1)).state is OPEN
    assert match(order, None, now=NOW).state is OrderState.EXPIRED


def test_a_market_order_that_may_rest_waits_for_a_price_within_its_collar():
    order = replace(BUY, time_in_force=GTC)

    found = led(order, quote(111), quote(109, minute=1))

    assert [step.state for step in found] == [OPEN, FILLED]
    assert not found[-1].trade.is_maker


# ------------------------------------------------------------------------------------- parts


def test_a_resting_order_is_filled_in_parts_by_what_is_traded():
    order = limit(BUY, 100, participation_pct=Decimal(40))

    found = led(order, *(quote(100, volume=10, minute=minute) for minute in range(3)))

    assert [step.trade.quantity for step in found] == [4, 4, 2]
    assert [step.trade.is_maker for step in found] == [False, True, True]
    assert [step.state for step in found] == [OPEN, OPEN, FILLED]
    assert found[-1].order.fills == 3


def test_one_quote_gives_an_order_its_part_once():
    first = at(quote(100, volume=10), limit(BUY, 100, participation_pct=Decimal(40)))

    again = at(quote(100, volume=10), first.order)

    assert (again.trade, again.order) == (None, first.order)


def test_a_quote_from_before_the_last_trade_gives_nothing():
    order = limit(BUY, 100, participation_pct=Decimal(40))
    late = match(order, quote(100, volume=10), now=NOW + timedelta(minutes=5))

    assert at(quote(100, volume=10, minute=4), late.order).trade is None


def test_a_part_is_of_whole_lots():
    order = replace(BUY, participation_pct=Decimal("33.33"))
    touch = replace(quote(100, volume=10), lot_size=Decimal("0.5"))

    assert at(touch, order).trade.quantity == 3
    assert at(replace(touch, lot_size=Decimal(4)), order).trade is None


def test_every_part_has_a_draw_of_its_own():
    order = stop(BUY, 100, participation_pct=Decimal(10), slippage_bps=Decimal(100))

    found = led(order, quote(100, volume=50), quote(100, volume=50, minute=1))

    assert found[0].trade.price != found[1].trade.price
