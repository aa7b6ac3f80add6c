"""Every named fault does what its line promises, seen by the real ccxt class.

Each kind has a test whose name begins with the kind's; the spoiled answers, which come in pairs,
have theirs in `test_spoiled_answers.py`.
"""

import contextlib
import threading
from decimal import Decimal

import ccxt
import pytest

from tests.exchanges.answers import SPOILINGS
from tests.exchanges.asking import (
    NAME,
    ORDERS,
    PAIR,
    failure_of,
    fates,
    place,
    query,
    rest,
    wait_until,
)
from tests.exchanges.faults import KINDS

# ---------------------------------------------------------------------------- definite refusals


def test_http_429_is_said_before_the_engine_and_says_when_to_come_again(venue, client):
    venue.fault("http_429", seconds=3)

    with pytest.raises(ccxt.DDoSProtection):
        place(client)
    assert client.last_response_headers["Retry-After"] == "3"
    assert fates(venue) == ["not_taken"]
    assert place(client, name="next")["status"] == "closed"


def test_http_418_bans_every_request_for_a_while(venue, client):
    venue.fault("http_418", seconds=0.3)

    with pytest.raises(ccxt.DDoSProtection, match="418"):
        place(client)
    assert client.last_response_headers["Retry-After"] == "1"
    with pytest.raises(ccxt.DDoSProtection, match="418"):
        client.fetch_time()
    wait_until(lambda: failure_of(client.fetch_time) is None)
    assert fates(venue) == ["not_taken"]


def test_firewall_403_answers_with_a_page(venue, client):
    venue.fault("firewall_403")

    with pytest.raises(ccxt.ExchangeNotAvailable):
        place(client)
    assert client.last_http_response.startswith("<html>")
    assert fates(venue) == ["not_taken"]


def test_order_rejected_gives_the_code_that_was_asked_for(venue, client):
    venue.fault("order_rejected", code=-2010, message="Market is closed.")

    with pytest.raises(ccxt.MarketClosed):
        place(client)
    assert [(post.fate, post.code) for post in venue.log.posts()] == [("rejected", -2010)]


def test_stop_rejected_lets_other_orders_pass(venue, client):
    venue.do("reject_next_stop")

    place(client, name="market")
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        place(client, side="sell", stopLossPrice="59000", name="stop")
    place(client, side="sell", stopLossPrice="59000", name="again")

    assert [post.fate for post in venue.log.posts()] == ["taken", "rejected", "taken"]


# -------------------------------------------------------------------------------------- timing


def test_slow_request_is_accepted_though_the_client_has_gone(venue, connect):
    client = connect(timeout=0.1)
    venue.fault("slow_request", seconds=0.3)

    with pytest.raises(ccxt.RequestTimeout):
        place(client)
    assert (fates(venue), venue.log.orders()) == ([""], [])

    wait_until(lambda: fates(venue) == ["taken"])
    assert len(venue.log.orders("mine")) == 1


def test_slow_until_expired_is_refused_by_its_window(venue, connect):
    client = connect(recv_window=100, timeout=2)
    venue.fault("slow_until_expired")

    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        place(client)
    assert fates(venue) == ["rejected"]


def test_clock_ahead_makes_a_request_look_too_old(venue, connect):
    patient, hurried = connect(recv_window=10_000), connect(recv_window=4000)
    venue.fault("clock_ahead", seconds=5)

    assert 4000 < patient.fetch_time() - patient.milliseconds() < 6000
    assert place(patient)["status"] == "closed"
    with pytest.raises(ccxt.InvalidNonce):
        place(hurried, name="late")


def test_clock_behind_makes_a_request_come_from_the_future(venue, client):
    venue.fault("clock_behind", seconds=5)

    assert -6000 < client.fetch_time() - client.milliseconds() < -4000
    with pytest.raises(ccxt.InvalidNonce, match="-1021"):
        place(client)

    client.load_time_difference()
    assert place(client, name="adjusted")["status"] == "closed"


# --------------------------------------------------------------------------------------- fills


