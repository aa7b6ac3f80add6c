"""What an account holds and is worth, in a fixed number of queries."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import NOW, make_desk, make_instrument, make_permission, make_quote, wall
from tests.trading.steps import approved, begun_in_slices, decided, filled, sent
from trading.domain.slicing import Slicing
from trading.domain.states import OrderType, Source, TimeInForce
from trading.exchanges.paper import PaperExchange
from trading.loop.steps import match_unowned
from trading.models import Account, ParentOrder
from trading.selectors.activity import is_settled
from trading.selectors.portfolios import limits_left, portfolio
from trading.services.canceling import cancel_order
from trading.services.recovery import follow_up

pytestmark = pytest.mark.django_db


def limited(desk):
    """An entry of ten that rests below the price."""
    return replace(
        desk.buy(10),
        order_type=OrderType.LIMIT,
        limit_price=Decimal(95),
        time_in_force=TimeInForce.GTC,
    )


def test_an_empty_account_is_worth_its_cash():
    desk = make_desk()

    found = portfolio(account_id=desk.account.id)

    assert (found.equity, found.cash, found.exposure, found.day_pnl) == (100_000, 100_000, 0, 0)
    assert found.positions == ()


def test_a_holding_says_what_it_cost_is_worth_and_is_protected_by():
    desk = make_desk()
    filled(desk, desk.buy(10, take_profit=Decimal(120)), price="100", fee="1")
    make_quote(desk.instrument, "110")

    found = portfolio(account_id=desk.account.id)

    (held,) = found.positions
    assert (held.symbol, held.agent_name, held.quantity) == ("AAPL", "Agent 0", 10)
    assert (held.cost, held.average_cost, held.last, held.value) == (
        1_001,
        Decimal("100.1"),
        110,
        1_100,
    )
    assert held.unrealised == 99
    assert round(held.unrealised_pct, 4) == Decimal("9.8901")
    assert (held.stop_loss, held.take_profit) == (90, 120)
    assert (found.equity, found.day_pnl) == (100_099, 99)


def test_what_was_sold_is_not_held():
    desk = make_desk()
    filled(desk, desk.buy(10))
    filled(desk, desk.sell(10), price="110")

    found = portfolio(account_id=desk.account.id)

    assert (found.positions, found.cash, found.day_pnl) == ((), 100_100, 100)


def test_a_holding_without_a_price_counts_what_it_cost():
    desk = make_desk()
    filled(desk, desk.buy(10), fee="1")
    make_quote(desk.instrument).delete()

    found = portfolio(account_id=desk.account.id)

    assert (found.positions[0].last, found.equity) == (Decimal("100.1"), 100_000)


def test_shares_of_agents_and_of_people_stand_side_by_side():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(10))
    filled(desk, replace(desk.buy(5, key="other"), permission_id=other.id))
    by_hand = replace(desk.buy(2, key="hand"), permission_id=None, source=Source.PERSON)
    filled(desk, by_hand)

    found = portfolio(account_id=desk.account.id)

    assert {(held.agent_name, int(held.quantity)) for held in found.positions} == {
        ("Agent 0", 10),
        ("Agent 1", 5),
        ("By hand", 2),
    }


def test_a_portfolio_takes_four_queries_whatever_it_holds(django_assert_num_queries):
    desk = make_desk()
    for number in range(4):
        instrument = make_instrument(f"I{number}")
        make_quote(instrument)
        filled(desk, replace(desk.buy(1, key=f"{number}"), instrument_id=instrument.id))

    with django_assert_num_queries(4):
        found = portfolio(account_id=desk.account.id)

    assert [held.symbol for held in found.positions] == ["I0", "I1", "I2", "I3"]


def test_an_account_that_does_not_exist_has_no_portfolio():
    with pytest.raises(Account.DoesNotExist):
        portfolio(account_id=UUID(int=1))


def test_what_is_left_of_the_limits_is_told(django_assert_num_queries):
    desk = make_desk(limits={"max_daily_entries": 3, "max_order_value": Decimal(500)})
    approved(desk, desk.buy(1))

    with django_assert_num_queries(1):
        left = limits_left(permission_id=desk.permission.id)

    assert (left["entries_left_today"], left["max_order_value"]) == ("2", "500.00")
    assert left["stop_required"] == "yes"


def test_a_new_day_leaves_all_entries():
    desk = make_desk(limits={"max_daily_entries": 3})
    approved(desk, desk.buy(1))
    Account.objects.update(day="2001-03-08")

    assert limits_left(permission_id=desk.permission.id)["entries_left_today"] == "3"


def test_a_feed_has_settled_when_no_order_is_at_work(django_assert_num_queries):
    desk = make_desk()
    settled = [is_settled(feed_name="prices", now=NOW)]
    decided(desk, desk.buy(1))
    settled.append(is_settled(feed_name="prices", now=NOW))
    sent(desk, replace(desk.buy(2, key="b"), permission_id=None, source=Source.PERSON))
    settled.append(is_settled(feed_name="prices", now=NOW))

    assert settled == [True, False, False]
    assert is_settled(feed_name="another", now=NOW)
    with django_assert_num_queries(2):
        is_settled(feed_name="prices", now=NOW)


def test_a_filled_order_lets_the_feed_go_on():
    desk = make_desk()
    filled(desk, desk.buy(1))

    assert is_settled(feed_name="prices", now=NOW)


def test_an_order_that_rests_as_we_know_it_is_at_rest_until_something_happens_to_it():
    desk, exchange = make_desk(), PaperExchange()
    order = sent(desk, limited(desk), exchange)

    settled = [is_settled(feed_name="prices", now=NOW)]
    make_quote(desk.instrument, "94", as_of=NOW + timedelta(minutes=1))
    match_unowned(account=desk.account, at=wall())
    settled.append(is_settled(feed_name="prices", now=NOW))
    follow_up(account=desk.account, exchange=exchange, at=wall())
    settled.append(is_settled(feed_name="prices", now=NOW))

    order.refresh_from_db()
    assert (settled, order.state) == ([True, False, True], "FILLED")


def test_an_order_that_is_to_be_canceled_is_not_at_rest():
    desk = make_desk()
    order = sent(desk, limited(desk), PaperExchange())

    cancel_order(order_id=order.id, requested_by="Ada", at=wall())

    assert not is_settled(feed_name="prices", now=NOW)


def test_an_account_that_waits_to_be_reconciled_is_not_at_rest():
    make_desk()
    Account.objects.update(is_ready=False)

    assert not is_settled(feed_name="prices", now=NOW)


def test_a_slice_that_is_due_is_waited_for_and_a_later_one_is_not():
    desk = make_desk()
    begun_in_slices(desk, desk.buy(10), Slicing(2, timedelta(minutes=5)))
    feed = desk.account.feed_id

    due = is_settled(feed_name=feed, now=NOW)
    ParentOrder.objects.update(due_at=NOW + timedelta(minutes=5))

    assert (due, is_settled(feed_name=feed, now=NOW)) == (False, True)
