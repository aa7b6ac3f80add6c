"""Rows of ccxt as values of ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.exchange import Trade
from trading.domain.states import OrderState, OrderType, Side
from trading.exchanges.ccxt.reading import (
    BadRow,
    TradeRow,
    balances,
    least_offset,
    order_row,
    report,
    state_of,
    told_apart,
    trade_row,
)
from trading.exchanges.ccxt.venues import BINANCE, COINBASE, KRAKEN

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OPEN, PARTIAL = OrderState.OPEN, OrderState.PARTIALLY_FILLED
FILLED, CANCELED, EXPIRED = OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED
ROW = {
    "id": "1001",
    "clientOrderId": "tfl1",
    "symbol": "BTC/USDT",
    "side": "buy",
    "amount": "10",
    "filled": "0",
    "price": "95",
    "type": "limit",
    "timestamp": 1772409600000,
    "info": {"status": "NEW"},
}
TRADE = {
    "id": "71",
    "order": "1001",
    "symbol": "BTC/USDT",
    "side": "buy",
    "amount": "4",
    "price": "95",
    "timestamp": 1772409600000,
    "fee": {"cost": "0.1", "currency": "BNB"},
    "takerOrMaker": "maker",
    "info": {},
}


def read(*, terms=BINANCE, **changes):
    return order_row(ROW | changes, terms=terms)


def read_trade(**changes):
    return trade_row(TRADE | changes, base_currency="USDT", terms=BINANCE)


def traded(number, quantity, *, trade_id=None, order="1001", seconds=0):
    made = Trade(
        trade_id=f"t{number}" if trade_id is None else trade_id,
        quantity=Decimal(quantity),
        price=Decimal(95),
        fee=Decimal(0),
        as_of=NOW + timedelta(seconds=seconds or number),
    )
    return TradeRow(order, "", "BTC/USDT", Side.BUY, made)


# ---------------------------------------------------------------------------------- orders


def test_an_order_is_read_exactly():
    order = read(amount="0.12345678", price="95.10", filled="0.1")

    assert (order.quantity, order.filled) == (Decimal("0.12345678"), Decimal("0.1"))
    assert order.limit_price == Decimal("95.10")
    assert order.placed_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert order.word == "NEW"


@pytest.mark.parametrize("missing", ["id", "symbol", "side", "amount", "timestamp", "info"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_an_order_without_what_it_needs_is_none(missing, nothing):
    with pytest.raises(BadRow):
        read(**{missing: nothing})


@pytest.mark.parametrize(
    "broken",
    [
        {"amount": 10.5},
        {"amount": "ten"},
        {"amount": "NaN"},
        {"filled": 0.5},
        {"side": "both"},
        {"timestamp": "yesterday"},
        {"price": "Infinity"},
    ],
)
def test_an_order_with_nonsense_in_it_is_none(broken):
    with pytest.raises(BadRow):
        read(**broken)


def test_a_market_order_has_no_limit_though_ccxt_puts_its_average_there():
    order = read(type="market", price="95")

    assert (order.order_type, order.limit_price) == (OrderType.MARKET, None)


@pytest.mark.parametrize(
    ("told", "order_type"),
    [
        ({}, OrderType.LIMIT),
        ({"triggerPrice": "96"}, OrderType.STOP_LIMIT),
        ({"stopLossPrice": "96"}, OrderType.STOP_LIMIT),
        ({"type": "market", "triggerPrice": "96"}, OrderType.STOP),
    ],
)
def test_the_kind_of_an_order_is_told_by_its_trigger(told, order_type):
    assert read(**told).order_type is order_type


def test_a_number_of_the_user_at_kraken_is_no_client_id():
    order = read(terms=KRAKEN, clientOrderId="0", info={"status": "open", "userref": 0})

    assert order.client_order_id == ""


def test_the_size_of_an_order_that_ccxt_does_not_know_stands_in_its_terms():
    info = {"status": "OPEN", "order_configuration": {"trigger_bracket_gtc": {"base_size": "3"}}}

    assert read(terms=COINBASE, amount=None, info=info).quantity == 3
    with pytest.raises(BadRow):
        read(terms=COINBASE, amount=None, info={"order_configuration": {"x": None}})


# ---------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("word", "filled", "sum_of_trades", "state"),
    [
        ("NEW", "0", "0", OPEN),
        ("PARTIALLY_FILLED", "4", "4", PARTIAL),
        ("PARTIALLY_FILLED", "4", "0", PARTIAL),
        ("NEW", "0", "4", PARTIAL),
        ("FILLED", "10", "10", FILLED),
        ("FILLED", "10", "4", PARTIAL),
        ("FILLED", "10", "0", PARTIAL),
        ("FILLED", "4", "4", CANCELED),
        ("NEW", "0", "10", FILLED),
        ("CANCELED", "0", "0", CANCELED),
        ("CANCELED", "4", "4", CANCELED),
        ("CANCELED", "4", "0", PARTIAL),
        ("EXPIRED", "4", "4", EXPIRED),
        ("EXPIRED", "0", "0", EXPIRED),
        ("REJECTED", "0", "0", CANCELED),
        ("", "0", "0", OPEN),
        ("PENDING_SOMETHING", "4", "4", PARTIAL),
    ],
)
def test_the_state_of_an_order(word, filled, sum_of_trades, state):
    order = read(filled=filled, info={"status": word})

    assert state_of(order, traded=Decimal(sum_of_trades), terms=BINANCE) is state


SIZES = st.integers(0, 10)


@given(word=st.sampled_from([*BINANCE.endings, "NEW", "ODD"]), filled=SIZES, made=SIZES)
def test_no_order_ends_before_its_trades_are_all_there(word, filled, made):
    order = read(filled=str(filled), info={"status": word})

    state = state_of(order, traded=Decimal(made), terms=BINANCE)

    if state in (FILLED, CANCELED, EXPIRED):
        assert made >= filled
        assert made == 10 or word in BINANCE.endings
    assert (state is FILLED) is (made == 10)


def test_a_report_carries_the_id_that_was_asked_for():
    made = tuple(row.trade for row in (traded(1, 4), traded(2, 6)))

    told = report(read(filled="10"), client_order_id="asked", trades=made, terms=BINANCE)

    assert (told.client_order_id, told.exchange_order_id) == ("asked", "1001")
    assert (told.state, told.trades) == (FILLED, made)


# ---------------------------------------------------------------------------------- trades


def test_a_trade_is_read_exactly():
    trade = read_trade(amount="0.10000001", fee={"cost": "0.00012", "currency": "BNB"}).trade

    assert (trade.quantity, trade.price) == (Decimal("0.10000001"), 95)
    assert (trade.fee, trade.fee_currency) == (Decimal("0.00012"), "BNB")
    assert trade.is_maker


def test_a_fee_in_the_account_s_own_currency_has_no_name():
    assert read_trade(fee={"cost": "1", "currency": "USDT"}).trade.fee_currency == ""


@pytest.mark.parametrize("fee", [None, {}, {"cost": None, "currency": None}])
def test_no_fee_is_nothing(fee):
    trade = read_trade(fee=fee).trade

    assert (trade.fee, trade.fee_currency) == (0, "")


@pytest.mark.parametrize("missing", ["order", "symbol", "side", "amount", "price", "timestamp"])
def test_a_trade_without_what_it_needs_is_none(missing):
    with pytest.raises(BadRow):
        read_trade(**{missing: None})


def test_a_trade_that_comes_twice_counts_once_and_the_oldest_comes_first():
    rows = [traded(2, 1), traded(1, 1), traded(2, 1)]

    assert [row.trade.trade_id for row in told_apart(rows)] == ["t1", "t2"]


def test_trades_of_one_moment_come_by_their_numbers():
    rows = [traded(n, 1, trade_id=str(n), seconds=1) for n in (10, 9, 100)]

    assert [row.trade.trade_id for row in told_apart(rows)] == ["9", "10", "100"]


def test_the_same_number_in_two_orders_is_two_trades():
    rows = [traded(1, 1, trade_id="0"), traded(1, 1, trade_id="0", order="1002")]

    assert len(told_apart(rows)) == 2


def test_a_trade_without_an_id_gets_one_of_its_order_and_what_had_traded():
    rows = [traded(number, 2, trade_id="") for number in (1, 2, 3)]

    names = [row.trade.trade_id for row in told_apart(rows)]

    assert len(set(names)) == 3
    assert all(name.startswith("syn-") and len(name) == 28 for name in names)
    assert [row.trade.trade_id for row in told_apart(reversed(rows))] == names
    assert [row.trade.trade_id for row in told_apart(rows[:2])] == names[:2]


def test_a_trade_told_twice_does_not_change_a_made_up_id():
    rows = [traded(1, 2), traded(2, 3, trade_id="")]

    assert told_apart([rows[0], *rows]) == told_apart(rows)


def test_made_up_ids_differ_between_orders():
    one, other = traded(1, 2, trade_id=""), traded(1, 2, trade_id="", order="1002")

    assert len({row.trade.trade_id for row in told_apart([one, other])}) == 2


@given(quantities=st.lists(st.integers(1, 9), max_size=8), data=st.data())
def test_nothing_is_lost_or_doubled_whatever_the_sequence(quantities, data):
    rows = [
        traded(n, q, trade_id=data.draw(st.sampled_from(["", f"t{n}"])))
        for n, q in enumerate(quantities, start=1)
    ]
    shuffled = data.draw(st.permutations(rows))

    told = told_apart(shuffled)

    assert sum(row.trade.quantity for row in told) == sum(quantities)
    assert told == told_apart(told)
    assert [replace(a, trade=replace(a.trade, trade_id="")) for a in told] == [
        replace(a, trade=replace(a.trade, trade_id="")) for a in rows
    ]


# -------------------------------------------------------------------------------- balances


def test_what_is_not_held_is_missing():
    row = {"total": {"BTC": "1.5", "ETH": "0.0", "USDT": "100.10", "XRP": None}}

    assert balances(row) == {"BTC": Decimal("1.5"), "USDT": Decimal("100.10")}


def test_a_balance_that_is_no_number_is_no_answer():
    with pytest.raises(BadRow):
        balances({"total": {"BTC": 1.5}})


# ------------------------------------------------------------------------------------ clock


@pytest.mark.parametrize(
    ("ahead_ms", "least_ms"),
    [(-5000, -4000), (-1001, -1), (-1000, 0), (-999, 0), (0, 0), (1, 1), (5000, 5000)],
)
def test_a_clock_that_tells_seconds_is_off_by_no_more_than_it_proves(ahead_ms, least_ms):
    told = NOW + timedelta(milliseconds=ahead_ms)

    found = least_offset(told, NOW, step=timedelta(seconds=1))

    assert found == timedelta(milliseconds=least_ms)
