"""Slippage is what was lost against the expected price, whichever side the order was on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import filled, report, sent
from trading.domain.execution_report import Executed, execution_report
from trading.domain.ledger import PRECISION
from trading.domain.states import OrderState, ParentState, Side
from trading.models import Order, ParentOrder
from trading.selectors.execution_reports import report_of_order, report_of_parent
from trading.services.fills import ingest
from tradingfarm.kernel.money import round_half_even

APPROVED_AT = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


def reported(side=Side.BUY, *, expected="100", filled="10", value="1000", **changes):
    values = {
        "side": side,
        "quantity": Decimal(10),
        "expected_price": Decimal(expected),
        "approved_at": APPROVED_AT,
        "filled_quantity": Decimal(filled),
        "value": Decimal(value),
    }
    return execution_report(Executed(**(values | changes)))


def test_a_buy_above_the_expected_price_lost_money():
    found = reported(value="1001")

    assert (found.average_price, found.slippage) == (Decimal("100.1"), 1)
    assert found.slippage_bps == 10


def test_a_sell_above_the_expected_price_gained_money():
    found = reported(Side.SELL, value="1001")

    assert (found.slippage, found.slippage_bps) == (-1, -10)


def test_only_what_was_filled_is_compared():
    found = reported(filled="4", value="404")

    assert (found.filled_part, found.slippage) == (Decimal("0.4"), 4)


def test_nothing_filled_has_no_price_and_no_slippage():
    found = reported(filled="0", value="0")

    assert (found.filled_part, found.average_price) == (0, None)
    assert (found.slippage, found.slippage_bps) == (None, None)
    assert (found.to_first_fill, found.to_last_fill) == (None, None)


def test_an_order_that_nobody_here_approved_has_no_expected_price():
    found = reported(expected="0")

    assert (found.average_price, found.slippage, found.slippage_bps) == (100, None, None)


def test_time_runs_from_the_approval():
    found = reported(
        first_fill_at=APPROVED_AT + timedelta(seconds=2),
        last_fill_at=APPROVED_AT + timedelta(seconds=9),
    )

    assert (found.to_first_fill, found.to_last_fill) == (
        timedelta(seconds=2),
        timedelta(seconds=9),
    )


def test_a_fill_before_the_order_was_found_took_no_time():
    found = reported(first_fill_at=APPROVED_AT - timedelta(seconds=2))

    assert found.to_first_fill == timedelta(0)


AMOUNTS = st.decimals(min_value="0.01", max_value=10_000, places=4)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_both_sides_of_one_trade_lose_and_gain_the_same(quantity, expected, value):
    changes = {"quantity": quantity, "filled": quantity, "expected": expected, "value": value}

    bought, sold = (reported(side, **changes) for side in (Side.BUY, Side.SELL))

    assert bought.slippage == value - round_half_even(quantity * expected, PRECISION)
    assert sold.slippage == -bought.slippage
    assert sold.slippage_bps == -bought.slippage_bps


@pytest.mark.django_db
def test_the_report_of_a_filled_order():
    desk = make_desk()

    order = filled(desk, desk.buy(10), price="100.5", fee="1.25")

    found = report_of_order(order_id=order.id)
    assert (found.side, found.expected_price) == (Side.BUY, 100)
    assert (found.slippage, found.slippage_bps, found.fees) == (5, 50, Decimal("1.25"))
    assert found.filled_part == 1
    assert found.to_first_fill == found.to_last_fill == order.last_fill_at - order.approved_at


@pytest.mark.django_db
def test_there_is_no_report_of_no_order():
    with pytest.raises(Order.DoesNotExist):
        report_of_order(order_id=make_desk().account.id)


@pytest.mark.django_db
def test_the_report_of_an_order_in_slices_is_that_of_all_its_slices():
    desk = make_desk()
    parent = make_parent(desk, "20")
    for number, price in enumerate(("100", "103")):
        order = sent(desk, desk.buy(5 + number, key=f"slice {number}"))
        Order.objects.filter(id=order.id).update(parent=parent)
        trade = (f"t{number}", order.quantity, price, "0.5")
        ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())

    found = report_of_parent(parent_id=parent.id)

    assert (found.quantity, found.filled_quantity, found.fees) == (20, 11, 1)
    assert found.slippage == 5 * 1 + 6 * 4
    filled_at = parent.slices.order_by("approved_at").values_list("first_fill_at", flat=True)
    assert [found.to_first_fill, found.to_last_fill] == [at - parent.at for at in filled_at]


@pytest.mark.django_db
def test_the_report_of_an_order_in_slices_that_has_none_yet():
    parent = make_parent(make_desk(), "20")

    found = report_of_parent(parent_id=parent.id)

    assert (found.filled_quantity, found.average_price, found.to_first_fill) == (0, None, None)


def make_parent(desk, quantity):
    return ParentOrder.objects.create(
        id=desk.permission.id,
        account=desk.account,
        permission=desk.permission,
        instrument=desk.instrument,
        request={},
        side=Side.BUY,
        quantity=Decimal(quantity),
        expected_price=Decimal(99),
        slices_planned=4,
        interval_seconds=60,
        due_at=NOW,
        state=ParentState.WORKING,
        actor="test",
        epoch=0,
        as_of=NOW,
        at=wall(),
    )
