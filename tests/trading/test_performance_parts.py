"""Whose money, and since when: deposits are no profit, and each agent has a record of its own."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid5

import pytest

from market.models import Instrument, Split
from tests.factories import make_desk, make_instrument, make_quote, wall
from tests.trading.measuring import (
    amount,
    bought,
    close,
    closed,
    measured,
    noon,
    second,
    sold,
    told,
)
from tests.trading.steps import report, sent
from trading.domain.states import OrderState, Source
from trading.models import Order, Permission
from trading.services.cash import deposit, withdraw
from trading.services.fills import ingest
from trading.services.splits import book_splits

pytestmark = pytest.mark.django_db

# Deposits


def paid(move, desk, amount, **currency):
    """A deposit or a withdrawal of the account, booked now."""
    move(
        account_id=desk.account.id,
        amount=Decimal(amount),
        reference=f"{amount}",
        reason="test",
        actor="test",
        at=wall(),
        **currency,
    )


def test_a_deposit_is_no_profit_and_no_return():
    desk = make_desk()
    closed(desk, 0, 100)
    measured(desk, now=close(0))
    paid(deposit, desk, 50_000)
    bought(desk, 10, day=1, price=100)
    measured(desk, now=noon(1))
    closed(desk, 1, 110)

    measured(desk, now=close(1))

    found = told(desk, 1)
    assert (found["equity"], found["pnl"], found["paid_in"]) == ("150100", "100", "50000")
    assert found["total_return"] == "0.001000"


def test_a_withdrawal_among_several_days_is_found_by_the_jump_of_equity():
    desk = make_desk()
    bought(desk, 100, day=0, price=100)
    closed(desk, 0, 100)
    measured(desk, now=close(0))
    closed(desk, 1, 103)
    paid(withdraw, desk, 20_000)
    closed(desk, 2, 101)
    closed(desk, 3, 102)

    measured(desk, now=close(3))

    assert [told(desk, day)["paid_in"] for day in (1, 2, 3)] == ["0", "-20000", "0"]
    assert told(desk, 3)["max_drawdown"] == f"{200 / 100_300:.6f}"
    assert told(desk, 3)["pnl"] == "200"


def test_a_deposit_of_another_currency_moves_no_equity():
    desk = make_desk()
    measured(desk, now=noon(0))
    paid(deposit, desk, 3, currency="BNB")

    measured(desk, now=noon(1))

    assert told(desk, 1)["paid_in"] == "0"


# Agents


@pytest.mark.parametrize(
    ("limits", "money"),
    [
        ({"agent_allocation_value": Decimal(8_000), "agent_allocation_pct": Decimal(10)}, "8000"),
        ({"agent_allocation_pct": Decimal(30)}, "30000"),
        ({"agent_allocation_pct": None}, "50000"),
    ],
)
def test_an_agents_money_is_its_value_else_its_part_else_an_equal_one(limits, money):
    desk = make_desk(limits=limits)
    second(desk)
    bought(desk, 10, day=0, price=100)
    make_quote(desk.instrument, "101")

    measured(desk, now=noon(0))

    agent = told(desk, 0, desk.permission)
    assert agent["equity"] == str(int(money) + 10)
    assert agent["total_return"] == f"{10 / int(money):.6f}"


def test_its_money_stays_what_it_was_when_it_began():
    desk = make_desk(limits={"agent_allocation_value": Decimal(8_000)})
    bought(desk, 10, day=0, price=100)
    measured(desk, now=noon(0))
    Permission.objects.update(agent_allocation_value=Decimal(4_000))

    measured(desk, now=noon(1))

    assert told(desk, 1, desk.permission)["equity"] == "8000"


def test_two_agents_in_one_instrument_have_trips_of_their_own():
    desk = make_desk()
    other = second(desk)
    bought(desk, 10, day=0, price=100)
    bought(other, 5, day=0, price=95)
    sold(desk, 10, day=1, price=110)
    closed(desk, 1, 115)

    measured(desk, now=close(1))

    first, later = told(desk, 1, desk.permission), told(desk, 1, other.permission)
    assert (first["round_trips"], first["pnl"]) == (1, "100")
    assert (later["round_trips"], later["open_trips"], later["pnl"]) == (0, 1, "100")
    assert (told(desk, 1)["round_trips"], told(desk, 1)["pnl"]) == (0, "200")


def test_two_agents_measured_each_day_are_known_to_the_last_decimal():
    desk = make_desk()
    other = second(desk, symbol="IBM")
    bought(desk, 10, day=0, price=100)
    bought(other, 10, day=0, price=100)
    make_quote(other.instrument, "95")
    closed(desk, 0, 130)

    measured(desk, now=close(0))

    assert told(desk, 0, desk.permission)["unrealised"] == "300"
    assert told(desk, 0, other.permission)["unrealised"] == "-50"


def test_a_split_is_no_profit_of_anybody():
    desk = make_desk()
    other = second(desk)
    bought(desk, 3, day=0, price=100)
    bought(other, 6, day=0, price=100)
    on = noon(1).date()
    Split.objects.create(instrument=desk.instrument, effective_on=on, numerator=3, denominator=2)
    answers = book_splits(account_id=desk.account.id, on=on, now=noon(0.9), at=wall())
    assert [answer.outcome for answer in answers] == ["BOOKED"]
    make_quote(desk.instrument, "70")
    sold(other, 9, day=1, price=70)

    measured(desk, now=noon(1))

    found = told(desk, 1, other.permission)
    assert (found["round_trips"], found["pnl"]) == (1, "30")
    held = told(desk, 1, desk.permission)
    assert (held["open_trips"], held["trades"]) == (1, 1)
    assert amount(told(desk, 1)["pnl"]) == 30 + amount(held["pnl"])


def sold_by_people(desk, quantity, *, price):
    """A sell at the exchange itself that nobody here had ordered: it takes from the agents."""
    order = Order.objects.create(
        id=uuid5(desk.account.id, "external"),
        account=desk.account,
        instrument=desk.instrument,
        intent_key="external",
        client_order_id="external",
        source=Source.EXTERNAL,
        side="sell",
        quantity=quantity,
        expected_price=0,
        worst_price=0,
        state=OrderState.OPEN,
        epoch=0,
        as_of=noon(0),
        approved_at=wall(),
        attempt_at=wall(),
        expires_at=wall(),
    )
    trade = ("external", quantity, price, "0", noon(0.1))
    ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())


def test_what_people_sold_of_an_agents_shares_ends_its_trip_without_profit_or_loss():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    sold_by_people(desk, 10, price=130)
    bought(desk, 5, day=1, price=100)
    sold(desk, 5, day=1.1, price=90)

    measured(desk, now=noon(1.1))

    agent, account = told(desk, 1, desk.permission), told(desk, 1)
    assert (agent["round_trips"], agent["open_trips"], agent["pnl"]) == (2, 0, "-50")
    assert (agent["wins"], agent["losses"]) == (0, 1)
    assert (account["round_trips"], account["pnl"]) == (2, "250")


def with_fee(desk, request, quantity, price, *, fee, currency):
    order = sent(desk, request)
    trade = replace(
        report(order, ("t", quantity, price, fee, noon(0))).trades[0], fee_currency=currency
    )
    told_of = replace(report(order, state=OrderState.FILLED), trades=(trade,))
    ingest(order_id=order.id, report=told_of, at=wall())


@pytest.mark.parametrize(
    ("fee", "currency", "held"), [("0.01", "AAPL", "9.99"), ("0.02", "BNB", "10")]
)
def test_a_trip_with_a_fee_in_another_currency_ends_when_all_that_is_left_is_sold(
    fee, currency, held
):
    desk = make_desk()
    make_quote(make_instrument("BNB/USD"), "300")
    with_fee(desk, desk.buy(10), 10, "100", fee=fee, currency=currency)
    Instrument.objects.update(lot_size=Decimal("0.01"))
    sold(desk, Decimal(held), day=0.1, price=100)

    measured(desk, now=noon(0.1))

    found = told(desk, 0, desk.permission)
    assert (found["round_trips"], found["open_trips"]) == (1, 0)
    assert found["won"] == "0"
    assert amount(found["lost"]) == amount(found["pnl"]) < 0
    assert amount(found["fees"]) == Decimal(fee) * (100 if currency == "AAPL" else 300)
