"""The adapter against an exchange that fails on purpose; its own log is the judge."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.exchanges.arming import PLACING
from tests.exchanges.faults import KINDS
from tests.exchanges.serving import serve
from tests.exchanges_ccxt.connecting import ACCOUNT, HastyClock, connected, placing, sent
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind
from trading.domain.states import OrderState, OrderType, Side, TimeInForce
from tradingfarm.kernel.clock import SystemClock

ENDED = {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED}
GTC = TimeInForce.GTC
ORDERS = {
    "market": {},
    "limit": {
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal(59000),
        "time_in_force": GTC,
    },
    "stop": {
        "order_type": OrderType.STOP,
        "stop_price": Decimal(65000),
        "worst_price": Decimal(66000),
        "time_in_force": GTC,
    },
}
# A fault in what an order becomes, in the sequence of the registry.
FAULTS = [name for name, kind in KINDS.items() if kind.places == PLACING]
NEVER_PLACED = [name for name in FAULTS if KINDS[name].reaches_engine is False]
PAIRS = [
    (fault, kind) for fault in FAULTS for kind in ORDERS if KINDS[fault].order_kind in ("", kind)
]
CLOCK = SystemClock()
SHORT = {"seconds": 0.4}
PATIENCE = timedelta(seconds=1)


@pytest.fixture(scope="module")
def running():
    with serve() as exchange:
        yield exchange


@pytest.fixture(scope="module")
def line(running):
    exchange = connected("binance", url=running.url, key="key-of-main", secret="secret-of-main")
    exchange._opened().api.timeout = PATIENCE // timedelta(milliseconds=1)
    exchange._opened().asker.ready()
    yield exchange
    exchange.close()


@pytest.fixture
def venue(running, line):
    running.reset()
    line._names.clear()
    forgive(line)
    yield running, line
    running.disarm()


def forgive(exchange):
    """As if it had never been told to slow down."""
    wire = exchange._opened().asker.client.wire
    wire._rests_until = None
    wire._questions._tokens, wire._actions._tokens = 20, 20


def order(number=1, **changes):
    deadline = HastyClock().now() + timedelta(seconds=2)
    return placing(number, **{"deadline": deadline} | changes)


def truth(running, placed):
    """The order that the engine has under the client's id, or None. Never more than one."""
    found = running.log.orders(placed.client_order_id)
    assert len(found) <= 1
    return found[0] if found else None


def settled(running, exchange, placed, *, until=lambda report: True):
    """The report, once queries show what the engine did."""
    running.disarm()
    give_up_at = CLOCK.now() + timedelta(seconds=5)
    while True:
        forgive(exchange)
        report = exchange.reports(orders=[sent(placed)]).get(placed.client_order_id)
        known = truth(running, placed)
        agrees = (report is None) is (known is None) and (report is None or until(report))
        if agrees or CLOCK.now() > give_up_at:
            return report
        CLOCK.sleep(0.05)


def options(name):
    return SHORT if "seconds" in KINDS[name].defaults else {}


# ------------------------------------------------------------------------------- placing


@pytest.mark.parametrize(("fault", "kind"), PAIRS)
def test_no_fault_makes_two_orders_or_a_wrong_certainty(venue, fault, kind):
    running, exchange = venue
    running.fault(fault, **options(fault))
    placed = order(**ORDERS[kind])

    outcome = exchange.place(placed)

    posts = running.log.posts(placed.client_order_id)
    assert len(posts) == 1
    assert posts[0].faults, "the fault did not hit"
    CLOCK.sleep(0.05 if posts[0].fate else 1.0)
    known = truth(running, placed)
    if outcome.kind is OutcomeKind.ACCEPTED:
        assert known is not None
        assert outcome.exchange_order_id == str(known.order_id)
    elif outcome.kind in (OutcomeKind.REJECTED, OutcomeKind.RATE_LIMITED):
        assert known is None
    assert outcome.problem or outcome.kind is OutcomeKind.ACCEPTED

    report = settled(running, exchange, placed)
    if known is None:
        assert report is None
    else:
        assert report.exchange_order_id == str(known.order_id)
    assert len(running.log.posts(placed.client_order_id)) == 1


@pytest.mark.parametrize("fault", NEVER_PLACED)
def test_what_the_engine_never_saw_is_never_accepted(venue, fault):
    running, exchange = venue
    running.fault(fault, **options(fault))

    outcome = exchange.place(order())

    assert outcome.kind is not OutcomeKind.ACCEPTED


