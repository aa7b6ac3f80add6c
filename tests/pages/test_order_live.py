"""The pages of an order and of a position follow what happens, and send no more than that."""

from uuid import UUID

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.pages import told
from tests.pages.farms import Farm, make_farm, make_user, set_price
from tests.pages.following import events, may_follow, sent
from trading.domain.states import Side
from trading.models import Order
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.live import Change

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


def bought() -> Order:
    return Order.objects.get(side=Side.BUY)


def of_order(market: Farm, order: Order, change: Change) -> str:
    return sent(market, change, view="order", subject=order.id)


def of_position(market: Farm, change: Change) -> str:
    return sent(market, change, view="position", subject=market.instruments["AAPL"].id)


def test_only_the_owner_may_follow_them(market: Farm) -> None:
    told.traded(market)
    other = make_farm(owner=make_user("other"), wall=market.wall, name="Other")
    order, apple = bought(), market.instruments["AAPL"]

    assert may_follow(market, view="order", subject=order.id)
    assert may_follow(market, view="position", subject=apple.id)
    assert not may_follow(other, view="order", subject=order.id)
    assert not may_follow(other, view="position", subject=apple.id)
    for view in ("order", "position"):
        assert not may_follow(market, view=view, subject=UUID(int=1))
        assert not may_follow(market, view=view, subject=None)


def test_an_order_is_told_anew_when_it_is_filled(market: Farm) -> None:
    told.thought(market)
    before = events(market)[-1].seq
    order = bought()
    told.send(market)

    text = of_order(market, order, Change(events(market, after=before), prices=False))

    assert '<div id="order-told" hx-swap-oob="morph">' in text
    assert "filled</span>" in text
    assert text.count("hx-swap-oob") == 1


def test_an_exit_of_what_it_bought_is_told(market: Farm) -> None:
    told.traded(market)
    before = events(market)[-1].seq
    order = bought()
    told.stopped_out(market)

    text = of_order(market, order, Change(events(market, after=before), prices=False))

    assert "fired and done" in text


def test_another_order_sends_nothing(market: Farm) -> None:
    told.traded(market)
    other = JournalEvent(kind="order.filled", subject=f"order:{UUID(int=1)}", entry="{}")

    assert of_order(market, bought(), Change((other,), prices=False)) == ""


def test_prices_send_what_is_left_of_it_and_no_more(market: Farm) -> None:
    told.traded(market)
    set_price(market, "AAPL", "41.34")

    text = of_order(market, bought(), Change((), prices=True))

    assert '<section class="panel" id="after"' in text
    assert "153.55" in text
    assert "order-told" not in text


def test_prices_change_nothing_of_an_order_that_was_sold(market: Farm) -> None:
    told.traded(market)
    told.stopped_out(market)

    assert of_order(market, bought(), Change((), prices=True)) == ""


def test_a_position_is_told_anew_by_trading(market: Farm) -> None:
    told.traded(market)
    before = events(market)[-1].seq
    told.stopped_out(market)

    text = of_position(market, Change(events(market, after=before), prices=True))

    assert '<div id="position-told" hx-swap-oob="morph">' in text
    assert ">flat</span>" in text
    assert text.count("hx-swap-oob") == 1


def test_prices_send_the_figures_and_the_gauge_of_a_position(
    market: Farm, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told.traded(market)
    set_price(market, "AAPL", "41.34")

    with django_assert_num_queries(3):
        text = of_position(market, Change((), prices=True))

    assert '<section class="panel" id="position-now"' in text
    assert '<div id="position-gauge" hx-swap-oob="morph"><div class="gauge">' in "".join(
        line.strip() for line in text.splitlines()
    )
    assert "41.34" in text
    assert "position-told" not in text


def test_prices_change_nothing_of_a_flat_position(market: Farm) -> None:
    told.traded(market)
    told.stopped_out(market)

    assert of_position(market, Change((), prices=True)) == ""


@pytest.mark.parametrize("view", ["order", "position"])
def test_who_comes_back_gets_the_whole_page(market: Farm, view: str) -> None:
    told.traded(market)
    subject = bought().id if view == "order" else market.instruments["AAPL"].id

    text = sent(market, Change((), prices=False, first=True), view=view, subject=subject)

    assert f'id="{view}-told"' in text


def test_the_pages_name_their_views(trader: Client, market: Farm) -> None:
    told.traded(market)
    order, apple = bought(), market.instruments["AAPL"]

    assert f"view=order&amp;subject={order.id}" in (
        trader.get(f"/orders/{order.id}/").content.decode()
    )
    assert f"view=position&amp;subject={apple.id}" in (
        trader.get(f"/positions/{apple.id}/").content.decode()
    )
