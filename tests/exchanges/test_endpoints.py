"""The real ccxt class against each endpoint."""

import contextlib
import time

import ccxt
import pytest

PAIR, NAME = "BTC/USDT", "BTCUSDT"
SIGNED = {"openOrders", "myTrades", "order"}


def test_it_answers_a_ping(client):
    assert client.public_get_ping() == {}


def test_it_tells_its_time_in_milliseconds(client):
    assert abs(client.fetch_time() - time.time_ns() // 1_000_000) < 1000


def test_each_symbol_has_filters_of_its_own(client):
    markets = client.load_markets(reload=True)

    terms = {
        name: (
            market["precision"]["price"],
            market["precision"]["amount"],
            market["limits"]["cost"]["min"],
        )
        for name, market in markets.items()
    }
    assert terms == {
        "BTC/USDT": ("0.01000000", "0.00001000", "10.00000000"),
        "ETH/USDT": ("0.05000000", "0.00010000", "5.00000000"),
        "SOL/USDT": ("0.00100000", "0.01000000", "1.00000000"),
        "BNB/USDT": ("0.10000000", "0.00100000", "5.00000000"),
    }


def test_the_best_prices_of_one_and_of_all_symbols(client):
    one = client.fetch_bids_asks([PAIR])[PAIR]
    everything = client.fetch_bids_asks()

    assert (one["bid"], one["ask"]) == ("59999.99000000", "60000.01000000")
    assert set(everything) == {"BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT"}


def test_the_order_book_has_as_many_levels_as_asked(client):
    book = client.fetch_order_book("ETH/USDT", 3)

    assert [price for price, _ in book["asks"]] == [3000.05, 3000.1, 3000.15]
    assert len(book["bids"]) == 3


def test_the_day_ticker_has_the_last_price(venue, client):
    venue.price("SOLUSDT", "151.5")

    assert client.fetch_ticker("SOL/USDT")["last"] == "151.50000000"


def test_a_symbol_that_is_not_traded_is_refused(client):
    with pytest.raises(ccxt.BadSymbol):
        client.public_get_depth({"symbol": "XRPUSDT"})


def test_the_account_shows_what_is_free_and_what_is_locked(client):
    client.create_order(PAIR, "limit", "buy", "0.01", "50000")

    balance = client.fetch_balance()
    assert (balance["free"]["USDT"], balance["used"]["USDT"]) == ("99500.00000000", "500.00000000")
    assert balance["total"]["BTC"] == "1"


def test_each_key_has_an_account_of_its_own(connect):
    first, second = connect(), connect(account="second")
    placed = first.create_order(PAIR, "limit", "buy", "0.01", "50000")
    first.create_order(PAIR, "market", "buy", "0.01")

    assert second.fetch_open_orders() == second.fetch_my_trades(PAIR) == []
    assert second.fetch_balance()["used"]["USDT"] == "0.00000000"
    with pytest.raises(ccxt.OrderNotFound):
        second.fetch_order(placed["id"], PAIR)


def test_a_key_tells_whether_it_may_withdraw(venue, client):
    before = client.sapi_get_account_apirestrictions()
    venue.account("main", can_withdraw=True)

    after = client.sapi_get_account_apirestrictions()
    assert (before["enableWithdrawals"], after["enableWithdrawals"]) == (False, True)
    assert client.private_get_account()["canWithdraw"] is True


def test_an_order_is_placed_found_by_both_ids_and_canceled(client):
    placed = client.create_order(
        PAIR, "limit", "buy", "0.01", "50000.00", {"clientOrderId": "mine"}
    )

    by_id = client.fetch_order(placed["id"], PAIR)
    by_name = client.fetch_order("", PAIR, {"clientOrderId": "mine"})
    canceled = client.cancel_order("", PAIR, {"clientOrderId": "mine"})
    assert (placed["status"], placed["clientOrderId"]) == ("open", "mine")
    assert by_id["id"] == by_name["id"] == canceled["id"] == placed["id"]
    assert (canceled["status"], canceled["info"]["origClientOrderId"]) == ("canceled", "mine")


def test_orders_that_nobody_placed_are_not_found(client):
    with pytest.raises(ccxt.OrderNotFound, match="-2013"):
        client.fetch_order("", PAIR, {"clientOrderId": "nobody"})
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        client.cancel_order("", PAIR, {"clientOrderId": "nobody"})


def test_open_orders_are_listed_with_and_without_a_symbol(client):
    client.create_order(PAIR, "limit", "buy", "0.01", "50000", {"clientOrderId": "one"})
    client.create_order("ETH/USDT", "limit", "buy", "0.1", "2000", {"clientOrderId": "two"})

    listed = [order["clientOrderId"] for order in client.fetch_open_orders(PAIR)]
    everything = [order["clientOrderId"] for order in client.fetch_open_orders()]
    assert (listed, everything) == (["one"], ["one", "two"])


def test_all_open_orders_of_a_symbol_are_canceled_at_once(client):
    client.create_order(PAIR, "limit", "buy", "0.01", "50000")
    client.create_order(PAIR, "limit", "buy", "0.01", "50001")
    client.create_order("ETH/USDT", "limit", "buy", "0.1", "2000")

    canceled = client.cancel_all_orders(PAIR)

    assert [order["status"] for order in canceled] == ["canceled", "canceled"]
    assert [order["symbol"] for order in client.fetch_open_orders()] == ["ETH/USDT"]


def test_ended_orders_stay_in_the_list_of_all_orders(client):
    client.create_order(PAIR, "market", "buy", "0.01")
    open_one = client.create_order(PAIR, "limit", "buy", "0.01", "50000")

    statuses = [order["status"] for order in client.fetch_orders(PAIR)]
    later = [
        order["id"] for order in client.fetch_orders(PAIR, params={"orderId": open_one["id"]})
    ]
    assert (statuses, later) == (["closed", "open"], [open_one["id"]])


def test_trades_are_listed_by_symbol_by_order_and_from_an_id(client):
    first = client.create_order(PAIR, "market", "buy", "0.01")
    client.create_order(PAIR, "market", "sell", "0.01")

    trades = client.fetch_my_trades(PAIR)
    of_first = client.fetch_order_trades(first["id"], PAIR)
    from_second = client.fetch_my_trades(PAIR, params={"fromId": trades[1]["id"]})
    assert [trade["side"] for trade in trades] == ["buy", "sell"]
    assert (of_first, from_second) == (trades[:1], trades[1:])


def test_amounts_are_strings_without_an_exponent(client):
    client.create_order(PAIR, "market", "buy", "0.00017")

    trade = client.fetch_my_trades(PAIR)[0]["info"]
    assert (trade["qty"], trade["commission"]) == ("0.00017000", "0.00000017")


def test_a_wrong_secret_is_refused(connect, venue):
    client = connect()
    client.secret = "not this one"

    with pytest.raises(ccxt.AuthenticationError, match="-1022"):
        client.create_order(PAIR, "market", "buy", "0.01")
    assert venue.log.orders() == []
    assert [post.fate for post in venue.log.posts()] == ["rejected"]


def test_an_unknown_key_is_refused(connect):
    client = connect()
    client.apiKey = "unknown"

    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        client.fetch_balance()


def test_a_key_that_may_not_trade_is_refused(venue, client):
    venue.account("main", can_trade=False)

    with pytest.raises(ccxt.AuthenticationError, match="-2015"):
        client.create_order(PAIR, "market", "buy", "0.01")


@pytest.mark.parametrize("off_by_ms", [-6000, 2000])
def test_a_request_outside_its_window_is_refused(client, off_by_ms):
    client.options["timeDifference"] = -off_by_ms

    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        client.create_order(PAIR, "market", "buy", "0.01")


def test_a_window_of_more_than_a_minute_is_refused(client):
    client.options["recvWindow"] = 60_001

    with pytest.raises(ccxt.ExchangeError, match="-1131"):
        client.fetch_balance()


def test_weights_are_counted_and_said_in_a_header(venue, client):
    before = venue.do("counts")["weight"]
    client.fetch_balance()
    client.fetch_open_orders(PAIR)

    counts = venue.do("counts")
    assert counts["weight"] - before == 26
    assert counts["requests"]["GET /api/v3/account"] == 1
    assert (
        int(client.last_response_headers["X-MBX-USED-WEIGHT-1M"]) == counts["weight_this_minute"]
    )


@pytest.mark.parametrize(
    ("path", "parameters", "weight"),
    [
        ("depth", {"symbol": NAME}, 5),
        ("depth", {"symbol": NAME, "limit": 500}, 25),
        ("ticker/bookTicker", {"symbol": NAME}, 2),
        ("ticker/bookTicker", {}, 4),
        ("openOrders", {}, 80),
        ("myTrades", {"symbol": NAME}, 20),
        ("myTrades", {"symbol": NAME, "orderId": 1001}, 5),
        ("order", {"symbol": NAME, "orderId": 1001}, 4),
    ],
)
def test_a_request_weighs_what_it_asks_for(venue, client, path, parameters, weight):
    before = venue.do("counts")["weight"]

    with contextlib.suppress(ccxt.OrderNotFound):
        kind = "private" if path in SIGNED else "public"
        client.request(path.removeprefix(""), [kind], "GET", parameters)

    assert venue.do("counts")["weight"] - before == weight


def test_more_weight_than_allowed_is_refused_until_the_next_minute(venue, client):
    venue.do("limits", weight=30, orders=None)
    client.fetch_time()

    with pytest.raises(ccxt.DDoSProtection, match="429"):
        client.fetch_balance()
    assert 1 <= int(client.last_response_headers["Retry-After"]) <= 60


def test_more_orders_than_allowed_are_refused(venue, client):
    venue.do("limits", weight=None, orders=2)
    for _ in range(2):
        client.create_order(PAIR, "limit", "buy", "0.01", "50000")

    with pytest.raises(ccxt.DDoSProtection, match="-1015"):
        client.create_order(PAIR, "limit", "buy", "0.01", "50000")
    assert len(venue.log.orders()) == 2
