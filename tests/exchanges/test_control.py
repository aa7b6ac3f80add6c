"""The process, its control, and what a hand can do to the market."""

import contextlib
import signal
import subprocess
import sys
import threading

import ccxt
import pytest

from tests.exchanges.asking import NAME, PAIR, failure_of, rest, wait_until
from tests.exchanges.faults import KINDS
from tests.exchanges.log import ExchangeLog
from tests.exchanges.serving import ROOT, ControlProblem, serve


def test_the_first_line_says_where_it_listens_and_sigterm_ends_it(tmp_path):
    command = [sys.executable, "-m", "tests.exchanges", "--port", "0", "--seed", "7", "--log"]
    with subprocess.Popen(
        [*command, str(tmp_path / "log")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    assert line.startswith("listening on 127.0.0.1:")
    assert ExchangeLog.read(tmp_path / "log").named("begin")[0]["seed"] == 7


def test_a_second_exchange_is_another_world(venue, client):
    with serve(seed=8) as other:
        other.price(NAME, "70000")

        assert client.fetch_ticker(PAIR)["last"] == "60000.00000000"
        assert other.do("state")["prices"][NAME] == "70000"
        assert other.do("state")["seed"] == 8


def test_a_log_file_of_ones_own_is_appended_to(tmp_path):
    path = tmp_path / "log.jsonl"
    for seed in (1, 2):
        with serve(seed=seed, log=path):
            pass

    assert path.read_text().count('"event": "begin"') == 2
    assert ExchangeLog.read(path).events[0]["seed"] == 2


def test_a_mistake_inside_is_told_at_the_end():
    with (
        pytest.raises(AssertionError, match="mistake of its own"),
        serve() as exchange,
        contextlib.suppress(ControlProblem),
    ):
        exchange.do("price", symbol=NAME, price="1", levels="many")


def test_a_message_that_makes_no_sense_is_refused(venue):
    for action, terms in (
        ("dance", {}),
        ("price", {}),
        ("price", {"symbol": "XRPUSDT", "price": "1"}),
        ("price", {"symbol": NAME, "price": "-1"}),
        ("price", {"symbol": NAME, "price": "a lot"}),
        ("book", {"symbol": NAME, "bids": [["101", "1"]], "asks": [["100", "1"]]}),
        ("fault", {"kind": "flood"}),
        ("fault", {"kind": "reset_after_accept", "seconds": 1}),
        ("fill", {"order": "nobody"}),
        ("drift", {"account": "main", "asset": "USDT", "amount": "-100001"}),
        ("account", {"name": "main", "colour": "red"}),
    ):
        with pytest.raises(ControlProblem, match="problem"):
            venue.do(action, **terms)


def test_a_gap_jumps_by_percent_to_a_whole_tick(venue, client):
    venue.gap("ETHUSDT", "-12.345")

    assert client.fetch_ticker("ETH/USDT")["last"] == "2629.65000000"


def test_one_more_pair_can_be_traded(venue, client):
    venue.do("list_symbol", base="ADA", tick="0.0001", lot="0.1", min_notional="5", price="0.5")
    client.load_markets(reload=True)

    order = client.create_order("ADA/USDT", "market", "buy", "100")
    assert (order["status"], order["filled"]) == ("closed", "100.00000000")


def test_one_more_account_can_be_opened(venue, connect):
    opened = venue.account("third", balances={"USDT": "500"})

    client = connect(account="third")
    assert (opened["key"], opened["secret"]) == ("key-of-third", "secret-of-third")
    assert client.fetch_balance()["total"] == {"USDT": "500"}


def test_a_foreign_order_is_seen_by_the_owner_of_the_account(venue, client):
    venue.foreign(
        "main",
        symbol=NAME,
        side="SELL",
        type="LIMIT",
        timeInForce="GTC",
        quantity="0.5",
        price="61000",
        newClientOrderId="from-my-phone",
    )

    assert [order["clientOrderId"] for order in client.fetch_open_orders(PAIR)] == [
        "from-my-phone"
    ]
    assert venue.log.posts() == []
    assert venue.log.orders()[0].origin == "venue"


def test_a_balance_can_drift(venue, client):
    venue.drift("main", "BTC", "-0.25")

    assert client.fetch_balance()["total"]["BTC"] == "0.75"
    assert venue.log.named("drift")[0]["amount"] == "-0.25"


def test_a_reset_brings_everything_back(venue, client):
    rest(client)
    venue.price(NAME, "70000")
    venue.fault("query_lag", seconds=9)

    venue.reset()

    state = venue.do("state")
    assert (state["open_orders"], state["faults"]) == ([], [])
    assert client.fetch_balance()["total"]["USDT"] == "100000"
    assert client.fetch_ticker(PAIR)["last"] == "60000.00000000"
    assert venue.log.posts() == []


def test_a_request_from_before_a_reset_does_not_arrive_after_it(venue, client, connect):
    sender = connect(timeout=2)
    venue.fault("slow_request", seconds=0.3)
    failures = []
    sending = threading.Thread(target=lambda: failures.append(failure_of(rest, sender)))
    sending.start()
    wait_until(lambda: venue.log.posts())

    venue.reset()
    sending.join()

    assert failures == [ccxt.NetworkError]
    assert venue.log.orders() == venue.log.posts() == []


def test_time_moves_by_hand_and_not_back(venue, client):
    rest(client, "one")
    venue.fault("query_lag", seconds=30)
    hidden = client.fetch_open_orders()

    before = client.fetch_time()
    venue.do("clock", ahead=60)

    # Only what is signed must agree with the venue's time.
    assert hidden == []
    assert 60_000 <= client.fetch_time() - before < 61_000
    client.options["timeDifference"] = -60_000
    assert [order["clientOrderId"] for order in client.fetch_open_orders()] == ["one"]
    with pytest.raises(ControlProblem):
        venue.do("clock", ahead=59)


def test_the_registry_is_told_over_the_wire(venue):
    told = venue.kinds()

    assert set(told) == set(KINDS)
    assert told["query_lag"]["options"] == {"seconds": 1}
    assert told["http_507_after_accept"]["reaches_engine"] is True


def test_the_log_can_be_asked_for_what_is_new(venue, client):
    rest(client, "one")
    newest = venue.do("log")[-1]["sequence"]
    rest(client, "two")

    events = venue.do("log", since=newest)
    assert {event["client_order_id"] for event in events if "client_order_id" in event} == {"two"}
