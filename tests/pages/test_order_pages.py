"""The page of one order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages import stories, told
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.trades import bought, markup
from trading.domain.checks import RULES
from trading.domain.states import CancelState, OrderState, Side
from trading.models import Order
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


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
