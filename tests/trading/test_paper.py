"""The paper exchange's own market: whom it fills, at what, and in which of two transactions."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from market.selectors.quotes import quotes
from tests.factories import NOW, make_desk, make_feed, make_quote, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, sent
from trading.domain.exchange import OutcomeKind
from trading.domain.states import OrderState
from trading.exchanges.paper import PaperExchange, match
from trading.models import Account, Fill, Order, PaperOrder, PaperTrade
from trading.services.orders import sent as at_exchange
from trading.services.recovery import follow_up
from trading.services.sending import send, settle

pytestmark = pytest.mark.django_db


def matched(*, feed="prices", now=NOW):
    return match(feed_name=feed, quotes=quotes(feed=feed), now=now, at=wall())


def test_an_order_goes_the_whole_way_from_the_gate_to_a_position():
    desk, exchange = make_desk(), PaperExchange()
    order = sent(desk, desk.buy(10), exchange)

    made = matched()
    follow_up(account=desk.account, exchange=exchange, at=wall())

    order.refresh_from_db()
    trade = PaperTrade.objects.get()
    account = Account.objects.get()
    assert (made, order.state, order.filled_quantity) == (1, "FILLED", 10)
    assert trade.trade_id == f"{order.client_order_id}-1"
    assert account.cash == 100_000 - trade.price * 10 - trade.fee
    assert (account.reserved, desk.share().quantity) == (0, 10)


def test_a_crash_between_placing_and_storing_is_found_as_a_fill():
    desk, exchange = make_desk(), PaperExchange()
    order = approved(desk, desk.buy(10))
    won = claimed(order, exchange)
    assert send(claimed=won, exchange=exchange, at=wall()).kind is OutcomeKind.ACCEPTED

    matched()
    follow_up(account=desk.account, exchange=exchange, at=wall())

    order.refresh_from_db()
    assert (order.state, Fill.objects.count()) == ("FILLED", 1)


def test_a_crash_before_placing_is_proved_and_nothing_is_sent_again():
    desk, exchange = make_desk(), PaperExchange()
    order = approved(desk, desk.buy(10))
    deadline = claimed(order, exchange).placing.deadline

    for seconds in (0, 1):
        at = deadline + timedelta(seconds=seconds, milliseconds=1)
        follow_up(account=desk.account, exchange=exchange, at=at)

    order.refresh_from_db()
    assert order.state == "NOT_PLACED"
    assert not PaperOrder.objects.exists()


def test_an_order_that_moved_out_of_its_collar_is_canceled_and_gives_everything_back():
    desk, exchange = make_desk(), PaperExchange()
    order = sent(desk, desk.buy(10), exchange)
    make_quote(desk.instrument, "102.01")

    made = matched()
    follow_up(account=desk.account, exchange=exchange, at=wall())

    order.refresh_from_db()
    assert (made, order.state, Account.objects.get().reserved) == (0, "CANCELED", 0)


def test_an_order_waits_while_its_instrument_has_no_price():
    desk = make_desk()
    sent(desk, desk.buy(10), PaperExchange())
    make_quote(desk.instrument).delete()

    assert matched() == 0
    assert PaperOrder.objects.get().state == "OPEN"


def test_only_orders_of_the_feed_are_matched():
    desk = make_desk()
    sent(desk, desk.buy(10), PaperExchange())
    make_feed("another")
    make_quote(desk.instrument, feed="another")

    assert matched(feed="another") == 0
    assert PaperOrder.objects.get().state == "OPEN"


def test_nothing_to_match_takes_one_query(django_assert_num_queries):
    make_desk()

    with django_assert_num_queries(1):
        match(feed_name="prices", quotes={}, now=NOW, at=wall())


def test_a_trade_stands_at_market_time_and_cannot_be_changed():
    desk = make_desk()
    sent(desk, desk.buy(10), PaperExchange())
    matched(now=NOW + timedelta(hours=1))

    assert PaperTrade.objects.get().as_of == NOW + timedelta(hours=1)
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE trading_papertrade SET price = 1")


def test_the_same_seed_fills_at_the_same_price():
    desk = make_desk(slippage_bps=Decimal(20))
    sent(desk, desk.buy(10), PaperExchange())

    matched()

    assert PaperTrade.objects.get().price == Decimal("100.30")


@pytest.mark.django_db(transaction=True)
def test_placing_is_one_statement_outside_of_any_transaction():
    desk, exchange = make_desk(), PaperExchange()
    won = claimed(approved(desk, desk.buy(10)), exchange)

    with CaptureQueriesContext(connection) as captured:
        exchange.place(won.placing)

    (query,) = captured
    assert query["sql"].strip().startswith("INSERT INTO trading_paperorder")


@pytest.mark.django_db(transaction=True)
def test_eight_matchers_fill_an_order_once():
    desk = make_desk()
    sent(desk, desk.buy(10), PaperExchange())

    made = race(8, lambda _: matched())

    assert sum(made) == 1
    assert PaperTrade.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_cancel_and_a_match_at_once_agree():
    desk, exchange = make_desk(), PaperExchange()
    orders = [sent(desk, desk.buy(10), exchange)]

    def act(place):
        if place % 2:
            return matched()
        return exchange.cancel(order=at_exchange(orders[0]))

    race(8, act)

    paper = PaperOrder.objects.get()
    assert (paper.state == "FILLED") is (PaperTrade.objects.count() == 1)
    assert paper.state in ("FILLED", "CANCELED")


@pytest.mark.django_db(transaction=True)
def test_eight_senders_and_matchers_fill_every_order_once():
    desk, exchange = make_desk(), PaperExchange()
    order = approved(desk, desk.buy(10))

    def work(place):
        won = claimed(order, exchange, sender=f"sender {place}")
        if won:
            outcome = send(claimed=won, exchange=exchange, at=wall())
            settle(order_id=order.id, token=0, outcome=outcome, at=wall())
        matched()
        follow_up(account=desk.account, exchange=exchange, at=wall())

    outcomes = race(8, work)
    matched()
    follow_up(account=desk.account, exchange=exchange, at=wall())

    assert outcomes == [None] * 8
    assert Order.objects.get().state == OrderState.FILLED
    assert (PaperOrder.objects.count(), Fill.objects.count()) == (1, 1)
    assert desk.share().quantity == 10
