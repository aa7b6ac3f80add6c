"""What a fill does to an account: nothing is lost to rounding, and nothing flips."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import APPLE, IBM, PRICE, book, held, limited, lot
from trading.domain.book import Book, Holding, Usage, apply
from trading.domain.ledger import Oversold, TradeReport
from trading.domain.states import Side


def bought(quantity, price, fee="0", *, of=APPLE):
    return TradeReport(of, Side.BUY, Decimal(quantity), Decimal(price), Decimal(fee))


def sold(quantity, price, fee="0", *, of=APPLE):
    return TradeReport(of, Side.SELL, Decimal(quantity), Decimal(price), Decimal(fee))


def test_a_buy_moves_cash_into_cost_with_its_fee():
    after = apply(book(), bought(10, 100, "1"))

    assert after.cash == 98_999
    assert after.holding(APPLE).position == lot(10, 1_001, fees="1")
    assert after.holding(APPLE).share == lot(10, 1_001, fees="1")


def test_a_sell_realises_its_proceeds_less_the_cost_in_proportion():
    before = apply(book(), bought(10, 100, "1"))

    after = apply(before, sold(4, 110, "0.5"))

    assert after.cash == Decimal("99438.5")
    assert after.holding(APPLE).position == lot(6, "600.6", "39.1", "1.5")


def test_more_cannot_be_sold_than_the_asker_holds():
    account = book(holding=held(10, of_all=50))

    with pytest.raises(Oversold):
        apply(account, sold(20, 100))


def test_another_instrument_is_left_alone():
    account = book(holding=held(10))

    after = apply(account, bought(1, 50, of=IBM))

    assert after.holding(APPLE) == account.holding(APPLE)
    assert after.holding(IBM).position.quantity == 1


def test_equity_counts_positions_at_their_last_price_and_at_cost_without_one():
    account = book(holding=held(10), holdings={IBM: held(5, 70)}, cash=Decimal(100))

    assert account.equity == 100 + 10 * 100 + 70


def test_the_agents_profit_is_what_it_sold_for_and_what_it_holds():
    share = lot(10, 900, realised="-50")
    account = book(holding=Holding(position=lot(99, 1), share=share))

    assert account.agent_pnl == 10 * 100 - 900 - 50
    assert share.unrealised(Decimal(95)) == 50


def test_a_book_is_given_the_asking_agents_permission():
    account = book(limits=None)

    permitted = account.permitted(limits=limited(max_daily_entries=7), usage=Usage(entries=2))

    assert permitted.limits is not None
    assert permitted.limits.max_daily_entries == 7
    assert permitted.usage.entries == 2
    assert account.limits is None


AMOUNT = st.decimals(min_value="0.00001", max_value=1_000, places=5)
COURSE = st.lists(
    st.tuples(
        st.sampled_from(Side),
        AMOUNT,
        st.decimals(min_value="0.01", max_value=5_000, places=2),
        st.decimals(min_value=0, max_value=20, places=8),
        st.sampled_from([APPLE, IBM]),
    ),
    max_size=12,
)


def _walk(account: Book, course):
    """Every trade of the course that does not oversell."""
    for side, quantity, price, fee, instrument in course:
        free = account.holding(instrument).share.quantity
        if side is Side.SELL:
            quantity = min(quantity, free)
        if quantity > 0:
            account = apply(account, TradeReport(instrument, side, quantity, price, fee))
    return account


@given(COURSE)
def test_cash_and_cost_less_what_was_realised_are_the_deposits_to_the_last_decimal(course):
    after = _walk(book(cash=Decimal(1_000_000), prices={}), course)

    positions = [holding.position for holding in after.holdings.values()]
    cost = sum(position.cost for position in positions)
    realised = sum(position.realised for position in positions)
    assert after.cash + cost - realised == 1_000_000


@given(COURSE)
def test_a_flat_position_has_no_cost_and_no_position_has_a_negative_one(course):
    after = _walk(book(cash=Decimal(1_000_000)), course)

    for holding in after.holdings.values():
        assert holding.position.quantity >= 0
        assert holding.position.cost >= 0
        if holding.position.quantity == 0:
            assert holding.position.cost == 0


@given(COURSE)
def test_equity_is_deposits_and_profit(course):
    price = replace(PRICE, last=Decimal("123.45"))
    after = _walk(book(cash=Decimal(1_000_000), price=price, prices={IBM: price}), course)

    profit = sum(
        holding.position.realised + holding.position.unrealised(price.last)
        for holding in after.holdings.values()
    )
    assert after.equity == 1_000_000 + profit
