"""Money comes and goes once, is no profit, and what is reserved stays."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import make_account, make_desk, wall
from tests.racing import race
from tests.trading.steps import sent
from trading.models import Account, Balance, CashMovement
from trading.selectors.books import NoSuchAccount
from trading.services.cash import BadMovement, NotEnoughMoney, ReferenceTaken, deposit, withdraw
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def paid_in(account, amount, *, reference="wire-1", currency=""):
    return deposit(
        account_id=account.id,
        amount=Decimal(amount),
        currency=currency,
        reference=reference,
        reason="Savings",
        actor="ada",
        at=wall(),
    )


def paid_out(account, amount, *, reference="out-1", currency=""):
    return withdraw(
        account_id=account.id,
        amount=Decimal(amount),
        currency=currency,
        reference=reference,
        reason="Rent",
        actor="ada",
        at=wall(),
    )


def events(account):
    return JournalEvent.objects.filter(stream=account_stream(account.id), kind="cash.moved")


def test_a_deposit_is_cash_a_movement_and_an_event():
    account = make_account(deposit="1000")

    assert paid_in(account, "250.5")

    account.refresh_from_db()
    movement = CashMovement.objects.get(reference="wire-1")
    assert account.cash == Decimal("1250.5")
    assert (movement.amount, movement.currency, movement.reason) == (
        Decimal("250.5"),
        "",
        "Savings",
    )
    event = events(account).get()
    assert (event.actor, event.payload["amount"], event.payload["after"]) == (
        "ada",
        "250.5",
        "1250.5",
    )


def test_a_withdrawal_is_a_negative_movement():
    account = make_account(deposit="1000")

    assert paid_out(account, "400")

    account.refresh_from_db()
    assert account.cash == 600
    assert CashMovement.objects.get(reference="out-1").amount == -400


def test_a_movement_that_is_told_twice_is_booked_once():
    account = make_account(deposit="1000")

    told = [paid_in(account, "100"), paid_in(account, "100")]

    account.refresh_from_db()
    assert told == [True, False]
    assert (account.cash, events(account).count()) == (1100, 1)


@pytest.mark.django_db(transaction=True)
def test_a_movement_that_eight_tell_of_is_booked_once():
    account = make_account(deposit="1000")

    told = race(8, lambda _: paid_in(account, "100"))

    account.refresh_from_db()
    assert sorted(told) == [False] * 7 + [True]
    assert account.cash == 1100


def test_a_reference_names_one_movement():
    account = make_account(deposit="1000")
    paid_in(account, "100")

    with pytest.raises(ReferenceTaken, match="wire-1"):
        paid_in(account, "200")
    with pytest.raises(ReferenceTaken):
        paid_out(account, "100", reference="wire-1")


def test_accounts_may_use_the_same_reference():
    first, second = make_account(deposit="1000"), make_account(number=1, deposit="1000")

    assert paid_in(first, "100")
    assert paid_in(second, "100")


def test_no_more_is_withdrawn_than_is_free():
    desk = make_desk(deposit="2000")
    sent(desk, desk.buy(10))
    reserved = Account.objects.get(id=desk.account.id).reserved

    with pytest.raises(NotEnoughMoney, match="are free") as refused:
        paid_out(desk.account, 2000 - reserved + Decimal("0.01"))

    assert refused.value.free == 2000 - reserved
    assert not CashMovement.objects.filter(reference="out-1").exists()
    assert paid_out(desk.account, 2000 - reserved)


def test_a_movement_is_no_profit_of_the_day_and_no_new_height():
    account = make_account(
        deposit="1000",
        day=date(2001, 3, 7),
        day_start_equity=Decimal(900),
        high_water_equity=Decimal(1100),
    )

    paid_in(account, "500")
    paid_out(account, "200")

    account.refresh_from_db()
    assert (account.day_start_equity, account.high_water_equity) == (1200, 1400)


def test_a_movement_before_the_first_day_sets_nothing():
    account = make_account(deposit="1000")

    paid_in(account, "500")

    account.refresh_from_db()
    assert account.day_start_equity is None


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", "0.000000001"])
def test_an_amount_is_positive_and_has_no_more_places_than_the_book(amount):
    account = make_account(deposit="1000")

    with pytest.raises(BadMovement):
        paid_in(account, amount)


@pytest.mark.parametrize("reference", ["", "x" * 121])
def test_a_movement_names_itself(reference):
    account = make_account(deposit="1000")

    with pytest.raises(BadMovement, match="reference"):
        paid_in(account, "1", reference=reference)


def test_another_currency_moves_its_balance_and_not_the_cash():
    account = make_account(deposit="1000", day_start_equity=Decimal(1000))

    paid_in(account, "2.000000000000000001", currency="BNB")
    paid_out(account, "0.5", currency="BNB")

    account.refresh_from_db()
    assert Balance.objects.get().quantity == Decimal("1.500000000000000001")
    assert (account.cash, account.day_start_equity) == (1000, 1000)


def test_a_balance_is_not_overdrawn():
    account = make_account(deposit="1000")
    paid_in(account, "2", currency="BNB")

    with pytest.raises(NotEnoughMoney, match="3 BNB cannot be withdrawn: 2 are free"):
        paid_out(account, "3", currency="BNB")


def test_the_accounts_own_currency_may_be_named():
    account = make_account(deposit="1000")

    paid_in(account, "5", currency="USD")

    account.refresh_from_db()
    assert (account.cash, CashMovement.objects.get(reference="wire-1").currency) == (1005, "")


def test_there_is_no_account_to_move_money_of():
    with pytest.raises(NoSuchAccount):
        paid_in(Account(id=UUID(int=1)), "1")
