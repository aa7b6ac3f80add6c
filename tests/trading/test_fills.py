"""Trades become fills once, and fills alone move cash, positions and profit."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid5

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from market.domain.instruments import instrument_id
from market.models import Instrument
from tests.factories import NOW, make_desk, make_instrument, make_permission, make_quote, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, decided, filled, report, sent
from trading.domain.exchange import Trade
from trading.domain.ledger import Oversold
from trading.domain.states import OrderState, Source
from trading.models import Account, Balance, CashMovement, Fill, Order, Position, PositionShare
from trading.services.fills import ingest
from trading.services.orders import IllegalMove, end_order, lock_order
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def taken(order, *trades, state=OrderState.OPEN):
    new = ingest(order_id=order.id, report=report(order, *trades, state=state), at=wall())
    order.refresh_from_db()
    return new


def account_of(desk):
    return Account.objects.get(id=desk.account.id)


def assert_whole(desk):
    """Cash and cost less what was realised are the deposits, by position and by share."""
    deposits = sum(CashMovement.objects.values_list("amount", flat=True))
    cash = account_of(desk).cash
    for lots in (Position.objects.all(), PositionShare.objects.all()):
        assert cash + sum(row.cost - row.realised for row in lots) == deposits


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


def told(order, *trades, state=OrderState.OPEN):
    """Ingest trades as the exchange told them, with their fees in whichever currency."""
    said = replace(report(order, state=state), trades=tuple(trades))
    ingest(order_id=order.id, report=said, at=wall())
    order.refresh_from_db()


def made(trade_id, quantity, price, fee="0", currency="", *, as_of=NOW, is_maker=False):
    return Trade(
        trade_id, Decimal(quantity), Decimal(price), Decimal(fee), as_of, currency, is_maker
    )


def executed(desk):
    """The payload of the newest trade in the journal."""
    events = JournalEvent.objects.filter(
        stream=account_stream(desk.account.id), kind="agent.trade.executed"
    )
    return events.latest("seq").payload


def external(desk, side, quantity):
    """An order of people at the exchange itself, as it is adopted."""
    return Order.objects.create(
        id=uuid5(desk.account.id, f"external-{side}"),
        account=desk.account,
        instrument=desk.instrument,
        intent_key=f"external-{side}",
        client_order_id=f"external-{side}",
        source=Source.EXTERNAL,
        side=side,
        quantity=quantity,
        expected_price=0,
        worst_price=0,
        state=OrderState.OPEN,
        epoch=0,
        as_of=NOW,
        approved_at=wall(),
        attempt_at=wall(),
        expires_at=wall(),
    )


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