@pytest.mark.parametrize(("type_", "status"), [("market", "expired"), ("limit", "open")])
def test_partial_fill_takes_a_part_and_leaves_or_ends_the_rest(venue, client, type_, status):
    venue.fault("partial_fill", fraction="0.3")

    order = place(client, type_, price="60500" if type_ == "limit" else None)

    assert (order["status"], order["filled"]) == (status, "0.00300000")


def test_partial_fill_waits_for_the_first_match_of_a_resting_order(venue, client):
    venue.fault("partial_fill")
    rest(client)

    venue.price(NAME, "49000")
    first = query(client)["filled"]
    venue.price(NAME, "49000")

    assert (first, query(client)["filled"]) == ("0.00500000", "0.01000000")


def test_fill_in_pieces_makes_several_trades_of_one_order(venue, client):
    venue.fault("fill_in_pieces", pieces=3)

    order = place(client)

    sizes = [trade["amount"] for trade in client.fetch_my_trades(PAIR)]
    assert order["status"] == "closed"
    assert sizes == ["0.00333000", "0.00333000", "0.00334000"]


@pytest.mark.parametrize("order_kind", ORDERS)
def test_fill_before_ack_shows_the_fill_while_the_answer_is_on_its_way(venue, connect, order_kind):
    sender, watcher = connect(timeout=2), connect()
    venue.fault("fill_before_ack", seconds=0.3)
    answers = []
    sending = threading.Thread(target=lambda: answers.append(place(sender, **ORDERS[order_kind])))
    sending.start()

    wait_until(lambda: [trade["amount"] for trade in watcher.fetch_my_trades(PAIR)])
    assert answers == []
    assert query(watcher)["status"] == "closed"

    sending.join()
    assert (answers[0]["status"], answers[0]["filled"]) == ("open", "0.00000000")


def test_fill_after_cancel_shows_up_once_the_cancel_was_confirmed(venue, client):
    rest(client)
    venue.fault("fill_after_cancel", seconds=0.2)

    canceled = client.cancel_order("", PAIR, {"clientOrderId": "mine"})
    at_once = query(client)["filled"], client.fetch_my_trades(PAIR)

    assert (canceled["status"], canceled["filled"]) == ("canceled", "0.00000000")
    assert at_once == ("0.00000000", [])
    wait_until(lambda: client.fetch_my_trades(PAIR))
    later = query(client)
    assert (later["status"], later["filled"]) == ("canceled", "0.00500000")
    assert [trade.quantity for trade in venue.log.trades("mine")] == [Decimal("0.005")]


def test_cancel_refused_filled_means_that_the_order_has_traded(venue, client):
    rest(client)
    venue.fault("cancel_refused_filled")

    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        client.cancel_order("", PAIR, {"clientOrderId": "mine"})
    assert query(client)["status"] == "closed"


# ------------------------------------------------------------------------------------- queries


def test_query_lag_shows_orders_trades_and_balances_as_they_were(venue, client):
    venue.fault("query_lag", seconds=0.3)
    place(client)

    with pytest.raises(ccxt.OrderNotFound):
        query(client)
    assert client.fetch_my_trades(PAIR) == []
    assert client.fetch_balance()["total"]["BTC"] == "1"

    wait_until(lambda: client.fetch_my_trades(PAIR))
    assert query(client)["status"] == "closed"
    assert client.fetch_balance()["total"]["BTC"] == "1.00999"


def test_query_lag_shows_an_order_open_that_has_been_canceled(venue, client):
    rest(client)
    venue.fault("query_lag", seconds=0.2)
    wait_until(lambda: client.fetch_open_orders(PAIR))

    client.cancel_order("", PAIR, {"clientOrderId": "mine"})

    assert query(client)["status"] == "open"
    wait_until(lambda: query(client)["status"] == "canceled")


def test_late_trades_follow_their_order(venue, client):
    venue.fault("late_trades", seconds=0.3)
    place(client)

    assert query(client)["status"] == "closed"
    assert client.fetch_my_trades(PAIR) == []
    wait_until(lambda: client.fetch_my_trades(PAIR))


