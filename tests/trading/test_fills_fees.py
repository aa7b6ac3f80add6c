"""Fees in whichever currency, makers, and trades of people at the exchange itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market.domain.instruments import instrument_id
from market.models import Instrument
from tests.factories import NOW, make_desk, make_instrument, make_quote, wall
from tests.trading.booked import account_of, assert_whole, executed, external, made, taken, told
from tests.trading.steps import approved, claimed, filled, sent
from trading.domain.ledger import Oversold
from trading.domain.states import OrderState
from trading.models import Balance, Fill, PositionShare
from trading.services.orders import end_order, lock_order
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db


def test_a_fee_in_what_was_bought_leaves_less_of_it():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    told(order, made("t1", "10", "100", "0.01", "AAPL"), state=OrderState.FILLED)

    fill, share = Fill.objects.get(), desk.share()
    assert (share.quantity, share.cost, share.fees) == (Decimal("9.99"), 1000, 1)
    assert (fill.quantity, fill.fee, fill.fee_amount) == (10, 1, Decimal("0.01"))
    assert fill.fee_currency == "AAPL"
    assert (order.filled_quantity, order.fees) == (10, 1)
    assert account_of(desk).cash == 99_000
    assert_whole(desk)


def test_a_fee_that_a_sell_cannot_bear_is_owed_and_never_flips_it():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.sell(10))

    told(order, made("t2", "10", "110", "0.1", "AAPL"), state=OrderState.FILLED)

    balance = Balance.objects.get()
    assert desk.share().quantity == 0
    assert (balance.currency, balance.quantity) == ("AAPL", Decimal("-0.1"))
    assert desk.share().realised == 100 - 11


def test_a_fee_in_a_third_currency_lowers_its_balance_and_counts_at_its_newest_price():
    desk = make_desk()
    make_quote(make_instrument("BNB/USD"), "300")
    order = sent(desk, desk.buy(10))

    told(
        order,
        made("t1", "4", "100", "0.01", "BNB"),
        made("t2", "6", "100", "0.02", "BNB"),
        state=OrderState.FILLED,
    )

    assert Balance.objects.get().quantity == Decimal("-0.03")
    assert account_of(desk).cash == 99_000
    assert (desk.share().cost, desk.share().fees) == (1009, 9)
    assert executed(desk)["fee_is_valued"] is True


def test_of_several_prices_of_a_currency_the_newest_counts():
    desk = make_desk()
    older = make_instrument("BNB/USD")
    newer = Instrument.objects.get(id=older.id)
    newer.id, newer.venue = instrument_id(venue="OTHER", symbol="BNB/USD"), "OTHER"
    newer.save(force_insert=True)
    make_quote(newer, "300")
    make_quote(older, "500", as_of=NOW - timedelta(hours=1))

    told(sent(desk, desk.buy(10)), made("t1", "4", "100", "0.01", "BNB"))

    assert Fill.objects.get().fee == 3


def test_a_fee_without_a_price_counts_nothing_and_is_journaled_as_unvalued():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    told(order, made("t1", "10", "100", "5", "XYZ"), state=OrderState.FILLED)

    assert Balance.objects.get().quantity == -5
    assert (desk.share().cost, Fill.objects.get().fee) == (1000, 0)
    payload = executed(desk)
    assert (payload["fee_is_valued"], payload["fee_amount"]) == (False, "5")


def test_a_makers_rebate_is_paid_out():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    told(order, made("t1", "10", "100", "-0.5", is_maker=True), state=OrderState.FILLED)

    fill = Fill.objects.get()
    assert (account_of(desk).cash, desk.share().cost) == (Decimal("99000.5"), Decimal("999.5"))
    assert (fill.fee, fill.is_maker) == (Decimal("-0.5"), True)
    assert_whole(desk)


def test_an_order_knows_when_it_was_filled_first_and_last():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    started_at = wall()

    taken(order, ("t1", 4, 100))
    first = order.first_fill_at
    taken(order, ("t1", 4, 100), ("t2", 6, 100))

    assert started_at <= first == order.first_fill_at < order.last_fill_at


def test_a_share_is_open_from_its_first_fill_until_it_is_flat():
    desk = make_desk()
    filled(desk, desk.buy(10))
    opened = desk.share().opened_at

    filled(desk, desk.sell(4))
    still = desk.share().opened_at
    filled(desk, desk.sell(6, key="rest"))

    assert opened == still == NOW + timedelta(seconds=1)
    assert desk.share().opened_at is None


def test_an_order_that_was_proved_absent_takes_its_trades_all_the_same():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    claimed(order)
    with transaction():
        end_order(order=lock_order(order_id=order.id), state=OrderState.NOT_PLACED, at=wall())

    taken(order, ("t1", 10, 100), state=OrderState.FILLED)

    assert (order.state, order.filled_quantity) == ("NOT_PLACED", 10)
    assert account_of(desk).reserved == order.reserved_cash == 0
    assert desk.share().quantity == 10
    assert_whole(desk)


def test_what_people_bought_at_the_exchange_belongs_to_no_agent():
    desk = make_desk()

    order = external(desk, "buy", 5)
    taken(order, ("x1", 5, 100), state=OrderState.FILLED)

    share = PositionShare.objects.get()
    assert (share.permission_id, share.quantity, order.state) == (None, 5, "FILLED")
    assert_whole(desk)


def test_what_people_sold_at_the_exchange_is_handed_over_by_the_agents():
    desk = make_desk()
    filled(desk, desk.buy(10), price="90")

    taken(external(desk, "sell", 4), ("x1", 4, 100), state=OrderState.FILLED)

    people = PositionShare.objects.get(permission=None)
    assert (desk.share().quantity, desk.share().realised) == (6, 0)
    assert (people.quantity, people.realised) == (0, 40)
    assert executed(desk)["taken"] == {str(desk.permission.id): "4"}
    assert_whole(desk)


def test_people_cannot_have_sold_what_an_agents_order_offers():
    desk = make_desk()
    filled(desk, desk.buy(10))
    sent(desk, desk.sell(10))

    with pytest.raises(Oversold):
        taken(external(desk, "sell", 4), ("x1", 4, 100))

    assert Fill.objects.count() == 1


def test_a_trade_that_stands_in_a_report_twice_counts_once():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    assert taken(order, ("t1", 4, 100), ("t1", 4, 100)) == 1
    assert desk.share().quantity == 4


def test_however_many_trades_a_report_brings_the_statements_are_the_same_few():
    desk = make_desk()
    statements = []
    for key, number in (("one", 1), ("many", 20)):
        order = sent(desk, desk.buy(number, key=key))
        trades = ((f"{key}{place}", 1, 100) for place in range(number))
        with CaptureQueriesContext(connection) as queries:
            taken(order, *trades, state=OrderState.FILLED)
        statements.append(len(queries))

    # The first of an instrument makes the rows of its position and its protection too.
    assert statements[1] <= statements[0]
