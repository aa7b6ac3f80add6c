"""Booking deposits and withdrawals by hand."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.test_permissions import prove
from trading.models import Account, Balance, CashMovement
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


def address(farm: Farm) -> str:
    return reverse("account-move-money", args=[farm.account.id])


def book(client: Client, farm: Farm, **changes: Any) -> Any:
    said = {"way": "in", "amount": "2500", "reason": "Savings", "request": "one"} | changes
    return client.post(address(farm), said, follow=True)


def cash(farm: Farm) -> Decimal:
    left: Decimal = Account.objects.get(id=farm.account.id).cash
    return left


def test_a_deposit_is_booked_once_however_often_it_is_sent(trader: Client, farm: Farm) -> None:
    first, again = book(trader, farm), book(trader, farm)

    assert "Booked: 2500 USD paid in." in text_of(first)
    assert "Booked before, and not again" in text_of(again)
    assert cash(farm) == 102_500
    movement = CashMovement.objects.get()
    assert (movement.amount, movement.reason) == (2_500, "Savings")
    assert JournalEvent.objects.get(kind="cash.moved").actor == "person:trader"


def test_it_is_no_profit(trader: Client, farm: Farm) -> None:
    book(trader, farm)

    account = Account.objects.get(id=farm.account.id)
    assert account.day_start_equity == account.cash


def test_a_withdrawal_leaves_what_is_reserved(trader: Client, farm: Farm) -> None:
    refused = book(trader, farm, way="out", amount="100000.01")
    done = book(trader, farm, way="out", amount="40000")

    assert "100000.01 USD cannot be withdrawn: 100000 are free." in text_of(refused)
    assert "Booked: 40000 USD taken out." in text_of(done)
    assert cash(farm) == 60_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "-5"}, "An amount to move is positive, not -5."),
        ({"amount": "much"}, "Write the amount as a number"),
        ({"amount": "0.123456789"}, "more than 8 decimal places"),
        ({"reason": ""}, "Say what it was for"),
        ({"way": ""}, "Say whether it was paid in or taken out."),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_what_was_typed_stays(
    trader: Client, farm: Farm, changes: dict[str, str], words: str
) -> None:
    answer = book(trader, farm, reference="bank-7", **changes)

    assert words in text_of(answer)
    assert 'value="bank-7"' in answer.content.decode()
    assert cash(farm) == 100_000


def test_another_amount_under_the_same_reference_is_refused(trader: Client, farm: Farm) -> None:
    book(trader, farm, reference="bank-7")

    answer = book(trader, farm, reference="bank-7", amount="1", request="two")

    assert "is called &#x27;bank-7&#x27; already" in answer.content.decode()
    assert cash(farm) == 102_500


def test_a_live_account_takes_a_second_factor_and_other_currencies(
    trader: Client, farm: Farm
) -> None:
    Account.objects.filter(id=farm.account.id).update(kind="live", exchange="kraken")
    asked = book(trader, farm, currency="btc", amount="0.25")
    prove(trader, farm.owner)

    done = book(trader, farm, currency="btc", amount="0.25")

    assert "Booked" not in text_of(asked)
    assert "Booked: 0.25 BTC paid in." in text_of(done)
    assert Balance.objects.get().quantity == Decimal("0.25")


def test_the_account_page_leads_to_it_for_those_who_may(client: Client, farm: Farm) -> None:
    settings = reverse("account-settings", args=[farm.account.id])
    client.force_login(farm.owner)
    offered = client.get(settings).content.decode()
    type(farm.owner).objects.filter(pk=farm.owner.pk).update(role=Role.VIEWER)

    withheld = client.get(settings).content.decode()

    assert address(farm) in offered
    assert address(farm) not in withheld
    assert client.get(address(farm)).status_code == 403
