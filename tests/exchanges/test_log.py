"""What a judge reads in the log is what happened."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ccxt
import pytest

from tests.exchanges.log import ExchangeLog

PAIR, NAME = "BTC/USDT", "BTCUSDT"


def place(client, name, type_="market", side="buy", quantity="0.01", price=None):
    return client.create_order(PAIR, type_, side, quantity, price, {"clientOrderId": name})


def test_each_post_has_its_time_its_terms_and_its_fate(venue, client):
    before = datetime.now(UTC)  # noqa: TID251 - the log is written by another process
    place(client, "taken", "limit", price="50000")
    venue.fault("http_502_before_engine")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        place(client, "lost")
    with pytest.raises(ccxt.InsufficientFunds):
        place(client, "refused", quantity="5")

    taken, lost, refused = venue.log.posts()
    assert (taken.fate, lost.fate, refused.fate) == ("taken", "not_taken", "rejected")
    assert (taken.type, taken.quantity, taken.price) == ("LIMIT", Decimal("0.01"), Decimal(50000))
    assert taken.order_id == venue.log.orders("taken")[0].order_id
    assert (refused.code, lost.faults) == (-2010, ("http_502_before_engine",))
    assert before <= taken.wall < before + timedelta(seconds=10)
    assert taken.at < lost.at < refused.at


def test_one_sequence_runs_through_everything(venue, client):
    place(client, "mine")

    sequence = [event["sequence"] for event in venue.log.events]
    names = [event["event"] for event in venue.log.events]
    start = names.index("post")
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))
    assert names[start:] == ["post", "accepted", "trade", "ended", "balances", "taken", "answered"]


def test_orders_and_trades_are_found_by_client_order_id(venue, client):
    place(client, "one")
    place(client, "two", "limit", price="50000")
    client.cancel_order("", PAIR, {"clientOrderId": "two"})

    log = venue.log
    assert {
        name: [each.status for each in found] for name, found in log.orders_by_client_id().items()
    } == {
        "one": ["FILLED"],
        "two": ["CANCELED"],
    }
    assert list(log.trades_by_client_id()) == ["one"]
    assert log.orders("two")[0].ended_by == "client"


def test_each_cancel_is_there_with_what_the_client_was_told(venue, client):
    place(client, "one", "limit", price="50000")
    place(client, "two", "limit", price="50000")
    client.cancel_order("", PAIR, {"clientOrderId": "one"})
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("", PAIR, {"clientOrderId": "one"})
    venue.fault("reset_after_accept", method="DELETE")
    with pytest.raises(ccxt.NetworkError):
        client.cancel_order(str(venue.log.orders("two")[0].order_id), PAIR)

    told = [(each.client_order_id, each.status) for each in venue.log.cancels()]
    assert told == [("one", 200), ("one", 400), ("two", None)]
    assert venue.log.orders("two")[0].status == "CANCELED"


def test_the_log_knows_positions_and_balances_at_every_instant(venue, client):
    place(client, "in", quantity="0.03")
    between = venue.log.trades()[-1].sequence
    place(client, "out", side="sell", quantity="0.02")

    log = venue.log
    assert log.positions("main", sequence=between) == {NAME: Decimal("0.03")}
    assert log.positions("main") == {NAME: Decimal("0.01")}
    assert log.positions("main", sequence=0) == {}
    assert [moment.holdings["BTC"] for moment in log.balance_moments("main")] == [
        Decimal(1),
        Decimal("1.02997"),
        Decimal("1.00997"),
    ]
    assert log.balances("main")["USDT"] == Decimal(client.fetch_balance()["total"]["USDT"])


def test_weights_are_counted_over_the_worst_span(venue, client):
    for _ in range(3):
        client.fetch_balance()

    log = venue.log
    assert log.request_counts()["GET /api/v3/account"] == 3
    assert log.peak_weight(seconds=60) == 20 * 4
    assert log.peak_weight(seconds=0) == 20


def test_a_line_that_is_still_being_written_is_left_out(tmp_path):
    path = tmp_path / "log"
    path.write_text(json.dumps({"event": "begin", "sequence": 1}) + '\n{"event": "po')

    assert len(ExchangeLog.read(path).events) == 1


def test_many_senders_at_once_lose_nothing(venue, connect):
    venue.do("limits", weight=None, orders=None)
    clients = [connect(timeout=10) for _ in range(8)]
    start = threading.Barrier(8)

    def send(number):
        start.wait()
        for turn in range(10):
            place(clients[number], f"mine-{number}-{turn}", quantity="0.001")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))

    log = venue.log
    assert set(log.post_counts().values()) == {1}
    assert len(log.orders()) == len(log.trades()) == len(log.post_counts()) == 80
    assert log.positions("main")[NAME] == Decimal("0.08")
