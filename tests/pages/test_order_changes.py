"""Orders changed and stopped by hand: one that rests, and one that is sent in slices."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from tests.pages.farms import Farm
from tests.pages.guards import in_slices
from tests.pages.reading import text_of
from tests.pages.stories import make_order
from trading.domain.states import CancelState, OrderState, ParentState, Side
from trading.models import Account, Order, ParentOrder
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.closing import changing, parents
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def order(farm: Farm) -> Order:
    """A limit order for 80 that rests, 10 of it filled."""
    made = make_order(
        farm, symbol="IBM", side=Side.BUY, quantity=80, price="92", state=OrderState.OPEN
    )
    Order.objects.filter(id=made.id).update(
        order_type="limit",
        limit_price=Decimal("91.5"),
        time_in_force="GTC",
        filled_quantity=10,
        filled_value=915,
    )
    return Order.objects.get(id=made.id)


def typed(**changes: str) -> dict[str, str]:
    """The form as the browser sends it: what was seen, and what was typed over it."""
    shown = {"quantity": "80", "limit_price": "91.5"}
    return shown | {f"initial-{name}": value for name, value in shown.items()} | changes


def change(client: Client, order: Order, **changes: str) -> Any:
    return client.post(reverse("order-change", args=[order.id]), typed(**changes))


def test_the_dialog_shows_what_can_be_changed(trader: Client, order: Order) -> None:
    answer = trader.get(reverse("order-change", args=[order.id]))

    page = answer.content.decode()
    assert "Change buy 80 IBM" in text_of(answer)
    assert 'name="quantity" value="80"' in page
    assert 'name="limit_price" value="91.5"' in page
    assert "stop_price" not in page
    assert "If it is refused, the old one is gone all the same." in text_of(answer)


def test_only_what_was_typed_over_is_changed(trader: Client, order: Order) -> None:
    answers = [change(trader, order, limit_price="91.25") for _ in range(2)]

    order.refresh_from_db()
    assert {answer["Location"] for answer in answers} == {reverse("order", args=[order.id])}
    assert order.amendment == {"limit_price": "91.25"}
    assert (order.cancel_state, order.cancel_requested_by) == (
        CancelState.REQUESTED,
        "person:trader",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Say what is to be different"),
        ({"quantity": "10"}, "10 are filled already; cancel the order instead."),
        ({"quantity": "60.5"}, "Above zero, in steps of 1."),
        ({"limit_price": "91.255"}, "Above zero, in steps of 0.01."),
        ({"limit_price": "-1"}, "Above zero, in steps of 0.01."),
        ({"limit_price": "cheap"}, "Enter a number."),
        ({"limit_price": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(
    trader: Client, order: Order, changes: dict[str, str], words: str
) -> None:
    answer = change(trader, order, **changes)

    order.refresh_from_db()
    assert words in text_of(answer)
    assert order.amendment is None
    assert order.cancel_state == CancelState.NONE


def test_an_order_that_does_not_rest_cannot_be_changed(trader: Client, farm: Farm) -> None:
    sent = make_order(
        farm, symbol="IBM", side=Side.BUY, quantity=80, price="92", state=OrderState.UNKNOWN
    )
    address = reverse("order-change", args=[sent.id])

    shown = text_of(trader.get(address))
    answer = text_of(trader.post(address, {"quantity": "60", "initial-quantity": "80"}))

    assert "Only an order that rests at the exchange can be changed" in shown
    assert "Nothing was changed. Only an order that rests can be changed" in answer


def test_the_farms_own_exits_are_moved_elsewhere(trader: Client, order: Order) -> None:
    Order.objects.update(source="protection")

    page = trader.get(reverse("order", args=[order.id])).content.decode()
    answer = text_of(change(trader, order, limit_price="91"))

    assert reverse("order-change", args=[order.id]) not in page
    assert "The farm's own exits are moved through what they protect." in answer


def test_a_busy_account_changes_nothing(
    trader: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(changing, "amend_order", busy)

    assert "The account is busy" in text_of(change(trader, order, limit_price="91"))


def test_the_cancel_dialog_says_that_a_cancel_is_under_way(trader: Client, order: Order) -> None:
    change(trader, order, limit_price="91")

    page = text_of(trader.get(reverse("order-cancel", args=[order.id])))

    assert "It was asked for already: asked for, not yet told to the exchange." in page
    assert "It is being changed: a new order takes its place once it is canceled." in page


@pytest.fixture
def parent(farm: Farm) -> ParentOrder:
    """A quarter of 400 was sent, in the first of four slices."""
    made = in_slices(farm)
    piece = make_order(
        farm, symbol="MSFT", side=Side.BUY, quantity=100, price="25.10", state=OrderState.FILLED
    )
    Order.objects.filter(id=piece.id).update(
        parent=made, expected_price=Decimal("25.10"), fees=Decimal("2.51")
    )
    return made


def stop(client: Client, parent: ParentOrder) -> Any:
    return client.post(reverse("parent-stop", args=[parent.id]))


def test_a_large_order_says_how_far_it_is(trader: Client, parent: ParentOrder) -> None:
    answer = trader.get(reverse("parent", args=[parent.id]))

    page = text_of(answer)
    assert "buy 400 MSFT in slices at work" in page
    assert "Sent 100 of 400 1 of 4 slices made, one every 5 min of market time" in page
    assert "Expected 25.12 Average 25.10 Slippage -7.96 bps -2.00 USD, in favour" in page
    assert "1 100 100 25.10 filled" in page
    assert reverse("parent-stop", args=[parent.id]) in answer.content.decode()


def test_a_slice_leads_to_the_whole(trader: Client, parent: ParentOrder) -> None:
    piece = Order.objects.get(parent=parent)

    page = trader.get(reverse("order", args=[piece.id])).content.decode()

    assert f'It is a slice of <a href="{reverse("parent", args=[parent.id])}">' in page


def test_stopping_sends_no_further_slice_once(trader: Client, parent: ParentOrder) -> None:
    asked = text_of(trader.get(reverse("parent-stop", args=[parent.id])))
    stop(trader, parent)
    stop(trader, parent)

    parent.refresh_from_db()
    page = trader.get(reverse("parent", args=[parent.id]))
    assert "The remaining 300 are not sent any more, for good." in asked
    assert (parent.state, parent.problem) == (ParentState.STOPPED, "Stopped by person:trader.")
    assert JournalEvent.objects.filter(kind="order.parent_ended").count() == 1
    assert "It had ended already; nothing has changed." in text_of(page)
    assert reverse("parent-stop", args=[parent.id]) not in page.content.decode()


def test_what_has_ended_has_nothing_to_stop(trader: Client, parent: ParentOrder) -> None:
    ParentOrder.objects.update(state=ParentState.DONE)

    page = text_of(trader.get(reverse("parent-stop", args=[parent.id])))

    assert "It has ended; there is nothing to stop." in page


def test_only_a_trader_stops_it(trader: Client, parent: ParentOrder) -> None:
    User.objects.update(role=Role.VIEWER)

    page = trader.get(reverse("parent", args=[parent.id])).content.decode()

    assert reverse("parent-stop", args=[parent.id]) not in page
    assert stop(trader, parent).status_code == 403


def test_a_busy_account_stops_nothing(
    trader: Client, parent: ParentOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(parents, "stop_parent", busy)

    assert "The account is busy" in text_of(stop(trader, parent))
    assert Account.objects.count() == 1
