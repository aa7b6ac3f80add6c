"""The pages of one order and of one position."""

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
from trading.domain.checks import RULES
from trading.domain.states import CancelState, OrderState, Side
from trading.models import Account, Order, Position, PositionShare, Protection
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


def bought() -> Order:
    return Order.objects.get(side=Side.BUY)


def address_of(farm: Farm, symbol: str = "AAPL") -> str:
    position = reverse("position", args=[farm.instruments[symbol].id])
    return f"{position}?account={farm.account.id}"


def markup(trader: Client, address: str) -> str:
    answer = trader.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_order_says_what_who_and_why(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    order = bought()

    answer = trader.get(reverse("order", args=[order.id]))

    page, text = text_of(answer), answer.content.decode()
    assert "buy 160 AAPL filled" in page
    assert "Asked for by Technical : dip. Market time 14 Mar 2005, 15:30." in page
    assert "AAPL fell 2.1 % today within a rising 200-day trend" in page
    assert f'"{reverse("execution", args=[execution.id])}"' in text
    assert f'"{reverse("agent", args=[market.agents["Technical"].id])}"' in text


def test_an_orders_states_come_with_their_times(trader: Client, market: Farm) -> None:
    told.traded(market)
    order = bought()
    assert order.attempt_at is not None
    Order.objects.filter(id=order.id).update(
        approved_at=order.attempt_at - timedelta(milliseconds=1)
    )

    page = text_of(trader.get(reverse("order", args=[order.id])))

    places = [
        page.index(words)
        for words in (
            *("Approved by the risk gate", "1 ms later Claimed, and sent once"),
            *("Accepted by the exchange", "Filled 160 at 40.34", "Ended: filled"),
        )
    ]
    assert places == sorted(places)


def test_an_order_shows_checks_fills_and_its_journal(trader: Client, market: Farm) -> None:
    told.traded(market)

    answer = trader.get(reverse("order", args=[bought().id]))

    page = text_of(answer)
    assert f"All {len(RULES)} checks passed." in page
    assert "160 40.34 6,454.40 6.45" in page
    assert "order.approved agent:Technical" in page
    assert "order.filled sender" in page
    subject = f"{reverse('journal')}?subject=order%3A{bought().id}"
    assert f'"{subject}"' in answer.content.decode()


def test_an_entry_tells_its_protections_and_its_exit(trader: Client, market: Farm) -> None:
    told.traded(market)
    told.stopped_out(market)
    sale = Order.objects.get(side=Side.SELL)

    answer = trader.get(reverse("order", args=[bought().id]))

    page = text_of(answer)
    assert "Stop-loss at 38.90 fired and done" in page
    assert "Take-profit at 44.50 canceled, nothing was left to protect" in page
    assert "Still held of it 0 Realised, USD ▼-294.23" in page
    assert f'"{reverse("order", args=[sale.id])}"' in answer.content.decode()


def test_a_protections_order_leads_to_what_it_protected(trader: Client, market: Farm) -> None:
    told.traded(market)
    told.stopped_out(market)
    sale = Order.objects.get(side=Side.SELL)

    answer = trader.get(reverse("order", args=[sale.id]))

    page = text_of(answer)
    assert (
        "Asked for by a protection, without any model: stop-loss, the stop-loss at 38.90" in page
    )
    assert f'"{reverse("order", args=[bought().id])}"' in answer.content.decode()
    assert "Why it traded" not in page


def test_an_unknown_outcome_says_what_the_exchange_said(trader: Client, market: Farm) -> None:
    told.thought(market)
    Order.objects.update(state=OrderState.SUBMITTING, attempt_at=market.wall)
    Order.objects.update(
        state=OrderState.UNKNOWN, attempt_at=market.wall, problem="No answer within 2 s"
    )

    page = text_of(trader.get(reverse("order", args=[bought().id])))

    assert "unknown, being looked up" in page
    assert "The exchange said: No answer within 2 s" in page
    assert "Nothing has been filled." in page


def test_only_an_order_at_work_can_be_canceled_and_only_by_a_trader(
    trader: Client, market: Farm
) -> None:
    told.thought(market)
    address = reverse("order", args=[bought().id])
    cancel = reverse("order-cancel", args=[bought().id])

    assert cancel in markup(trader, address)
    User.objects.update(role=Role.VIEWER)
    assert cancel not in markup(trader, address)
    User.objects.update(role=Role.TRADER)
    told.send(market)
    assert cancel not in markup(trader, address)


def test_an_order_without_checks_events_or_decision_has_a_page(trader: Client, farm: Farm) -> None:
    order = stories.make_order(
        farm, symbol="IBM", side=Side.BUY, quantity=8, price="92", state=OrderState.OPEN
    )

    page = text_of(trader.get(reverse("order", args=[order.id])))

    assert "buy 8 IBM open" in page
    assert "No event of the journal is about this order." in page


def resting(farm: Farm, **columns: object) -> Order:
    """A limit order that rests at the exchange."""
    order = stories.make_order(
        farm, symbol="IBM", side=Side.BUY, quantity=80, price="92", state=OrderState.OPEN
    )
    values: dict[str, object] = {
        "order_type": "limit",
        "limit_price": Decimal("91.5"),
        "time_in_force": "GTC",
    }
    Order.objects.filter(id=order.id).update(**(values | columns))
    return Order.objects.get(id=order.id)


def test_an_order_says_how_it_is_filled_and_how_long_it_is_good(
    trader: Client, farm: Farm
) -> None:
    order = resting(
        farm,
        order_type="stop_limit",
        stop_price=Decimal("93"),
        time_in_force="DAY",
        good_until=farm.wall,
        trailing_pct=Decimal("2.5"),
        exit_after_seconds=3_600,
    )

    page = text_of(trader.get(reverse("order", args=[order.id])))

    assert "Type stop-limit: a limit order once the last price reaches its stop price" in page
    assert "Limit price 91.50 Stop price 93.00 Good until the day ends (DAY)" in page
    assert "Trailing stop 2.50 % below the highest price" in page
    assert "Time exit 3600 s after the first fill" in page


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CancelState.REQUESTED, "asked for, not yet told to the exchange; by ada"),
        (CancelState.SENT, "asked of the exchange, which has not confirmed it yet; by ada"),
        (CancelState.FAILED, "not taken by the exchange so far; by ada"),
    ],
)
def test_an_order_says_how_far_its_cancel_is(
    trader: Client, farm: Farm, state: CancelState, words: str
) -> None:
    order = resting(farm, cancel_state=state, cancel_requested_by="person:ada")

    assert f"Cancel {words}" in text_of(trader.get(reverse("order", args=[order.id])))