def test_duplicate_trades_carry_the_same_id(venue, client):
    place(client)
    venue.fault("duplicate_trades")

    ids = [trade["id"] for trade in client.private_get_mytrades({"symbol": NAME})]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_reordered_trades_are_complete_but_never_in_order(venue, client):
    for number in range(3):
        place(client, name=f"mine{number}")
    venue.fault("reordered_trades")

    for _ in range(5):
        ids = [int(trade["id"]) for trade in client.private_get_mytrades({"symbol": NAME})]
        assert sorted(ids) == [trade.trade_id for trade in venue.log.trades()]
        assert ids != sorted(ids)


def test_not_found_then_found_denies_the_order_for_some_looks(venue, client):
    venue.fault("not_found_then_found", looks=3)
    rest(client)

    with pytest.raises(ccxt.OrderNotFound):
        query(client)
    assert client.fetch_open_orders(PAIR) == []
    assert client.fetch_orders(PAIR) == []
    assert query(client)["status"] == "open"


def test_not_found_then_found_gives_in_after_its_seconds(venue, client):
    venue.fault("not_found_then_found", looks=10_000, seconds=0.2)
    rest(client)

    assert client.fetch_open_orders(PAIR) == []
    wait_until(lambda: client.fetch_open_orders(PAIR))


@pytest.mark.parametrize("factor", ["10", "0", "-1"])
def test_bad_tick_shows_a_false_price_once_and_trades_at_the_true_one(venue, client, factor):
    venue.fault("bad_tick", factor=factor)

    shown = [client.public_get_ticker_bookticker({"symbol": NAME})["askPrice"] for _ in range(2)]

    true = Decimal("60000.01")
    assert [Decimal(price) for price in shown] == [true * Decimal(factor), true]
    assert Decimal(place(client)["average"]) == true


# ----------------------------------------------------------------------------- the venue's acts


def test_venue_cancel_ends_an_order_that_was_accepted(venue, client):
    venue.fault("venue_cancel", seconds=0.1)
    order = rest(client)

    assert order["status"] == "open"
    wait_until(lambda: query(client)["status"] == "expired")
    assert venue.log.orders("mine")[0].ended_by == "venue"


def test_foreign_order_moves_the_position_under_a_name_that_is_not_ours(venue, client):
    venue.fault("foreign_order", side="SELL")
    place(client)

    ours, theirs = venue.log.trades()
    names = {order["clientOrderId"] for order in client.fetch_orders(PAIR)}
    assert (ours.origin, theirs.origin, theirs.side) == ("client", "venue", "SELL")
    assert names == {"mine", theirs.client_order_id}


def test_balance_drift_has_no_trade_that_explains_it(venue, client):
    venue.fault("balance_drift", asset="USDT", amount="-7")
    rest(client)

    assert client.fetch_balance()["total"]["USDT"] == "99993"
    assert venue.log.trades() == []


# ---------------------------------------------------------------------------------- the registry


def test_there_are_many_and_each_says_in_one_line_what_happens():
    assert len(KINDS) >= 24
    assert all(20 < len(kind.line) < 100 and kind.line.endswith(".") for kind in KINDS.values())


def test_each_kind_has_a_test():
    spoiled = {
        f"{name}_{when}" for name in SPOILINGS for when in ("after_accept", "before_engine")
    }
    tested = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]

    missing = [
        name
        for name in KINDS
        if name not in spoiled and not any(test.startswith(f"{name}_") for test in tested)
    ]
    assert missing == []


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.slot != "cancel"])
def test_each_kind_says_truly_whether_the_engine_decides(venue, straight, name):
    straight.options["recvWindow"] = 100
    venue.fault(name)

    with contextlib.suppress(ccxt.BaseError):
        place(straight, **ORDERS[KINDS[name].order_kind or "limit"])

    fates = venue.log.named("taken", "rejected", "not_taken")
    decided = [fate["event"] != "not_taken" and fate.get("code") != -1021 for fate in fates]
    assert KINDS[name].reaches_engine is None or decided == [KINDS[name].reaches_engine]
