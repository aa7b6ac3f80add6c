"""Closing a position and canceling an order by hand."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from market.models import Instrument, Quote, Replay
from tests.pages.farms import MARKET_NOW, Farm, halt, key, make_farm, make_user
from tests.pages.reading import text_of
from trading.domain.states import OrderState, Side, Source
from trading.loop.sender import SendingLoop
from trading.models import Order, PaperOrder, Permission, Position, PositionShare
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.closing import views

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def open_market(busy: Farm) -> Farm:
    """The farm at a moment at which its instruments trade."""
    Instrument.objects.update(calendar="24/7")
    return busy


def address(farm: Farm, symbol: str = "AAPL") -> str:
    return reverse("position-close", args=[farm.account.id, farm.instruments[symbol].id])


def share_of(farm: Farm, symbol: str = "AAPL") -> PositionShare:
    return PositionShare.objects.get(
        position__account=farm.account,
        position__instrument=farm.instruments[symbol],
        permission=farm.permission,
    )


def confirm(client: Client, farm: Farm, *, name: str = "1", held: str = "560", **extra: Any):
    share = share_of(farm)
    fields = {"key": name, "share": share.id, f"held-{share.id}": held}
    return client.post(address(farm), fields, **extra)


def exits() -> list[Order]:
    return list(Order.objects.filter(source=Source.PERSON, side=Side.SELL))


def test_it_says_exactly_what_will_be_sold(trader: Client, open_market: Farm) -> None:
    page = text_of(trader.get(address(open_market)))

    assert "Sell 560 AAPL at market, worth about 22,579.20 USD at 40.32" in page
    assert "Held by Technical" in page
    assert "Fees, about 22.58 USD" in page
    assert "Realises, about ▲+873.42 USD" in page
    assert "2 armed stops and targets stay until the position is flat, then end." in page
    assert not exits()


def at_night() -> None:
    Replay.objects.update(as_of=MARKET_NOW + timedelta(hours=6))


def test_a_closed_market_is_said_before_it_is_tried(trader: Client, busy: Farm) -> None:
    at_night()

    assert "The market of AAPL is closed now" in text_of(trader.get(address(busy)))


def test_confirming_sells_through_the_gate(trader: Client, open_market: Farm) -> None:
    answer = confirm(trader, open_market)

    order = exits()[0]
    assert answer.status_code == 303
    assert (order.quantity, order.reason, order.permission_id) == (
        560,
        "force_exit",
        open_market.permission.id,
    )
    assert "Selling 560 AAPL at market." in text_of(trader.get("/"))


def test_a_double_click_sells_once(trader: Client, open_market: Farm) -> None:
    confirm(trader, open_market)
    confirm(trader, open_market)

    assert len(exits()) == 1


def test_out_of_the_dialog_it_leads_back_to_where_it_was_opened(
    trader: Client, open_market: Farm
) -> None:
    answer = confirm(
        trader,
        open_market,
        headers={
            "HX-Request": "true",
            "HX-Current-URL": "http://testserver/positions/?account=1",
        },
    )

    assert answer["HX-Redirect"] == "/positions/?account=1"


def test_a_position_that_grew_since_is_shown_again(trader: Client, open_market: Farm) -> None:
    page = text_of(confirm(trader, open_market, held="500"))

    assert "Nothing was sold. It has grown to 560 since you looked." in page
    assert not exits()


def test_a_refusal_names_its_reasons(trader: Client, busy: Farm) -> None:
    at_night()

    page = text_of(confirm(trader, busy))

    assert "Nothing was sold. The price" in page
    assert "market" in page
    assert not exits()


def test_each_agents_part_can_be_chosen(trader: Client, open_market: Farm) -> None:
    second = Permission.objects.create(
        id=key("second"),
        account=open_market.account,
        agent_id=open_market.agents["Sentiment"].id,
        agent_name="Sentiment",
    )
    position = Position.objects.get(
        account=open_market.account, instrument=open_market.instruments["AAPL"]
    )
    PositionShare.objects.create(position=position, permission=second, quantity=40, cost=1600)
    Position.objects.filter(id=position.id).update(quantity=600)

    page = text_of(trader.get(address(open_market)))
    confirm(trader, open_market)

    assert "Whose part Technical 560 Sentiment 40" in page
    assert [order.permission_id for order in exits()] == [open_market.permission.id]


def test_a_sale_without_a_part_is_refused(trader: Client, open_market: Farm) -> None:
    page = text_of(trader.post(address(open_market), {"key": "1"}))

    assert "Choose at least one part to sell." in page


@pytest.mark.parametrize("bad", ["'; drop", "", "9" * 40])
def test_a_key_of_somebody_elses_making_is_refused(
    trader: Client, open_market: Farm, bad: str
) -> None:
    assert confirm(trader, open_market, name=bad).status_code == 200
    assert not exits()


def test_parts_of_other_positions_are_out_of_reach(
    trader: Client, open_market: Farm, wall: datetime
) -> None:
    goog = share_of(open_market, "GOOG")

    trader.post(address(open_market), {"key": "1", "share": goog.id, f"held-{goog.id}": "118"})

    assert not exits()


def test_shares_in_an_order_at_work_are_not_offered_again(
    trader: Client, open_market: Farm
) -> None:
    PositionShare.objects.update(reserved_quantity=Decimal(100))

    page = text_of(trader.get(address(open_market)))

    assert "Sell 460 AAPL at market" in page
    assert "In orders at work already 100" in page


def test_a_flat_position_has_nothing_to_close(trader: Client, farm: Farm) -> None:
    assert "holds no AAPL" in text_of(trader.get(address(farm)))


def test_a_halted_account_still_lets_its_person_out(trader: Client, open_market: Farm) -> None:
    halt(open_market)

    page = text_of(trader.get(address(open_market)))
    confirm(trader, open_market)

    assert "The account is HALTED. Your own exit goes out all the same" in page
    assert len(exits()) == 1


def test_a_position_without_a_price_is_said(trader: Client, open_market: Farm) -> None:
    Quote.objects.all().delete()

    assert "There is no price of AAPL" in text_of(trader.get(address(open_market)))


def test_a_busy_account_is_asked_again_with_the_same_key(
    trader: Client, open_market: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**given: object) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(views, "close_position", busy)

    assert "The account is busy and nothing was ordered." in text_of(confirm(trader, open_market))


def test_only_traders_close_and_only_their_own(
    client: Client, trader: Client, busy: Farm, wall: datetime
) -> None:
    viewer = make_user("viewer")
    viewer.role, viewer.desk = "viewer", busy.owner
    viewer.save()
    other = make_farm(owner=make_user("other"), wall=wall)
    watching = Client()
    watching.force_login(viewer)

    assert watching.get(address(busy)).status_code == 403
    assert confirm(watching, busy).status_code == 403
    assert trader.get(address(other)).status_code == 404
    assert trader.post(address(other), {"key": "1"}).status_code == 404


def test_few_queries(
    trader: Client, busy: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trader.get(address(busy))
    with django_assert_max_num_queries(12):
        trader.get(address(busy), headers={"HX-Request": "true"})


def cancel_address(order: Order) -> str:
    return reverse("order-cancel", args=[order.id])


def at_work(farm: Farm, state: OrderState) -> Order:
    return Order.objects.get(account=farm.account, state=state)


def test_an_order_that_waits_is_ended_unsent(trader: Client, busy: Farm) -> None:
    order = at_work(busy, OrderState.APPROVED)

    page = text_of(trader.get(cancel_address(order)))
    trader.post(cancel_address(order))

    order.refresh_from_db()
    assert "It has not been sent and never will be." in page
    assert (order.state, order.problem) == (
        OrderState.EXPIRED_LOCAL,
        "Canceled by person:trader before it was sent.",
    )


def test_an_order_at_the_exchange_is_canceled_there(trader: Client, busy: Farm) -> None:
    order = at_work(busy, OrderState.OPEN)
    PaperOrder.objects.create(
        client_order_id=order.client_order_id,
        account_key=busy.account.id,
        feed_name=busy.account.feed_id,
        instrument_key=order.instrument_id,
        side=order.side,
        quantity=order.quantity,
        worst_price=1,
        order_type="limit",
        limit_price=1,
        fee_rate=0,
        slippage_bps=0,
        seed=1,
        state=PaperOrder.State.OPEN,
        placed_at=MARKET_NOW,
    )

    answer = trader.post(cancel_address(order), follow=True)
    SendingLoop(clock=SystemClock(), stopping=lambda: False).work()

    assert "The exchange is asked to cancel it" in text_of(answer)
    assert PaperOrder.objects.get().state == PaperOrder.State.CANCELED


def test_an_order_of_unknown_outcome_waits(trader: Client, busy: Farm) -> None:
    order = at_work(busy, OrderState.UNKNOWN)

    answer = trader.post(cancel_address(order), follow=True)

    assert "its outcome is not known yet" in text_of(answer)


def test_the_order_of_somebody_else_is_not_found(trader: Client, wall: datetime) -> None:
    other = make_farm(owner=make_user("other"), wall=wall)
    order = Order.objects.create(
        id=key("theirs"),
        account=other.account,
        instrument=other.instruments["AAPL"],
        intent_key="theirs",
        client_order_id="theirs",
        source=Source.PERSON,
        side=Side.BUY,
        quantity=1,
        expected_price=1,
        worst_price=1,
        state=OrderState.APPROVED,
        epoch=0,
        as_of=MARKET_NOW,
        approved_at=wall,
        expires_at=wall,
    )

    assert trader.get(cancel_address(order)).status_code == 404
    assert trader.post(cancel_address(order)).status_code == 404
    assert trader.post(reverse("order-cancel", args=[key("none")])).status_code == 404
