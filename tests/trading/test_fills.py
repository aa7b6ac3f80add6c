"""Trades become fills once, and fills alone move cash, positions and profit."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError

from tests.factories import NOW, make_desk, make_instrument, make_permission, wall
from tests.racing import race
from tests.trading.booked import account_of, assert_whole, taken
from tests.trading.steps import approved, claimed, decided, filled, report, sent
from trading.domain.ledger import Oversold
from trading.domain.states import OrderState, Source
from trading.models import Fill, Position, PositionShare
from trading.services.fills import ingest
from trading.services.orders import IllegalMove, end_order, lock_order
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def test_a_fill_moves_cash_into_a_position_and_frees_the_reservation():
    desk = make_desk()

    order = filled(desk, desk.buy(10), price="100.5", fee="1.005", trade_id="t1")

    account, share, fill = account_of(desk), desk.share(), Fill.objects.get()
    assert (order.state, order.filled_quantity, order.filled_value) == ("FILLED", 10, 1005)
    assert order.reserved_cash == account.reserved == 0
    assert account.cash == Decimal("98993.995")
    assert (share.quantity, share.cost, share.fees) == (10, Decimal("1006.005"), Decimal("1.005"))
    assert (fill.trade_id, fill.value, fill.realised) == ("t1", 1005, 0)
    assert_whole(desk)


def test_a_fill_is_journaled_with_its_reason_and_its_market_time():
    desk = make_desk()
    filled(desk, desk.buy(10))

    order = filled(desk, desk.sell(10, reason="exit_signal"), price="90")

    event = JournalEvent.objects.filter(
        stream=account_stream(desk.account.id), kind="agent.trade.executed"
    ).latest("seq")
    assert event.subject == f"order:{order.id}"
    assert event.as_of == NOW + timedelta(seconds=1)
    assert event.payload["reason"] == "exit_signal"
    assert event.payload["realised"] == "-100"


def test_a_trade_that_is_reported_twice_counts_once():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    counts = [taken(order, ("t1", 4, 100)) for _ in range(3)]

    assert counts == [1, 0, 0]
    assert desk.share().quantity == 4
    assert order.state == "PARTIALLY_FILLED"


@pytest.mark.django_db(transaction=True)
def test_a_report_that_eight_senders_bring_counts_once():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    said = report(order, ("t1", 4, 100), ("t2", 6, 101), state=OrderState.FILLED)

    counts = race(8, lambda _: ingest(order_id=order.id, report=said, at=wall()))

    assert sorted(counts) == [0] * 7 + [2]
    assert Fill.objects.count() == 2
    assert_whole(desk)


def test_partial_fills_release_the_reservation_in_proportion():
    desk = make_desk()
    order = sent(desk, desk.buy(3))

    taken(order, ("t1", 1, 100))
    after_one = (order.reserved_cash, account_of(desk).reserved)
    taken(order, ("t1", 1, 100), ("t2", 1, 100))
    taken(order, ("t1", 1, 100), ("t2", 1, 100), ("t3", 1, 100))

    # 306.306 were set aside for three at a worst price of 102.
    assert after_one == (Decimal("204.204"), Decimal("204.204"))
    assert (order.state, order.reserved_cash, account_of(desk).reserved) == ("FILLED", 0, 0)


def test_a_reservation_that_cannot_be_divided_evenly_leaves_no_dust():
    # Seven thousandths set 0.714005 aside: the fee is rounded up to the eighth place.
    make_instrument(lot_size="0.001", minimum_notional="0")
    desk = make_desk(fee_rate=Decimal("0.000007"))
    order = sent(desk, desk.buy("0.007"))
    by_hand = replace(desk.buy(11, key="other"), permission_id=None, source=Source.PERSON)
    other = approved(desk, by_hand)

    for number in range(1, 8):
        taken(order, *((f"t{place}", "0.001", "99.99", "0.001") for place in range(number)))
        order.refresh_from_db()
        assert account_of(desk).reserved == order.reserved_cash + other.reserved_cash
        assert order.reserved_cash == round(order.reserved_cash, 8)

    assert order.reserved_cash == 0
    assert_whole(desk)


def test_a_sell_realises_against_the_agents_own_cost():
    desk = make_desk()
    filled(desk, desk.buy(10), price="100", fee="1")

    filled(desk, desk.sell(4), price="110", fee="0.5")

    share = desk.share()
    assert (share.quantity, share.cost) == (6, Decimal("600.6"))
    assert share.realised == Fill.objects.latest("id").realised == Decimal("39.1")
    assert share.reserved_quantity == 0
    assert_whole(desk)


def test_two_agents_share_a_position_and_keep_their_own_results():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(10), price="100")
    filled(desk, replace(desk.buy(10, key="other"), permission_id=other.id), price="101")

    filled(desk, desk.sell(99), price="102")

    position, share = Position.objects.get(), PositionShare.objects.get(permission=other)
    assert position.quantity == share.quantity == 10
    assert (share.cost, share.realised) == (1010, 0)
    assert (desk.share().quantity, desk.share().realised) == (0, 20)
    assert_whole(desk)


def test_a_late_fill_of_a_canceled_buy_is_taken():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    taken(order, ("t1", 4, 100), state=OrderState.CANCELED)
    assert (order.state, account_of(desk).reserved) == ("CANCELED", 0)

    taken(order, ("t1", 4, 100), ("t2", 6, 100), state=OrderState.CANCELED)

    assert (order.state, order.filled_quantity) == ("CANCELED", 10)
    assert desk.share().quantity == 10
    assert account_of(desk).reserved == 0
    assert_whole(desk)


def test_a_late_fill_of_a_canceled_sell_is_taken():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.sell(10))
    taken(order, state=OrderState.CANCELED)
    assert desk.share().reserved_quantity == 0

    taken(order, ("t2", 6, 100), state=OrderState.CANCELED)

    assert (desk.share().quantity, desk.share().reserved_quantity) == (4, 0)
    assert_whole(desk)


def test_a_canceled_order_gives_back_what_did_not_trade_but_not_its_entry():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    taken(order, ("t1", 4, 100), state=OrderState.CANCELED)

    desk.permission.refresh_from_db()
    assert account_of(desk).reserved == order.reserved_cash == 0
    assert desk.permission.entries_today == 1


def test_an_order_that_is_called_filled_waits_for_all_of_its_trades():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    taken(order, ("t1", 4, 100), state=OrderState.FILLED)
    waiting = order.state
    taken(order, ("t1", 4, 100), ("t2", 6, 100), state=OrderState.FILLED)

    assert (waiting, order.state) == ("PARTIALLY_FILLED", "FILLED")


def test_a_fill_before_the_acknowledgement_moves_the_order_on():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    claimed(order)
    order.refresh_from_db()
    assert order.state == "SUBMITTING"

    taken(order, ("t1", 10, 100), state=OrderState.FILLED)

    assert order.state == "FILLED"


def test_more_than_was_ordered_is_refused_and_nothing_is_stored():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    with pytest.raises(IntegrityError, match="order_never_overfilled"):
        taken(order, ("t1", 11, 100))


def test_more_than_is_held_is_refused_and_nothing_is_stored():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.sell(10))
    PositionShare.objects.update(quantity=5, reserved_quantity=5)

    with pytest.raises(Oversold):
        taken(order, ("t2", 10, 100))

    assert Fill.objects.count() == 1


def test_a_position_never_flips():
    desk = make_desk()
    filled(desk, desk.buy(10))
    filled(desk, desk.sell(10))

    verdict = decided(desk, desk.sell(10, key="again"))

    assert not verdict.approved
    assert (desk.share().quantity, desk.share().cost) == (0, 0)


def test_an_order_does_not_go_where_its_state_does_not_lead():
    desk = make_desk()
    order = filled(desk, desk.buy(10))

    with pytest.raises(IllegalMove, match="from FILLED to CANCELED"), transaction():
        end_order(order=lock_order(order_id=order.id), state=OrderState.CANCELED, at=wall())
