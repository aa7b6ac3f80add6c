"""How paper orders fill: the same each time, against the order, never beyond its worst price."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.matching import Resting, Touch, match
from trading.domain.states import Side

BUY = Resting(
    client_order_id="tfp0",
    side=Side.BUY,
    quantity=Decimal(10),
    worst_price=Decimal(110),
    fee_rate=Decimal("0.001"),
    slippage_bps=Decimal(0),
    seed=1,
)
SELL = replace(BUY, side=Side.SELL, worst_price=Decimal(90))
TOUCH = Touch(
    bid=Decimal("99.90"), ask=Decimal("100.10"), volume=Decimal(0), tick_size=Decimal("0.01")
)


def made(order, touch, number=1):
    """The trade, where there must be one."""
    found = match(order, touch, fill_number=number)
    assert found is not None
    return found


def test_without_slippage_a_buy_trades_at_the_ask_and_a_sell_at_the_bid():
    bought, sold = made(BUY, TOUCH), made(SELL, TOUCH)

    assert (bought.price, bought.fee, bought.quantity) == (Decimal("100.10"), Decimal("1.001"), 10)
    assert (sold.price, sold.fee) == (Decimal("99.90"), Decimal("0.999"))


def test_slippage_of_two_basis_points_is_repeated_by_the_same_names():
    order = replace(BUY, slippage_bps=Decimal(2), quantity=Decimal(1))
    fine = replace(TOUCH, tick_size=Decimal("0.000001"))

    prices = [made(order, fine, number).price for number in (1, 1, 2)]

    assert prices == [Decimal("100.128422"), Decimal("100.128422"), Decimal("100.113518")]


def test_taking_all_of_the_volume_costs_a_hundred_basis_points():
    thin = replace(TOUCH, volume=Decimal(10))

    assert made(BUY, thin).price == Decimal("101.11")
    assert made(replace(BUY, quantity=Decimal(5)), thin).price == Decimal("100.61")
    assert made(replace(BUY, quantity=Decimal(99)), thin).price == Decimal("101.11")


def test_prices_are_rounded_to_the_tick_against_the_order():
    coarse = replace(TOUCH, tick_size=Decimal("0.25"))

    assert made(BUY, coarse).price == Decimal("100.25")
    assert made(SELL, coarse).price == Decimal("99.75")


def test_an_order_is_not_filled_beyond_its_worst_price():
    assert match(replace(BUY, worst_price=Decimal("100.09")), TOUCH, fill_number=1) is None
    assert match(replace(BUY, worst_price=Decimal("100.10")), TOUCH, fill_number=1) is not None
    assert match(replace(SELL, worst_price=Decimal("99.91")), TOUCH, fill_number=1) is None
    assert match(replace(SELL, worst_price=Decimal("99.90")), TOUCH, fill_number=1) is not None


def test_nothing_is_sold_for_nothing():
    worthless = replace(TOUCH, bid=Decimal("0.001"), ask=Decimal("0.002"))

    assert match(replace(SELL, worst_price=Decimal(0)), worthless, fill_number=1) is None


def test_the_fee_is_rounded_up_to_eight_places():
    order = replace(BUY, quantity=Decimal("0.00001"), fee_rate=Decimal("0.000777"))

    assert made(order, TOUCH).fee == Decimal("0.00000078")


@pytest.mark.parametrize("side", Side)
@given(
    worst=st.decimals(min_value="0.01", max_value=300, places=2),
    bid=st.decimals(min_value="0.01", max_value=200, places=2),
    spread=st.decimals(min_value=0, max_value=5, places=2),
    volume=st.decimals(min_value=0, max_value=1_000, places=0),
    slippage=st.decimals(min_value=0, max_value=200, places=1),
    number=st.integers(1, 9),
)
def test_a_fill_lies_on_the_tick_between_the_touch_and_the_worst_price(
    side, worst, bid, spread, volume, slippage, number
):
    order = replace(BUY, side=side, worst_price=worst, slippage_bps=slippage)
    touch = replace(TOUCH, bid=bid, ask=bid + spread, volume=volume)

    found = match(order, touch, fill_number=number)

    assert found == match(order, touch, fill_number=number)
    if found is None:
        return
    assert found.price % touch.tick_size == 0
    assert found.quantity == order.quantity
    if side is Side.BUY:
        assert touch.ask <= found.price <= worst
    else:
        assert touch.bid >= found.price >= worst
