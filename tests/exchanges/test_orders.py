"""What the engine does with each type of order, and what it moves."""

import json
from decimal import Decimal

import ccxt
import pytest

PAIR, NAME = "BTC/USDT", "BTCUSDT"


def place(client, type_, side, quantity, price=None, name=None, **terms):
    if name:
        terms["clientOrderId"] = name
    return client.create_order(PAIR, type_, side, quantity, price, terms)


def state_of(client, order):
    found = client.fetch_order(order["id"], PAIR)
    return found["status"], found["filled"]


def totals(client, *assets):
    balance = client.fetch_balance()["total"]
    return tuple(Decimal(balance[asset]) for asset in assets)


# --------------------------------------------------------------------------------- at once


def test_a_market_order_walks_the_book(venue, client):
    venue.book(NAME, bids=[["99", "1"]], asks=[["100", "0.5"], ["102", "1"]], last="100")

    order = place(client, "market", "buy", "1")

    trades = [(trade["price"], trade["amount"]) for trade in order["trades"]]
    assert trades == [("100.00000000", "0.50000000"), ("102.00000000", "0.50000000")]
    assert (order["status"], Decimal(order["average"])) == ("closed", 101)


def test_a_market_order_larger_than_the_book_expires_with_what_it_got(venue, client):
    venue.book(NAME, bids=[["99", "1"]], asks=[["100", "0.5"]], last="100")

    order = place(client, "market", "buy", "1")

    assert (order["status"], order["filled"]) == ("expired", "0.50000000")


def test_a_market_order_by_cost_spends_no_more_than_that(client):
    order = client.create_market_buy_order_with_cost(PAIR, 1000)

    assert Decimal("999") < Decimal(order["cost"]) <= 1000


def test_a_limit_order_that_crosses_takes_at_the_better_price(client):
    order = place(client, "limit", "buy", "0.01", "60500")

    assert (order["status"], Decimal(order["average"])) == ("closed", Decimal("60000.01"))
    assert client.fetch_balance()["used"]["USDT"] == "0.00000000"


def test_immediate_or_cancel_takes_what_is_there_and_expires(venue, client):
    venue.book(NAME, bids=[["99", "1"]], asks=[["100", "0.4"]], last="100")

    order = place(client, "limit", "buy", "1", "100", timeInForce="IOC")

    assert (order["status"], order["filled"]) == ("expired", "0.40000000")


def test_fill_or_kill_takes_everything_or_nothing(venue, client):
    venue.book(NAME, bids=[["99", "1"]], asks=[["100", "0.4"]], last="100")

    too_large = place(client, "limit", "buy", "1", "100", timeInForce="FOK")
    fitting = place(client, "limit", "buy", "0.4", "100", timeInForce="FOK")

    assert (too_large["status"], too_large["filled"]) == ("expired", "0.00000000")
    assert fitting["status"] == "closed"


def test_a_post_only_order_that_would_take_is_refused(client):
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        place(client, "limit", "buy", "0.01", "60500", postOnly=True)


# ---------------------------------------------------------------------------------- resting


def test_a_resting_order_fills_as_a_maker_at_its_own_price(venue, client):
    order = place(client, "limit", "buy", "0.01", "59000")
    assert state_of(client, order) == ("open", "0.00000000")

    venue.price(NAME, "58000")

    trade = client.fetch_my_trades(PAIR)[0]
    assert state_of(client, order) == ("closed", "0.01000000")
    assert (trade["price"], trade["takerOrMaker"]) == ("59000.00000000", "maker")


def test_a_thin_market_fills_a_resting_order_in_parts(venue, client):
    order = place(client, "limit", "sell", "1", "61000")

    venue.price(NAME, "61001", size="0.3", levels=1)
    first = state_of(client, order)
    venue.price(NAME, "61001")

    assert first == ("open", "0.30000000")
    assert state_of(client, order) == ("closed", "1.00000000")
    assert len(client.fetch_my_trades(PAIR)) == 2


def test_the_market_can_be_made_to_fill_an_exact_part(venue, client):
    order = place(client, "limit", "buy", "0.01", "50000", name="mine")

    venue.fill("mine", quantity="0.004")

    found = client.fetch_order(order["id"], PAIR)
    assert (found["status"], found["info"]["status"]) == ("open", "PARTIALLY_FILLED")
    assert (found["filled"], found["remaining"]) == ("0.00400000", "0.006")


