"""The page of one position, and what both pages keep from strangers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Execution
from market.models import Quote
from tests.pages import stories, told
from tests.pages.farms import Farm, key, make_farm, make_user
from tests.pages.reading import text_of
from tests.pages.trades import address_of, bought, markup
from trading.domain.states import OrderState, Side
from trading.models import Account, Order, Position, PositionShare, Protection
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


def test_a_position_shows_every_kind_of_protection(trader: Client, busy: Farm) -> None:
    stop = Protection.objects.get(kind="stop_loss", instrument=busy.instruments["AAPL"])
    values = vars(stop) | {"kind": "trailing_stop", "trailing_pct": 5, "highest": 41}
    for kind, changes in (
        ("trailing_stop", {}),
        ("time_exit", {"price": None, "trailing_pct": None, "due_at": busy.wall}),
    ):
        row = {name: value for name, value in (values | changes).items() if name[0] != "_"}
        Protection.objects.create(**(row | {"id": key(kind), "kind": kind}))

    page = text_of(trader.get(address_of(busy)))

    assert "Trailing stop at 36.90 5.00 % below 41.00 armed" in page
    assert "Time exit on" in page


def test_a_position_says_for_how_long_no_stop_covered_it(trader: Client, busy: Farm) -> None:
    PositionShare.objects.update(
        unprotected_since=busy.wall - timedelta(minutes=3), unprotected_seconds=Decimal("12.5")
    )

    page = text_of(trader.get(address_of(busy)))

    assert "for 3 min 12.5 s before" in page
    assert "Protect … the part of Technical" in page


def test_a_position_says_what_it_is_and_what_it_brought(trader: Client, market: Farm) -> None:
    told.traded(market)
    Quote.objects.filter(instrument=market.instruments["AAPL"]).update(last=Decimal("41.34"))

    page = text_of(trader.get(address_of(market)))

    assert "Position in AAPL open Close" in page
    assert "Quantity 160 Average cost 40.38 Price now 41.34" in page
    assert "Unrealised, USD ▲+153.55 ▲+2.38 % Realised, USD 0.00 Together, USD ▲+153.55" in page
    assert "Technical 160 40.38 0 0.00 6.45" in page
    assert "Stop-loss at 38.90 armed" in page


def test_a_closed_position_keeps_its_round_trips(trader: Client, market: Farm) -> None:
    told.traded(market)
    told.stopped_out(market)

    answer = trader.get(address_of(market))

    page = text_of(answer)
    assert "Position in AAPL flat" in page
    assert "14 Mar, 15:30 15 Mar, 14:30 160 40.34 38.58 ▼-294.23 12.63 stop-loss" in page
    assert "2 that ended" in page
    assert "Nothing is held, so nothing is protected." in page
    assert reverse("position-close", args=[market.account.id, bought().instrument_id]) not in (
        answer.content.decode()
    )


def test_a_position_links_its_orders_and_their_decisions(trader: Client, market: Farm) -> None:
    execution = told.traded(market)

    page = markup(trader, address_of(market))

    assert f'"{reverse("order", args=[bought().id])}"' in page
    assert f'"{reverse("execution", args=[execution.id])}"' in page


def test_only_a_trader_is_offered_to_close(trader: Client, market: Farm) -> None:
    told.traded(market)
    close = reverse("position-close", args=[market.account.id, bought().instrument_id])

    assert close in markup(trader, address_of(market))
    User.objects.update(role=Role.VIEWER)
    assert close not in markup(trader, address_of(market))


def test_a_position_without_a_stop_says_so(trader: Client, farm: Farm) -> None:
    stories.hold(farm, symbol="IBM", quantity=140, cost="91.87")

    page = text_of(trader.get(address_of(farm, "IBM")))

    assert "no stop" in page


def test_what_was_never_held_has_no_page(trader: Client, market: Farm) -> None:
    assert trader.get(address_of(market, "GOOG")).status_code == 404


@pytest.mark.parametrize("account", ["nonsense", "00000000-0000-4000-8000-00000000dead"])
def test_an_account_that_is_none_is_not_found(trader: Client, market: Farm, account: str) -> None:
    told.traded(market)
    position = reverse("position", args=[bought().instrument_id])

    assert trader.get(f"{position}?account={account}").status_code == 404


def test_things_of_somebody_else_are_not_found(client: Client, market: Farm) -> None:
    told.traded(market)
    other = make_farm(owner=make_user("other"), wall=market.wall, name="Other")
    client.force_login(other.owner)

    assert client.get(reverse("order", args=[bought().id])).status_code == 404
    assert client.get(address_of(market)).status_code == 404
    position = reverse("position", args=[bought().instrument_id])
    assert client.get(position).status_code == 404
    assert Account.objects.count() == 2


@pytest.mark.parametrize("many", [1, 30])
def test_the_pages_ask_no_more_than_twelve_times(
    trader: Client,
    market: Farm,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    many: int,
) -> None:
    told.traded(market)
    told.stopped_out(market)
    for _ in range(many):
        sold = stories.make_order(
            market, symbol="AAPL", side=Side.BUY, quantity=1, price="40", state=OrderState.FILLED
        )
        stories.fill(market, sold, price="40")
    addresses = [
        address_of(market),
        *(reverse("order", args=[order.id]) for order in Order.objects.all()[:3]),
    ]
    for address in addresses:
        trader.get(address)

        with django_assert_max_num_queries(12):
            trader.get(address)


def test_reasons_of_agents_are_text_and_never_markup(trader: Client, market: Farm) -> None:
    evil = "<script>alert(1)</script>"
    told.traded(market, technical=told.BUY | {"reasoning": evil, "strategy": "<b>x</b>"})

    order = markup(trader, reverse("order", args=[bought().id]))
    position = markup(trader, address_of(market))

    assert "<script>alert" not in order
    assert "<b>x" not in order + position
    assert "&lt;script&gt;alert(1)" in order
    assert Execution.objects.count() == Position.objects.count() == 1