def test_a_cancel_that_came_too_late_says_so(trader: Client, market: Farm) -> None:
    told.traded(market)
    Order.objects.update(cancel_state=CancelState.FAILED, cancel_requested_by="person:ada")

    page = text_of(trader.get(reverse("order", args=[bought().id])))

    assert "Cancel came too late: the order had ended before" in page


def test_a_change_that_is_under_way_is_shown(trader: Client, farm: Farm) -> None:
    order = resting(
        farm,
        cancel_state=CancelState.REQUESTED,
        cancel_requested_by="person:ada",
        amendment={"quantity": "60", "limit_price": "90.75"},
    )

    page = trader.get(reverse("order", args=[order.id]))

    assert "To become quantity 60, limit price 90.75, once the exchange" in text_of(page)
    assert reverse("order-change", args=[order.id]) not in page.content.decode()


def test_orders_that_replaced_each_other_are_linked(trader: Client, farm: Farm) -> None:
    old, new = resting(farm), resting(farm)
    Order.objects.filter(id=new.id).update(replaces=old)

    before = trader.get(reverse("order", args=[old.id])).content.decode()
    after = trader.get(reverse("order", args=[new.id])).content.decode()

    assert f'"{reverse("order", args=[new.id])}">Another order</a> took its place' in before
    assert f'"{reverse("order", args=[old.id])}">an order that was changed</a>' in after


def test_an_order_that_nobody_here_made_says_so(trader: Client, farm: Farm) -> None:
    order = resting(farm, source="external", expected_price=0, worst_price=0)

    page = text_of(trader.get(reverse("order", args=[order.id])))

    assert "Asked for by somebody else, at the exchange itself" in page
    assert "Found at the exchange: nobody here made it" in page
    assert "Expected -" in page


def test_a_report_says_how_long_the_fills_took(trader: Client, market: Farm) -> None:
    told.traded(market)
    order = bought()
    Order.objects.filter(id=order.id).update(
        first_fill_at=order.approved_at + timedelta(seconds=2),
        last_fill_at=order.approved_at + timedelta(seconds=90),
    )

    page = text_of(trader.get(reverse("order", args=[order.id])))

    assert "First fill after 2.0 s last 1 min 30 s" in page


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
