"""The adapter against a server made by others: Binance and Kraken over real candles.

It checks every signature. The server is kept beside a checkout, never in it.
"""

import base64
import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.exchanges_ccxt.connecting import ACCOUNT, HastyClock, connected, placing, sent
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.venues import VENUES

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
SERVER = SHARED / "exchange" / "replay_server.py"
CANDLES = SHARED / "ohlcv" / "crypto_1m" / "COINBASE_BTCUSD_1m_days.csv.gz"
PATIENCE_SECONDS = 20
GTC = TimeInForce.GTC

pytestmark = pytest.mark.skipif(
    not (SERVER.exists() and CANDLES.exists()), reason="the replay server is not beside this"
)


class Replay:
    """The running server and a hand on its market."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, **message):
        request = urllib.request.Request(f"{self.url}/__replay__", json.dumps(message).encode())
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def posts(self, path):
        return [
            body for method, at, body in self.tell()["requests"] if (method, at) == ("POST", path)
        ]

    def price(self):
        where = f"{self.url}/api/v3/ticker/price?symbol=BTCUSDT"
        with urllib.request.urlopen(where, timeout=PATIENCE_SECONDS) as answer:
            return Decimal(json.load(answer)["price"])


@pytest.fixture(scope="module")
def replay():
    command = [sys.executable, str(SERVER), "--port", "0"]
    command += ["--binance", f"BTCUSDT={CANDLES}:1m", "--kraken", f"XBTUSDT={CANDLES}:1m"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().rstrip(")\n ").rpartition(", ")[2])
            yield Replay(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def binance(replay):
    replay.tell(balances={"USDT": "10000", "BTC": "0.5"}, delay_s=0)
    exchange = connected("binance", url=replay.url, key="replay-key", secret="replay-secret")
    yield exchange
    exchange.close()


@pytest.fixture
def kraken(replay):
    secret = base64.b64encode(b"replay-kraken-secret").decode()
    exchange = connected("kraken", url=replay.url, key="replay-key", secret=secret)
    yield exchange
    exchange.close()


NUMBERS = iter(range(1, 10_000))


def order(**changes):
    return placing(next(NUMBERS), **changes)


def fresh(placed):
    return [sent(placed)]


# -------------------------------------------------------------------------------- Binance


def test_a_market_order_trades_and_is_told_exactly(replay, binance):
    placed = order(quantity=Decimal("0.12"), worst_price=replay.price() + 10)

    outcome = binance.place(placed)
    report = binance.reports(orders=fresh(placed))[placed.client_order_id]

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert report.state is OrderState.FILLED
    assert report.exchange_order_id == outcome.exchange_order_id
    assert sum(trade.quantity for trade in report.trades) == Decimal("0.12")
    assert {trade.fee_currency for trade in report.trades} == {"BTC"}
    assert sum(body.count(placed.client_order_id) for body in replay.posts("/api/v3/order")) == 1


def test_a_resting_order_is_found_moved_by_the_market_and_canceled(replay, binance):
    placed = order(
        order_type=OrderType.LIMIT,
        limit_price=replay.price() / 2 // 1,
        time_in_force=GTC,
        quantity=Decimal("0.1"),
    )

    binance.place(placed)
    resting = [found.client_order_id for found in binance.open_orders(account_id=ACCOUNT)]
    binance.cancel(order=sent(placed))
    binance.cancel(order=sent(placed))
    report = binance.reports(orders=fresh(placed))[placed.client_order_id]

    assert resting == [placed.client_order_id]
    assert (report.state, report.trades) == (OrderState.CANCELED, ())
    assert binance.open_orders(account_id=ACCOUNT) == ()


@pytest.mark.parametrize(
    "terms",
    [{"quantity": Decimal(500)}, {"side": Side.SELL, "quantity": Decimal(8)}],
    ids=["too dear", "not held"],
)
def test_what_cannot_be_paid_for_is_rejected(replay, binance, terms):
    placed = order(worst_price=replay.price(), **terms)

    outcome = binance.place(placed)

    assert outcome.kind is OutcomeKind.REJECTED
    assert binance.reports(orders=fresh(placed)) == {}


def test_what_is_worth_too_little_is_rejected(replay, binance):
    placed = order(quantity=Decimal("0.00001"), worst_price=replay.price())

    assert binance.place(placed).kind is OutcomeKind.REJECTED


def test_balances_and_trades_agree_with_the_server(replay, binance):
    since = HastyClock().now() - timedelta(minutes=5)
    placed = order(quantity=Decimal("0.05"), worst_price=replay.price() + 10)
    binance.place(placed)

    told = {k: Decimal(free) for k, (free, _) in replay.tell()["balances"].items()}
    mine = [
        trade
        for trade in binance.trades(account_id=ACCOUNT, since=since)
        if trade.client_order_id == placed.client_order_id
    ]

    assert binance.balances(account_id=ACCOUNT) == {
        asset: round(amount, 8) for asset, amount in told.items()
    }
    assert sum(trade.trade.quantity for trade in mine) == Decimal("0.05")


@pytest.mark.parametrize(
    ("fail", "kind"),
    [
        ({"status": 429, "body": {"code": -1003, "msg": "Too much."}}, OutcomeKind.RATE_LIMITED),
        ({"status": 418, "body": {"code": -1003, "msg": "Banned."}}, OutcomeKind.RATE_LIMITED),
        ({"status": 503, "body": "<html>"}, OutcomeKind.UNKNOWN),
        ({"status": 503, "body": {"code": -1007, "msg": "Unknown."}}, OutcomeKind.UNKNOWN),
        ({"status": 524, "body": ""}, OutcomeKind.UNKNOWN),
        ({"status": 200, "body": '{"symbol": "BTCUSDT", "order'}, OutcomeKind.UNKNOWN),
        ({"status": 200, "body": {}}, OutcomeKind.UNKNOWN),
        ({"drop": True}, OutcomeKind.UNKNOWN),
    ],
)
def test_injected_failures_prove_no_more_than_they_say(replay, binance, fail, kind):
    before = len(replay.posts("/api/v3/order"))
    replay.tell(fail={"path": "/api/v3/order", "method": "POST", "times": 1, **fail})

    outcome = binance.place(order(worst_price=replay.price()))

    assert outcome.kind is kind
    assert len(replay.posts("/api/v3/order")) - before == 1


def test_a_wrong_secret_is_refused(replay):
    exchange = connected("binance", url=replay.url, key="replay-key", secret="wrong")

    outcome = exchange.place(order(worst_price=replay.price()))
    with pytest.raises(ExchangeUnavailable):
        exchange.balances(account_id=ACCOUNT)
    exchange.close()

    assert outcome.kind is OutcomeKind.REJECTED
    assert "key" in outcome.problem


def test_its_clock_is_ours(binance):
    assert abs(binance.clock_offset(account_id=ACCOUNT)) < timedelta(seconds=1)


# --------------------------------------------------------------------------------- Kraken


def test_kraken_takes_our_signature_our_name_and_our_deadline(replay, kraken):
    placed = order()

    outcome = kraken.place(placed)

    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.exchange_order_id == "OUF4EM-FRGI2-MQMWZD"
    name = venue_id(placed.client_order_id, terms=VENUES["kraken"])
    (body,) = [body for body in replay.posts("/0/private/AddOrder") if name in body]
    assert "deadline=" in body
    assert "timeinforce=IOC" in body


@pytest.mark.parametrize("quantity", ["0.00001", "1000"])
def test_kraken_refuses_what_is_too_small_and_too_large(kraken, quantity):
    assert kraken.place(order(quantity=Decimal(quantity))).kind is OutcomeKind.REJECTED


def test_kraken_s_recorded_orders_and_trades_are_read(kraken):
    found = kraken.open_orders(account_id=ACCOUNT)
    trades = kraken.trades(account_id=ACCOUNT, since=datetime(2020, 1, 1, tzinfo=UTC))

    assert [(order.exchange_order_id, order.quantity) for order in found] == [
        ("O26VBY-ISGAE-JP5TLU", Decimal("0.5")),
        ("OYEQF4-FDE4C-NMUYUI", Decimal(1)),
    ]
    assert {order.client_order_id for order in found} == {""}
    assert [(each.trade.trade_id, each.trade.fee) for each in trades] == [
        ("TCCCTY-WJ6EO-4FP4VZ", Decimal("23.60")),
        ("TDCVFQ-TPEG4-6X7LSZ", Decimal("3.60")),
    ]


def test_kraken_s_balances_are_read(kraken):
    assert kraken.balances(account_id=ACCOUNT) == {
        "BTC": Decimal("1.2435"),
        "USDT": Decimal("25435.21"),
    }


def test_kraken_does_not_mind_a_cancel_of_nothing(kraken):
    kraken.cancel(order=sent(order(), exchange_order_id="OUF4EM-FRGI2-MQMWZD"))
    kraken.cancel(order=sent(order()))


def test_an_order_that_kraken_never_had_is_missing(kraken):
    assert kraken.reports(orders=fresh(order())) == {}


def test_a_path_that_the_server_does_not_know_is_no_answer(kraken):
    with pytest.raises(ExchangeUnavailable):
        kraken.withdrawal_allowed()


def test_kraken_s_clock_is_ours_within_its_second(kraken):
    assert abs(kraken.clock_offset(account_id=ACCOUNT)) < timedelta(milliseconds=200)


def test_a_wrong_kraken_secret_is_refused(replay):
    secret = base64.b64encode(b"wrong").decode()
    exchange = connected("kraken", url=replay.url, key="replay-key", secret=secret)

    outcome = exchange.place(order())
    exchange.close()

    assert outcome.kind is OutcomeKind.REJECTED