@pytest.mark.parametrize("fault", [name for name in FAULTS if name.endswith("_after_accept")])
def test_an_order_behind_a_spoiled_answer_is_unknown_and_found_later(venue, fault):
    running, exchange = venue
    running.fault(fault, **options(fault))
    placed = order()

    outcome = exchange.place(placed)
    report = settled(running, exchange, placed)

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert report.state is OrderState.FILLED
    assert len(running.log.posts(placed.client_order_id)) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-2010, "Account has insufficient balance for requested action."),
        (-2010, "Filter failure: MAX_POSITION"),
        (-1013, "Filter failure: LOT_SIZE"),
        (-1121, "Invalid symbol."),
    ],
)
def test_a_reviewed_refusal_is_rejected(venue, code, message):
    running, exchange = venue
    running.fault("order_rejected", code=code, message=message)

    assert exchange.place(order()).kind is OutcomeKind.REJECTED


def test_a_refusal_that_says_the_id_is_in_use_is_unknown(venue):
    running, exchange = venue
    running.fault("order_rejected", code=-2010, message="Duplicate order sent.")

    assert exchange.place(order()).kind is OutcomeKind.UNKNOWN


def test_an_order_that_arrives_after_its_window_is_refused_by_the_venue(venue):
    running, exchange = venue
    running.fault("slow_until_expired")
    exchange._opened().api.timeout = 10_000
    placed = order(deadline=HastyClock().now() + timedelta(seconds=0.5))

    outcome = exchange.place(placed)

    exchange._opened().api.timeout = PATIENCE // timedelta(milliseconds=1)
    assert outcome.kind is OutcomeKind.REJECTED
    assert "time window" in outcome.problem


def test_a_ban_stops_everything_for_as_long_as_the_venue_says(venue):
    running, exchange = venue
    running.fault("http_418", seconds=60)
    exchange.place(order(1))

    second = exchange.place(order(2))

    assert second.kind is OutcomeKind.REJECTED
    with pytest.raises(ExchangeUnavailable):
        exchange.open_orders(account_id=ACCOUNT)
    assert len(running.log.posts()) == 1


# ------------------------------------------------------------------------------ questions


def filled(running, exchange, number=1, **changes):
    placed = order(number, **changes)
    assert exchange.place(placed).kind is OutcomeKind.ACCEPTED
    return placed


def reported(exchange, placed):
    return exchange.reports(orders=[sent(placed)])[placed.client_order_id]


def as_the_judge_sees(running, placed):
    return sorted(
        (str(trade.trade_id), trade.quantity, trade.price, trade.fee)
        for trade in running.log.trades(placed.client_order_id)
    )


def as_we_see(report):
    return sorted(
        (trade.trade_id, trade.quantity, trade.price, trade.fee) for trade in report.trades
    )


@pytest.mark.parametrize("side", Side)
def test_trades_and_fees_are_the_judge_s_to_the_last_decimal(venue, side):
    running, exchange = venue
    running.book(
        "BTCUSDT",
        bids=[["59999.97", "0.00337"], ["59999.11", "9"]],
        asks=[["60000.01", "0.00337"], ["60000.93", "9"]],
    )
    worst = Decimal(61000) if side is Side.BUY else Decimal(59000)

    placed = filled(running, exchange, side=side, worst_price=worst, quantity=Decimal("0.01234"))
    report = reported(exchange, placed)

    assert report.state is OrderState.FILLED
    assert len(report.trades) == 2
    assert as_we_see(report) == as_the_judge_sees(running, placed)


@pytest.mark.parametrize("fault", ["duplicate_trades", "reordered_trades"])
def test_trades_that_come_twice_or_in_any_sequence_are_told_once(venue, fault):
    running, exchange = venue
    running.fault("fill_in_pieces", pieces=4)
    placed = filled(running, exchange)
    running.fault(fault)

    report = reported(exchange, placed)

    assert as_we_see(report) == as_the_judge_sees(running, placed)
    assert sum(trade.quantity for trade in report.trades) == placed.quantity


def test_an_order_is_not_called_filled_before_its_trades_are_seen(venue):
    running, exchange = venue
    running.fault("late_trades", seconds=0.5)
    placed = filled(running, exchange)

    early = reported(exchange, placed)
    late = settled(running, exchange, placed, until=lambda report: report.state in ENDED)

    assert early.state is OrderState.PARTIALLY_FILLED
    assert early.trades == ()
    assert late.state is OrderState.FILLED
    assert as_we_see(late) == as_the_judge_sees(running, placed)