def test_the_venue_can_end_an_order_by_itself(venue, client):
    order = place(client, "limit", "buy", "0.01", "50000", name="mine")

    venue.cancel("mine")

    assert state_of(client, order) == ("expired", "0.00000000")
    assert client.fetch_balance()["used"]["USDT"] == "0.00000000"
    assert venue.log.orders("mine")[0].ended_by == "venue"


# ------------------------------------------------------------------------------------ stops

# The second move touches the stop price exactly.
BELOW, ABOVE = ("59000", "58500"), ("61000", "61500")


@pytest.mark.parametrize(
    ("side", "terms", "moves"),
    [
        ("sell", {"stopLossPrice": "58500"}, BELOW),
        ("buy", {"stopLossPrice": "61500"}, ABOVE),
        ("sell", {"takeProfitPrice": "61500"}, ABOVE),
        ("buy", {"takeProfitPrice": "58500"}, BELOW),
    ],
)
def test_a_stop_waits_for_its_price_and_then_takes(venue, client, side, terms, moves):
    order = place(client, "market", side, "0.01", **terms)
    venue.price(NAME, moves[0])
    before = state_of(client, order)
    venue.price(NAME, moves[1])

    trade = client.fetch_my_trades(PAIR)[0]
    assert before == ("open", "0.00000000")
    assert state_of(client, order) == ("closed", "0.01000000")
    assert trade["takerOrMaker"] == "taker"
    assert abs(Decimal(trade["price"]) - Decimal(moves[1])) == Decimal("0.01")


def test_a_stop_that_is_jumped_over_fills_where_the_market_is(venue, client):
    place(client, "market", "sell", "0.5", stopLossPrice="58500")

    venue.gap(NAME, "-20")

    assert client.fetch_my_trades(PAIR)[0]["price"] == "47999.99000000"


def test_a_stop_limit_that_is_jumped_over_rests_unfilled(venue, client):
    order = place(client, "limit", "sell", "0.5", "58000", stopLossPrice="58500")

    venue.gap(NAME, "-20")

    found = client.fetch_order(order["id"], PAIR)
    assert (found["status"], found["info"]["isWorking"]) == ("open", True)
    assert found["filled"] == "0.00000000"


def test_a_jump_beyond_the_money_of_a_buying_stop_fills_what_it_can_pay(venue, client):
    place(client, "market", "buy", "1.6", stopLossPrice="62000")

    venue.price(NAME, "90000")

    bought = sum(Decimal(trade["amount"]) for trade in client.fetch_my_trades(PAIR))
    assert Decimal("1.111") < bought < Decimal("1.112")
    assert client.fetch_orders(PAIR)[0]["status"] == "expired"


@pytest.mark.parametrize(
    ("side", "terms"),
    [
        ("sell", {"stopLossPrice": "60000"}),
        ("buy", {"stopLossPrice": "59000"}),
        ("sell", {"takeProfitPrice": "59000"}),
        ("buy", {"takeProfitPrice": "61000"}),
    ],
)
def test_a_stop_beyond_the_market_is_refused(venue, client, side, terms):
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        place(client, "market", side, "0.01", **terms)
    assert venue.log.posts()[0].code == -2010


# ----------------------------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("fee_in", "side", "currency", "cost"),
    [
        ("received", "buy", "BTC", "0.00001"),
        ("received", "sell", "USDT", "0.5999999"),
        ("quote", "buy", "USDT", "0.6000001"),
        ("base", "sell", "BTC", "0.00001"),
        ("BNB", "buy", "BNB", "0.00100000"),
    ],
)
def test_fees_are_taken_where_the_account_wants_them(venue, client, fee_in, side, currency, cost):
    venue.account("main", fee_in=fee_in, balances={"BNB": "1"})
    before = totals(client, currency)[0]

    order = place(client, "market", side, "0.01")

    fee = order["trades"][0]["fee"]
    moved = {"BTC": Decimal("0.01"), "USDT": Decimal(order["cost"])}.get(currency, Decimal(0))
    sign = 1 if fee_in == "received" else -1
    assert (fee["currency"], Decimal(fee["cost"])) == (currency, Decimal(cost))
    assert totals(client, currency)[0] == before + sign * moved - Decimal(cost)


def test_a_fee_that_cannot_be_paid_elsewhere_comes_from_what_was_received(venue, client):
    venue.account("main", fee_in="BNB")

    order = place(client, "market", "buy", "0.01")

    assert order["fee"]["currency"] == "BTC"


