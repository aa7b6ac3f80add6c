"""The table of allowed moves is whole: nothing leaves an end, everything can reach one."""

import pytest

from trading.domain.states import AT_WORK, MOVES, TERMINAL, OrderState, may_move


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
