"""One owner of an account at a time: who lost it can send and store nothing more."""

from datetime import timedelta

import pytest

from tests.factories import make_account, make_desk, wall
from tests.racing import race
from tests.trading.steps import approved, filled, report
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import OrderState
from trading.models import Account, Fill, Order, SenderLease
from trading.services.fills import ingest
from trading.services.leases import (
    Ownership,
    OwnershipLost,
    end_lease,
    free_accounts,
    owned_accounts,
    renew_lease,
    take_over,
)
from trading.services.sending import claim, settle

pytestmark = pytest.mark.django_db


def taken(account, name="first"):
    renew_lease(name=name)
    return take_over(account_id=account.id, name=name)


def died(name):
    """The lease of a sender that has not been heard of for too long."""
    SenderLease.objects.filter(name=name).update(until=wall() - timedelta(seconds=1))


def test_an_account_that_nobody_owns_is_free_and_can_be_taken():
    account = make_account()

    free = free_accounts()
    ownership = taken(account)

    assert free == [account.id]
    assert ownership == Ownership(account.id, 1)
    assert free_accounts() == []
    assert owned_accounts(name="first") == {account.id: ownership}


def test_an_account_is_not_ready_for_its_new_owner():
    account = make_account()
    assert account.is_ready

    taken(account)

    account.refresh_from_db()
    assert not account.is_ready


def test_an_account_whose_owner_lives_cannot_be_taken():
    account = make_account()
    taken(account)

    assert taken(account, "second") is None


def test_the_account_of_a_dead_sender_gets_a_new_owner_and_a_new_token():
    account = make_account()
    taken(account)
    died("first")

    assert free_accounts() == [account.id]
    assert taken(account, "second") == Ownership(account.id, 2)


def test_a_sender_that_stops_in_good_order_frees_its_accounts_at_once():
    account = make_account()
    taken(account)

    end_lease(name="first")

    assert free_accounts() == [account.id]


def test_a_renewed_lease_keeps_the_account_and_its_token():
    account = make_account()
    ownership = taken(account)

    renew_lease(name="first")

    assert free_accounts() == []
    assert owned_accounts(name="first") == {account.id: ownership}


def test_only_accounts_of_the_named_exchange_are_taken():
    account = make_account()

    assert free_accounts(exchange="kraken") == []
    assert free_accounts(exchange="paper") == [account.id]


@pytest.mark.django_db(transaction=True)
def test_of_eight_senders_one_takes_a_free_account():
    account = make_account()

    won = race(8, lambda place: taken(account, f"sender {place}"))

    assert sum(ownership is not None for ownership in won) == 1
    assert Account.objects.get().fencing_token == 1


def stale(desk):
    """The token of a sender that was paused, and whose account is in other hands by now."""
    ownership = taken(desk.account)
    died("first")
    taken(desk.account, "second")
    return ownership


def test_who_lost_the_account_claims_nothing():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    won = claim(
        order_id=order.id, ownership=stale(desk), sender="first", exchange=RecordingExchange()
    )

    order.refresh_from_db()
    assert (won, order.state) == (None, OrderState.APPROVED)


@pytest.mark.parametrize(("is_ready", "wins"), [(False, False), (True, True)])
def test_a_new_owner_claims_no_entry_before_it_has_reconciled(is_ready, wins):
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    owner = taken(desk.account)
    Account.objects.update(is_ready=is_ready)

    won = claim(order_id=order.id, ownership=owner, sender="first", exchange=RecordingExchange())

    assert (won is not None) is wins


def test_a_new_owner_claims_an_exit_at_once():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = approved(desk, desk.sell(10, key="exit"))
    owner = taken(desk.account)

    won = claim(order_id=order.id, ownership=owner, sender="first", exchange=RecordingExchange())

    assert won is not None
    assert not Account.objects.get().is_ready


def test_who_lost_the_account_stores_no_outcome():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    first = taken(desk.account)
    Account.objects.update(is_ready=True)
    claim(order_id=order.id, ownership=first, sender="first", exchange=RecordingExchange())
    died("first")
    taken(desk.account, "second")

    with pytest.raises(OwnershipLost):
        settle(
            order_id=order.id,
            token=first.token,
            outcome=Outcome(OutcomeKind.REJECTED, problem="No."),
            at=wall(),
        )

    order.refresh_from_db()
    assert order.state == OrderState.SUBMITTING
    assert order.reserved_cash > 0


def test_who_lost_the_account_books_no_trade():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    Order.objects.update(state=OrderState.SUBMITTING, attempt_at=wall())
    token = stale(desk).token

    with pytest.raises(OwnershipLost):
        ingest(order_id=order.id, report=report(order, (1, 10, 100)), at=wall(), token=token)

    assert not Fill.objects.exists()
