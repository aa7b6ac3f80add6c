"""One order ended by hand, wherever it is on its way."""

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import approved, claimed, filled, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.states import OrderState, Source
from trading.models import Account, Order
from trading.services.canceling import Cancellation, cancel_order
from trading.services.emergency import advance_stop
from trading.services.sending import claim
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def canceled(order, exchange=None):
    return cancel_order(
        order_id=order.id,
        exchange=exchange or RecordingExchange(),
        requested_by="Ada",
        at=wall(),
    )


def test_an_order_that_was_not_sent_never_is_and_gives_back_its_cash():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    outcome = canceled(order)

    order.refresh_from_db()
    assert (outcome, order.state) == (Cancellation.NOT_SENT, OrderState.EXPIRED_LOCAL)
    assert order.problem == "Canceled by Ada before it was sent."
    assert Account.objects.get().reserved == 0
    assert claimed(order) is None


def test_an_order_at_rest_is_canceled_at_the_exchange_and_the_wish_is_journaled():
    desk, exchange = make_desk(), RecordingExchange()
    order = sent(desk, desk.buy(10), exchange)

    outcome = canceled(order, exchange)

    assert (outcome, exchange.canceled) == (Cancellation.ASKED, [order.client_order_id])
    event = JournalEvent.objects.get(kind="order.cancel_requested")
    assert (event.actor, event.subject) == ("Ada", f"order:{order.id}")


def test_an_order_whose_outcome_is_not_known_is_left_alone():
    desk, exchange = make_desk(), RecordingExchange()
    order = approved(desk, desk.buy(10))
    claim(order_id=order.id, account_id=order.account_id, sender="s", exchange=exchange)

    outcome = canceled(order, exchange)

    order.refresh_from_db()
    assert (outcome, order.state) == (Cancellation.ON_ITS_WAY, OrderState.SUBMITTING)
    assert exchange.canceled == []


def test_an_order_that_has_ended_stays_as_it_is():
    desk = make_desk()
    order = filled(desk, desk.buy(10))

    assert canceled(order) is Cancellation.ENDED_BEFORE
    assert not JournalEvent.objects.filter(kind="order.cancel_requested").exists()


def test_a_sale_of_an_emergency_stop_is_not_canceled():
    desk, exchange = make_desk(), RecordingExchange()
    filled(desk, desk.buy(10))
    run = stopped(desk)
    for _ in range(4):
        advance_stop(run_id=run.id, exchange=exchange, now=NOW, at=wall())

    outcome = canceled(Order.objects.get(source=Source.LIQUIDATION))

    assert outcome is Cancellation.OF_A_STOP