def test_a_fill_that_shows_after_the_cancel_is_told(venue):
    running, exchange = venue
    placed = filled(running, exchange, **ORDERS["limit"])
    running.fault("fill_after_cancel", seconds=0.3)

    exchange.cancel(order=sent(placed))
    CLOCK.sleep(0.4)
    report = reported(exchange, placed)

    assert report.state is OrderState.CANCELED
    assert as_we_see(report) == as_the_judge_sees(running, placed) != []


def test_a_cancel_that_comes_too_late_is_no_error(venue):
    running, exchange = venue
    placed = filled(running, exchange, **ORDERS["limit"])
    running.fault("cancel_refused_filled")

    exchange.cancel(order=sent(placed))

    assert reported(exchange, placed).state is OrderState.FILLED


def test_an_order_that_is_hidden_at_first_is_missing_at_first(venue):
    running, exchange = venue
    running.fault("not_found_then_found", looks=2)
    placed = filled(running, exchange)

    looks = [exchange.reports(orders=[sent(placed)]) for _ in range(3)]

    assert [len(look) for look in looks] == [0, 0, 1]


SPOILERS = sorted(
    name for name in KINDS if name.endswith("_before_engine") and name != "unknown_code"
)


@pytest.mark.parametrize("fault", SPOILERS)
@pytest.mark.parametrize("path", ["order", "openOrders", "account", "myTrades"])
def test_a_spoiled_answer_to_a_question_is_no_answer(venue, fault, path):
    running, exchange = venue
    placed = filled(running, exchange)
    questions = {
        "order": lambda: exchange.reports(orders=[sent(placed)]),
        "openOrders": lambda: exchange.open_orders(account_id=ACCOUNT),
        "account": lambda: exchange.balances(account_id=ACCOUNT),
        "myTrades": lambda: exchange.reports(orders=[sent(placed)]),
    }
    exchange._opened().api.timeout = 300
    running.fault(fault, method="GET", path=f"/api/v3/{path}", **options(fault))

    with pytest.raises(ExchangeUnavailable):
        questions[path]()
    exchange._opened().api.timeout = PATIENCE // timedelta(milliseconds=1)


@pytest.mark.parametrize(("fault", "sign"), [("clock_ahead", 1), ("clock_behind", -1)])
def test_a_clock_that_is_off_is_measured_and_refuses_orders(venue, fault, sign):
    running, exchange = venue
    running.fault(fault, seconds=8)

    offset = exchange.clock_offset(account_id=ACCOUNT)
    outcome = exchange.place(order())

    assert abs(offset - sign * timedelta(seconds=8)) < timedelta(milliseconds=500)
    assert outcome.kind is OutcomeKind.REJECTED


def test_a_foreign_trade_and_a_drift_are_seen(venue):
    running, exchange = venue
    before = exchange.balances(account_id=ACCOUNT)
    running.foreign("main", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.02")
    running.drift("main", "USDT", "-3.5")

    found = exchange.trades(account_id=ACCOUNT, since=HastyClock().now() - timedelta(hours=1))
    after = exchange.balances(account_id=ACCOUNT)

    (foreign,) = running.log.orders()
    assert {trade.exchange_order_id for trade in found} == {str(foreign.order_id)}
    assert not any(trade.client_order_id.startswith("tfl") for trade in found)
    assert after["USDT"] < before["USDT"] - Decimal("3.5")
    assert after == {k: v for k, v in running.log.balances("main").items() if v}


def test_an_order_of_somebody_else_is_asked_about_by_the_venue_s_own_id(venue):
    running, exchange = venue
    name = "web_0123456789abcdef0123456789abcdef"
    terms = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "59000"}
    made = running.foreign("main", symbol="BTCUSDT", side="BUY", newClientOrderId=name, **terms)
    adopted = sent(order(client_order_id="tfx" + "0" * 26), exchange_order_id=str(made["orderId"]))

    resting = exchange.reports(orders=[adopted])[adopted.client_order_id]
    exchange.cancel(order=adopted)

    assert resting.state is OrderState.OPEN
    assert running.log.orders(name)[0].status == "CANCELED"


@pytest.mark.parametrize("can_withdraw", [True, False])
def test_a_key_that_may_withdraw_is_seen(venue, can_withdraw):
    running, exchange = venue
    running.account("main", can_withdraw=can_withdraw)

    assert exchange.withdrawal_allowed() is can_withdraw


def test_our_own_pace_stays_far_below_the_venue_s(venue):
    running, exchange = venue
    placed = [filled(running, exchange, number) for number in range(1, 6)]

    for _ in range(5):
        exchange.reports(orders=[sent(each) for each in placed])
        exchange.open_orders(account_id=ACCOUNT)

    waited = exchange._clock.waited
    assert waited > 0
    assert running.do("counts")["requests"]["POST /api/v3/order"] == 5
