"""Answers that are spoiled on their way, and when a fault fires at all."""

import time

import ccxt
import pytest

from tests.exchanges.answers import SPOILINGS
from tests.exchanges.asking import NAME, ORDERS, PAIR, failure_of, fates, place, query, rest

# What `create_order` of ccxt 4.5.90 makes of each; None: it returns, with an order without an id.
SEEN_AS = {
    "timeout": ccxt.RequestTimeout,
    "reset": ccxt.NetworkError,
    "cut_connection": ccxt.NetworkError,
    "http_408": ccxt.RequestTimeout,
    "http_500": ccxt.OperationFailed,
    "http_502": ccxt.ExchangeNotAvailable,
    "http_503": ccxt.RequestTimeout,
    "http_504": ccxt.RequestTimeout,
    "http_507": ccxt.ExchangeError,
    "http_520": ccxt.ExchangeNotAvailable,
    "http_524": ccxt.ExchangeError,
    "html": None,
    "empty": None,
    "braces": None,
    "cut_json": None,
    "unknown_code": ccxt.ExchangeError,
    "redirect": ccxt.ExchangeError,
}


def seen(client, **terms):
    """The class of what `create_order` raised, or None and an order without an id."""
    try:
        order = place(client, **terms)
    except ccxt.BaseError as error:
        return type(error)
    assert order["id"] is None
    return None


@pytest.mark.parametrize("order_kind", ORDERS)
@pytest.mark.parametrize("name", SPOILINGS)
def test_after_accept_the_order_is_there_though_the_client_saw_a_failure(
    venue, straight, name, order_kind
):
    venue.fault(f"{name}_after_accept", order_kind=order_kind)

    assert seen(straight, **ORDERS[order_kind]) is SEEN_AS[name]

    assert fates(venue) == ["taken"]
    assert query(straight)["id"] == str(venue.log.orders("mine")[0].order_id)


@pytest.mark.parametrize("order_kind", ORDERS)
@pytest.mark.parametrize("name", SPOILINGS)
def test_before_engine_nothing_is_there_and_the_client_saw_the_same(
    venue, straight, name, order_kind
):
    venue.fault(f"{name}_before_engine", order_kind=order_kind)

    assert seen(straight, **ORDERS[order_kind]) is SEEN_AS[name]

    assert fates(venue) == ["not_taken"]
    assert venue.log.orders() == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("reset_after_accept", "Connection reset by peer"),
        ("reset_before_engine", "Connection reset by peer"),
        ("cut_connection_after_accept", "IncompleteRead"),
    ],
)
def test_a_broken_connection_breaks_as_its_name_says(venue, client, kind, words):
    venue.fault(kind)

    with pytest.raises(ccxt.NetworkError) as raised:
        place(client)
    assert words in str(raised.value.__cause__)


def test_a_withheld_answer_ends_after_its_seconds(venue, connect):
    client = connect(timeout=2)
    venue.fault("timeout_after_accept", seconds=0.1)

    started = time.monotonic()
    assert seen(client) is ccxt.NetworkError
    assert 0.1 <= time.monotonic() - started < 1


def test_a_client_that_follows_a_redirect_sends_its_order_twice(venue, client):
    venue.fault("redirect_after_accept")

    order = place(client)

    assert order["status"] == "closed"
    assert fates(venue) == ["taken", "taken"]
    assert len(venue.log.orders("mine")) == 2


def test_a_cancel_can_be_spoiled_as_well(venue, client):
    rest(client)
    venue.fault("http_504_after_accept", method="DELETE")

    with pytest.raises(ccxt.RequestTimeout):
        client.cancel_order("", PAIR, {"clientOrderId": "mine"})

    assert query(client)["status"] == "canceled"


def test_a_query_can_be_spoiled_as_well(venue, client):
    rest(client)
    venue.fault("http_502_before_engine", method="GET", path="/api/v3/openOrders")

    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_open_orders(PAIR)
    assert len(client.fetch_open_orders(PAIR)) == 1


# ---------------------------------------------------------------------------- when a fault fires


def test_a_fault_hits_the_next_requests_and_no_more(venue, straight):
    venue.fault("http_502_before_engine", times=2)

    outcomes = [is_placed(straight, f"mine{number}") for number in range(4)]
    assert outcomes == [False, False, True, True]


def test_a_fault_with_a_probability_repeats_with_its_seed(venue, straight):
    def outcomes(seed):
        venue.reset(seed=seed)
        venue.fault("http_502_before_engine", probability=0.5)
        return [is_placed(straight, f"mine{number}") for number in range(12)]

    first, again, other = outcomes(1), outcomes(1), outcomes(2)
    assert first == again != other
    assert set(first) == {False, True}


def test_a_fault_hits_only_its_account_symbol_and_order_kind(venue, connect):
    main, second = connect(), connect(account="second")
    venue.fault("http_502_before_engine", account="second", symbol=NAME, order_kind="limit")

    place(main, "limit", price="50000")
    place(second, "market")
    second.create_order("ETH/USDT", "limit", "buy", "0.1", "2000")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        place(second, "limit", price="50000", name="other")


def test_a_fault_can_be_taken_away(venue, client):
    number = venue.fault("http_502_before_engine", times=100)
    venue.fault("query_lag", seconds=5)

    venue.disarm(number)
    place(client)
    with pytest.raises(ccxt.OrderNotFound):
        query(client)
    venue.disarm()
    assert query(client)["status"] == "closed"


def test_several_faults_hit_one_request_when_they_change_different_things(venue, straight):
    venue.fault("partial_fill", fraction="0.2")
    venue.fault("not_found_then_found", looks=1)
    venue.fault("http_504_after_accept")
    venue.fault("reset_after_accept")

    assert seen(straight) is ccxt.RequestTimeout

    with pytest.raises(ccxt.OrderNotFound):
        query(straight)
    assert query(straight)["filled"] == "0.00200000"
    assert venue.log.posts()[0].faults == (
        "partial_fill",
        "not_found_then_found",
        "http_504_after_accept",
    )
    assert [each["kind"] for each in venue.do("state")["faults"]] == ["reset_after_accept"]


def test_seconds_may_be_drawn_for_each_request(venue, client):
    venue.fault("slow_request", seconds=[0.05, 0.1])

    started = time.monotonic()
    place(client)
    assert 0.05 <= time.monotonic() - started < 0.4


def is_placed(client, name):
    return failure_of(place, client, name=name) is None
