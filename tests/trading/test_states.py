"""The table of allowed moves is whole: nothing leaves an end, everything can reach one."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic, set_rollback

from tests.factories import make_desk, wall
from tests.trading.steps import approved
from trading.domain.states import AT_WORK, MOVES, TERMINAL, OrderState, may_move
from trading.models import Order


def test_every_state_has_its_moves():
    assert set(MOVES) == set(OrderState)
    assert set(OrderState) == AT_WORK | TERMINAL
    assert not AT_WORK & TERMINAL


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_order_that_has_ended_never_moves(state):
    assert not any(may_move(state, other) for other in OrderState)


@pytest.mark.parametrize("state", sorted(AT_WORK))
def test_an_order_at_work_can_end(state):
    assert MOVES[state] & TERMINAL


@pytest.mark.parametrize("state", sorted(OrderState))
def test_every_state_is_reached_from_an_approval(state):
    reached, waiting = {OrderState.APPROVED}, [OrderState.APPROVED]
    while waiting:
        new = MOVES[waiting.pop()] - reached
        reached |= new
        waiting += new

    assert state in reached


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.APPROVED}))
def test_nothing_is_sent_twice(state):
    assert not may_move(state, OrderState.APPROVED)
    assert not may_move(state, OrderState.SUBMITTING)


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.APPROVED}))
def test_only_an_order_that_was_never_claimed_expires_here(state):
    assert not may_move(state, OrderState.EXPIRED_LOCAL)


def test_what_the_exchange_has_taken_can_no_longer_be_proved_absent():
    assert not may_move(OrderState.OPEN, OrderState.NOT_PLACED)
    assert not may_move(OrderState.PARTIALLY_FILLED, OrderState.NOT_PLACED)
    assert may_move(OrderState.UNKNOWN, OrderState.NOT_PLACED)


def ordered_in(state):
    """An order that was made in this state, as no service makes one."""
    desk = make_desk()
    order = approved(desk, desk.buy(1))
    order.pk, order.intent_key, order.client_order_id = desk.account.id, state, state
    order.state, order.attempt_at = state, wall()
    order.save(force_insert=True)
    return Order.objects.filter(id=order.pk)


def let_through(order, new):
    """Whether the database lets the order go to the state; nothing stays of the try."""
    try:
        with atomic():
            order.update(state=new)
            set_rollback(True)
    except IntegrityError:
        return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize("old", sorted(OrderState))
def test_the_database_refuses_every_move_that_is_not_in_the_table(old):
    order = ordered_in(old)

    passed = {new for new in set(OrderState) - {old} if let_through(order, new)}

    assert passed == MOVES[old] - {old}


@pytest.mark.django_db
def test_the_database_refuses_a_second_attempt():
    order = ordered_in(OrderState.SUBMITTING)

    with pytest.raises(IntegrityError, match="sent once"), atomic():
        order.update(attempt_at=wall() + timedelta(seconds=1))
