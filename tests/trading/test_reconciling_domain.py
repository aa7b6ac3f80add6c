"""What counts as a difference between two books, and what at an exchange is not ours."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.venues import found
from trading.domain.exchange import FoundTrade, Trade
from trading.domain.reconciling import (
    Difference,
    Held,
    compare,
    foreign_orders,
    foreign_trades,
    persisted,
)
from trading.domain.states import Side

CENT = Decimal("0.01")
quantities = st.decimals(0, 10**6, places=4, allow_nan=False)


def held(asset, quantity, step="0.01"):
    return Held(asset, Decimal(quantity), Decimal(step))


def traded(trade_id, *, client="", order="x-1", second=0):
    trade = Trade(
        trade_id,
        Decimal(1),
        Decimal(100),
        Decimal(0),
        datetime(2001, 3, 7, 1, 1, second, tzinfo=UTC),
    )
    return FoundTrade(client, order, "AAPL", Side.BUY, trade)


def test_books_that_hold_the_same_agree():
    assert compare(ours=[held("USD", 10), held("AAPL", 5)], theirs=both(10, 5)) == ()


def both(dollars, shares):
    return {"USD": Decimal(dollars), "AAPL": Decimal(shares)}


def test_a_difference_of_one_step_is_none_and_of_more_is_one():
    assert compare(ours=[held("AAPL", 5, "1")], theirs={"AAPL": Decimal(6)}) == ()
    (difference,) = compare(ours=[held("AAPL", 5, "1")], theirs={"AAPL": Decimal("6.5")})

    assert difference.sentence == "AAPL: 5 here, 6.5 at the exchange"


def test_what_only_the_exchange_has_differs_and_what_it_lacks_does():
    found_both = compare(ours=[held("AAPL", 5)], theirs={"BTC": Decimal(2)})

    assert found_both == (
        Difference("AAPL", Decimal(5), Decimal(0)),
        Difference("BTC", Decimal(0), Decimal(2)),
    )


def test_two_instruments_of_one_asset_count_together():
    ours = [held("BTC", 1), held("BTC", 2)]

    assert compare(ours=ours, theirs={"BTC": Decimal(3)}) == ()


@given(st.dictionaries(st.sampled_from("ABCDE"), quantities))
def test_a_book_never_differs_from_itself(books):
    ours = [Held(asset, quantity, CENT) for asset, quantity in books.items()]

    assert compare(ours=ours, theirs=books) == ()


@given(quantities, quantities)
def test_more_than_a_step_is_always_seen(ours, theirs):
    differences = compare(ours=[Held("A", ours, CENT)], theirs={"A": theirs})

    assert bool(differences) is (abs(ours - theirs) > CENT)


def test_orders_and_trades_whose_client_id_is_not_ours_are_foreign():
    orders = [found("tfp1"), found("theirs"), found("")]
    trades = [traded("b", second=2), traded("a", second=1), traded("ours", client="tfp1")]

    assert [each.client_order_id for each in foreign_orders(orders, ours={"tfp1"})] == [
        "theirs",
        "",
    ]
    grouped = foreign_trades(trades, ours={"tfp1"})
    assert [each.trade.trade_id for each in grouped["x-1"]] == ["a", "b"]


def test_a_difference_persists_when_it_was_the_same_before():
    now, before = Difference("A", Decimal(1), Decimal(2)), Difference("B", Decimal(1), Decimal(2))

    assert persisted([now, before], before=[before]) == (before,)
