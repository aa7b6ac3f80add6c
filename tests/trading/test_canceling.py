"""One order ended by hand, wherever it is on its way; the sender asks, whoever wished."""

from datetime import timedelta

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import approved, claimed, filled, report, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import CancelState, OrderState, Source
from trading.models import Account, Order
from trading.services.canceling import Cancellation, ask_cancels, cancel_order
from trading.services.emergency import advance_stop
from trading.services.fills import ingest
from trading.services.leases import Ownership, OwnershipLost
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def canceled(order):
    return cancel_order(order_id=order.id, requested_by="Ada", at=wall())


def asked(desk, exchange, *, at=None, token=0):
    """How many cancels the sender asked the exchange for in one pass."""
    return ask_cancels(
        account=Account.objects.get(id=desk.account.id),
        exchange=exchange,
        ownership=Ownership(desk.account.id, token),
        at=at or wall(),
    )


def fresh(order):
    return Order.objects.get(id=order.id)


def test_an_order_that_was_not_sent_never_is_and_gives_back_its_cash():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    outcome = canceled(order)

    order.refresh_from_db()
    assert (outcome, order.state) == (Cancellation.NOT_SENT, OrderState.EXPIRED_LOCAL)
    assert order.problem == "Canceled by Ada before it was sent."
    assert Account.objects.get().reserved == 0
    assert claimed(order) is None


def test_the_wish_to_cancel_an_order_at_rest_is_stored_and_journaled_and_asks_nobody():
    desk, exchange = make_desk(), RecordingExchange()
    order = sent(desk, desk.buy(10), exchange)

    outcome = canceled(order)

    assert (outcome, exchange.canceled) == (Cancellation.ASKED, [])
    assert fresh(order).cancel_state == CancelState.REQUESTED
    assert fresh(order).cancel_requested_by == "Ada"
    event = JournalEvent.objects.get(kind="order.cancel_requested")
    assert (event.actor, event.subject) == ("Ada", f"order:{order.id}")


def test_the_sender_asks_the_exchange_once_and_again_only_after_a_while():
    desk, exchange = make_desk(), RecordingExchange()
    order = sent(desk, desk.buy(10), exchange)
    canceled(order)
    at = wall()

    counts = [asked(desk, exchange, at=at + timedelta(seconds=after)) for after in (0, 4, 5, 6)]

    assert counts == [1, 0, 1, 0]
    assert exchange.canceled == [order.client_order_id] * 2
    assert fresh(order).cancel_state == CancelState.SENT


def test_a_cancel_that_the_exchange_did_not_answer_is_asked_for_again():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    canceled(order)
    at = wall()

    asked(desk, RecordingExchange(is_down=True), at=at)
    failed = fresh(order).cancel_state
    exchange = RecordingExchange()
    asked(desk, exchange, at=at + timedelta(seconds=5))

    assert failed == CancelState.FAILED
    assert exchange.canceled == [order.client_order_id]


def test_an_order_that_the_exchange_has_canceled_has_its_wish_confirmed():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    canceled(order)

    ingest(order_id=order.id, report=report(order, state=OrderState.CANCELED), at=wall())

    assert (fresh(order).state, fresh(order).cancel_state) == ("CANCELED", "CONFIRMED")


def test_a_wish_that_came_too_late_has_failed():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    canceled(order)
    trade = (1, 10, 100)

    ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())

    assert (fresh(order).state, fresh(order).cancel_state) == ("FILLED", "FAILED")


def test_an_order_whose_outcome_is_not_known_is_canceled_once_it_rests():
    desk = make_desk()
    order = sent(desk, desk.buy(10), RecordingExchange(outcome=Outcome(OutcomeKind.UNKNOWN)))
    exchange = RecordingExchange()

    outcome = canceled(order)
    before = asked(desk, exchange)
    ingest(order_id=order.id, report=report(order), at=wall())

    assert (outcome, before) == (Cancellation.ON_ITS_WAY, 0)
    assert asked(desk, exchange) == 1
    assert exchange.canceled == [order.client_order_id]


def test_a_sender_that_lost_the_account_stores_nothing():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    canceled(order)
    Account.objects.update(fencing_token=1)

    with pytest.raises(OwnershipLost):
        asked(desk, RecordingExchange(), token=0)

    assert fresh(order).cancel_state == CancelState.REQUESTED


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