def test_makers_and_takers_pay_different_rates(venue, client):
    venue.account("main", maker="0", taker="0.002")
    place(client, "market", "buy", "0.01")
    place(client, "limit", "sell", "0.01", "61000")

    venue.price(NAME, "62000")

    costs = [Decimal(trade["fee"]["cost"]) for trade in client.fetch_my_trades(PAIR)]
    assert costs == [Decimal("0.00002"), 0]


def test_balances_follow_from_the_trades_to_the_last_digit(client):
    place(client, "market", "buy", "0.12345")
    place(client, "limit", "sell", "0.1", "59000")

    base, quote = Decimal(1), Decimal(100_000)
    for trade in client.fetch_my_trades(PAIR):
        sign = 1 if trade["side"] == "buy" else -1
        base += sign * Decimal(trade["amount"])
        quote -= sign * Decimal(trade["cost"])
        if trade["fee"]["currency"] == "BTC":
            base -= Decimal(trade["fee"]["cost"])
        else:
            quote -= Decimal(trade["fee"]["cost"])
    assert totals(client, "BTC", "USDT") == (base, quote)


@pytest.mark.parametrize(
    ("side", "quantity", "price"), [("buy", "2", "51000"), ("sell", "1.1", "61000")]
)
def test_an_order_beyond_the_balance_is_refused(client, side, quantity, price):
    with pytest.raises(ccxt.InsufficientFunds):
        place(client, "limit", side, quantity, price)
    # ccxt's exception does not carry the code.
    assert json.loads(client.last_http_response)["code"] == -2010


def test_what_open_orders_hold_cannot_be_used_twice(client):
    place(client, "limit", "sell", "0.6", "61000")

    with pytest.raises(ccxt.InsufficientFunds):
        place(client, "limit", "sell", "0.6", "61000")


# --------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("quantity", "price", "filter_name"),
    [
        ("0.010001", "60000", "LOT_SIZE"),
        ("0.01", "60000.001", "PRICE_FILTER"),
        ("0.0001", "60000", "NOTIONAL"),
        ("0", "60000", "LOT_SIZE"),
    ],
)
def test_filters_are_held_up(client, quantity, price, filter_name):
    request = {
        "symbol": NAME,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": quantity,
        "price": price,
    }

    with pytest.raises(ccxt.BaseError, match=f"-1013.*{filter_name}"):
        client.private_post_order(request)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "SOMEDAY"}, -1116),
        ({"side": "HOLD"}, -1117),
        ({"timeInForce": "DAY"}, -1115),
        ({"price": ""}, -1102),
        ({"quantity": "1e-3"}, -1100),
        ({"price": "60000.000000001"}, -1111),
        ({"stopPrice": "1"}, -1106),
        ({"symbol": "XRPUSDT"}, -1121),
        ({"newClientOrderId": "x" * 37}, -1100),
        ({"type": "MARKET", "price": None, "timeInForce": None, "quantity": None}, -1102),
    ],
)
def test_malformed_orders_are_refused_with_their_code(venue, client, change, code):
    request = {
        "symbol": NAME,
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "60000",
        **change,
    }

    with pytest.raises(ccxt.BaseError, match=str(code)):
        client.private_post_order({k: v for k, v in request.items() if v is not None})
    assert venue.log.orders() == []


def test_a_name_is_refused_only_while_an_order_with_it_is_open(venue, client):
    place(client, "limit", "buy", "0.01", "50000", name="mine")
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate"):
        place(client, "limit", "buy", "0.01", "50000", name="mine")

    venue.fill("mine")
    place(client, "limit", "buy", "0.01", "50000", name="mine")

    assert [order.status for order in venue.log.orders("mine")] == ["FILLED", "NEW"]
    assert venue.log.post_counts() == {"mine": 3}


def test_two_accounts_may_use_the_same_name(connect):
    for account in ("main", "second"):
        order = place(connect(account=account), "limit", "buy", "0.01", "50000", name="mine")
        assert order["status"] == "open"


def test_an_answer_may_be_a_bare_acknowledgement(client):
    client.options["newOrderRespType"]["market"] = "ACK"

    order = place(client, "market", "buy", "0.01")

    assert set(order["info"]) == {
        "symbol",
        "orderId",
        "orderListId",
        "clientOrderId",
        "transactTime",
    }
