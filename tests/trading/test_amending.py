"""Changing an order that rests: canceled first, and replaced once for what is left of it."""

from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import filled, report, sent
from trading.domain.states import OrderState, OrderType, Source, TimeInForce
from trading.models import Account, Order
from trading.services.amending import Amendment, CannotAmend, amend_order, replace_canceled
from trading.services.canceling import Cancellation
from trading.services.fills import ingest
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def resting(desk, **changes):
    """An entry of ten at a limit, at rest at the exchange."""
    terms = {
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal(99),
        "time_in_force": TimeInForce.GTC,
    }
    return sent(desk, desk.buy(10, **terms | changes))


def amended(order, **changes):
    values = {name: Decimal(value) for name, value in changes.items()}
    return amend_order(
        order_id=order.id, amendment=Amendment(**values), requested_by="Ada", at=wall()
    )


def replaced(desk):
    account = Account.objects.get(id=desk.account.id)
    return replace_canceled(account=account, now=NOW, at=wall())


def told(order, *trades, state):
    ingest(order_id=order.id, report=report(order, *trades, state=state), at=wall())


def test_nothing_takes_its_place_before_the_exchange_has_canceled_it():
    desk = make_desk()
    order = resting(desk)

    outcome = amended(order, limit_price="98")

    assert outcome is Cancellation.ASKED
    assert replaced(desk) == 0
    assert Order.objects.count() == 1


def test_the_new_order_has_the_new_price_and_an_id_of_its_own():
    desk = make_desk()
    order = resting(desk)
    amended(order, limit_price="98")
    told(order, state=OrderState.CANCELED)

    replaced(desk)
    replaced(desk)

    new = Order.objects.exclude(id=order.id).get()
    assert (new.limit_price, new.quantity, new.replaces_id) == (98, 10, order.id)
    assert new.client_order_id != order.client_order_id
    assert Account.objects.get().reserved == new.reserved_cash
    assert JournalEvent.objects.filter(kind="order.amended").count() == 1


def test_what_was_filled_meanwhile_is_not_bought_again():
    desk = make_desk()
    order = resting(desk)
    amended(order, quantity="12")
    told(order, (1, 4, 99), state=OrderState.CANCELED)

    replaced(desk)

    assert Order.objects.exclude(id=order.id).get().quantity == 8


def test_an_order_that_was_filled_before_is_not_replaced():
    desk = make_desk()
    order = resting(desk)
    amended(order, limit_price="98")
    told(order, (1, 10, 99), state=OrderState.FILLED)

    replaced(desk)

    assert Order.objects.count() == 1
    assert JournalEvent.objects.filter(kind="order.not_amended").count() == 1


def test_a_replacement_is_no_second_entry_of_the_day():
    desk = make_desk(limits={"max_daily_entries": 1})
    order = resting(desk)
    amended(order, limit_price="98")
    told(order, state=OrderState.CANCELED)

    replaced(desk)

    assert Order.objects.count() == 2


def test_a_replacement_that_the_gate_denies_leaves_nothing_at_work():
    desk = make_desk()
    order = resting(desk)
    amended(order, limit_price="98")
    told(order, state=OrderState.CANCELED)
    Account.objects.update(halt_state="HALTED")

    replaced(desk)

    assert Order.objects.count() == 1
    assert Account.objects.get().reserved == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Say what"),
        ({"stop_price": "90"}, "no stop price"),
    ],
)
def test_what_cannot_be_changed_is_refused_in_words(changes, words):
    desk = make_desk()

    with pytest.raises(CannotAmend, match=words):
        amended(resting(desk), **changes)


def test_an_order_that_has_ended_cannot_be_changed():
    desk = make_desk()

    with pytest.raises(CannotAmend, match="FILLED"):
        amended(filled(desk, desk.buy(10)), quantity="12")


def test_less_than_is_filled_already_is_refused():
    desk = make_desk()
    order = resting(desk)
    told(order, (1, 4, 99), state=OrderState.OPEN)

    with pytest.raises(CannotAmend, match="4 are filled already"):
        amended(order, quantity="4")


def test_exits_of_the_farm_are_not_changed_by_hand():
    desk = make_desk()
    order = resting(desk)
    Order.objects.update(source=Source.PROTECTION)

    with pytest.raises(CannotAmend, match="moved through what they protect"):
        amended(order, limit_price="98")
