"""A person says yes to an order, or no, or nothing for a quarter of an hour."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import NOW, make_desk, make_permission, make_quote, wall
from tests.racing import race
from tests.trading.guarding import events
from tests.trading.steps import decided
from trading.domain.requests import request_from
from trading.domain.states import ConfirmationState
from trading.models import Assessment, Confirmation, Order, Permission
from trading.services.confirmations import (
    Confirmed,
    RequestChanged,
    confirm,
    expire_confirmations,
    refuse,
)
from trading.services.decisions import CONFIRM_WITHIN

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
WAITING, CONFIRMED, REFUSED, EXPIRED = (
    ConfirmationState.WAITING,
    ConfirmationState.CONFIRMED,
    ConfirmationState.REFUSED,
    ConfirmationState.EXPIRED,
)


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def asked(*, at=None, **limits):
    """A desk whose agent wants ten for some thousand dollars, for which a person is asked."""
    desk = make_desk(limits={"confirm_above": Decimal(500)} | limits)
    verdict = decided(desk, desk.buy(10), at=at)
    assert verdict.confirmation_id is not None
    return desk


def waiting():
    return Confirmation.objects.get(state=WAITING)


def confirmed(found=None, *, at=None, now=NOW):
    found = found or waiting()
    return confirm(confirmation_id=found.id, actor="Ada", now=now, at=at or wall())


def refused(found=None):
    found = found or waiting()
    return refuse(confirmation_id=found.id, actor="Ada", reason="Too much for me", at=wall())


def state():
    return Confirmation.objects.earliest("at").state


def test_yes_makes_the_order_and_links_it():
    desk = asked()

    answer = confirmed()

    order, found = Order.objects.get(), Confirmation.objects.get()
    assert answer == Confirmed(CONFIRMED, order_id=order.id)
    assert (found.state, found.order, found.decided_by) == (CONFIRMED, order, "Ada")
    assert order.intent_key == f"confirm:{found.id}"
    assert (order.quantity, order.permission_id) == (10, desk.permission.id)
    assert events(desk, "risk.confirmed")[0].payload["order"] == str(order.id)


def test_the_stored_request_is_read_back_as_it_was():
    desk = asked()

    request = request_from(waiting().request)

    assert request == desk.buy(10)
    assert request.digest == waiting().order_digest


def test_a_second_click_gets_the_same_answer_and_no_second_order():
    asked()
    found = waiting()

    first = confirmed(found)

    assert confirmed(found) == refused(found) == first
    assert Order.objects.count() == 1


def test_one_yes_is_for_one_order():
    desk = asked()
    confirmed()

    again = decided(desk, desk.buy(10, key="again"), now=NOW + timedelta(minutes=1))

    assert "CONFIRMATION" in again.denials


def test_every_other_check_is_run_again():
    desk = asked()
    found = waiting()
    Permission.objects.update(max_order_value=Decimal(900))

    answer = confirmed(found)

    assert answer == Confirmed(REFUSED, denials=("ORDER_SIZE",))
    assert confirmed(found) == answer
    assert not Order.objects.exists()
    assert events(desk, "risk.refused")[0].payload["denials"] == ["ORDER_SIZE"]


def test_what_the_gate_refused_is_not_made_later_by_another_request():
    desk = asked()
    Permission.objects.update(max_order_value=Decimal(900))
    confirmed()
    Permission.objects.update(max_order_value=Decimal(90_000))

    assert decided(desk, desk.buy(10, key="again")).denials == ("CONFIRMATION",)


def test_a_worse_price_is_not_the_one_that_was_confirmed():
    desk = asked()
    found = waiting()
    make_quote(desk.instrument, "100.01")

    answer = confirmed(found)

    anew = waiting()
    assert answer == Confirmed(REFUSED, denials=("CONFIRMATION",), asked_again=anew.id)
    assert confirmed(found) == answer
    assert (found.worst_price, anew.worst_price) == (Decimal("102"), Decimal("102.01"))
    assert confirmed(anew).state is CONFIRMED
    assert Order.objects.get().worst_price == Decimal("102.01")


def test_a_better_price_is_taken():
    desk = asked()
    make_quote(desk.instrument, "99")

    assert confirmed().state is CONFIRMED
    assert Order.objects.get().worst_price == Decimal("100.98")


def test_no_is_journaled_with_why():
    desk = asked()
    found = waiting()

    answer = refused(found)

    assert answer == Confirmed(REFUSED) == confirmed(found)
    assert not Order.objects.exists()
    (event,) = events(desk, "risk.refused")
    assert (event.actor, event.payload["reason"]) == ("Ada", "Too much for me")


def test_a_quarter_of_an_hour_later_it_is_too_late():
    desk = asked(at=wall() - CONFIRM_WITHIN)
    found = waiting()

    assert confirmed(found) == Confirmed(EXPIRED) == confirmed(found)
    assert not Order.objects.exists()
    assert len(events(desk, "risk.expired")) == 1


def test_its_last_moment_is_over():
    asked()
    found = waiting()

    assert confirmed(found, at=found.expires_at).state is EXPIRED


def test_what_nobody_answers_expires():
    desk = asked()
    found = waiting()

    early = expire_confirmations(at=found.expires_at - SECOND)
    late = expire_confirmations(at=found.expires_at)

    assert (early, late, state()) == (0, 1, EXPIRED)
    assert expire_confirmations(at=found.expires_at) == 0
    (event,) = events(desk, "risk.expired")
    assert (event.actor, event.subject) == ("farm", f"confirmation:{found.id}")


def test_what_was_answered_does_not_expire():
    asked()
    confirmed()

    assert expire_confirmations(at=wall() + CONFIRM_WITHIN) == 0
    assert state() == CONFIRMED


def test_many_expire_in_parts(monkeypatch):
    monkeypatch.setattr("trading.services.confirmations.EXPIRE_TOGETHER", 2)
    desk = asked()
    for number in range(1, 5):
        permission = make_permission(desk.account, number=number, confirm_above=Decimal(500))
        decided(desk, desk.buy(10, key=f"{number}", permission_id=permission.id))

    assert expire_confirmations(at=wall() + CONFIRM_WITHIN) == 5


def test_a_request_that_was_tampered_with_is_not_made():
    asked()
    Confirmation.objects.update(request=waiting().request | {"quantity": "11"})

    with pytest.raises(RequestChanged):
        confirmed()

    assert (state(), Order.objects.exists()) == (WAITING, False)


def test_what_does_not_exist_cannot_be_answered():
    with pytest.raises(Confirmation.DoesNotExist):
        confirm(confirmation_id=UUID(int=4), actor="Ada", now=NOW, at=wall())
    with pytest.raises(Confirmation.DoesNotExist):
        refuse(confirmation_id=UUID(int=4), actor="Ada", reason="No", at=wall())


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_clicks_one_makes_the_order():
    asked()
    found = waiting()

    answers = race(16, lambda _: confirmed(found))

    assert len(set(answers)) == 1
    assert Order.objects.count() == 1
    assert Assessment.objects.filter(approved=True).count() == 1
