"""Orders through the real classes of ccxt: what leaves, how often, and what is made of the answer.

Statuses and bodies are those of venues, of proxies before them, and of nobody at all.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.exchanges_ccxt.connecting import HastyClock, placing
from tests.exchanges_ccxt.stories import STORIES
from tests.exchanges_ccxt.venue_server import HangsUp, Says, venue_server
from trading.domain.exchange import OutcomeKind
from trading.domain.states import OrderType, Side, TimeInForce

ACCEPTED, REJECTED = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED
RATE_LIMITED, UNKNOWN = OutcomeKind.RATE_LIMITED, OutcomeKind.UNKNOWN
PAGE = b"<html><body>Welcome</body></html>"
# What no venue says of an order, with any status.
NOTHING_SAID = {
    "a page": PAGE,
    "nothing": b"",
    "braces": {},
    "brackets": [],
    "null": b"null",
    "a word": b'"ok"',
    "half": b'{"orderId": 12, "result": {"orderId"',
}
STATUSES = [200, 201, 204, 400, 401, 403, 404, 408, 409, 418, 422, 425, 429, 451]
FAILURES = [500, 501, 502, 503, 504, 507, 511, 520, 521, 522, 523, 524, 525, 526, 530]
REDIRECTS = [301, 302, 303, 307, 308]
# One refusal and one rate limit of each venue, with a status that it comes with.
REFUSED = {
    "binance": ("-2010 Account has insufficient balance for requested action.", 400),
    "kraken": ("EOrder:Insufficient funds", 200),
    "coinbase": ("INSUFFICIENT_FUND", 200),
    "bybit": ("170131", 200),
    "okx": ("51008", 200),
    "hyperliquid": ("Insufficient spot balance asset=10000", 200),
}
SLOWED = {
    "binance": ("-1003", 429),
    "kraken": ("EOrder:Rate limit exceeded", 200),
    "coinbase": ("rate_limit_exceeded", 429),
    "bybit": ("10006", 200),
    "okx": ("50011", 429),
    "hyperliquid": ("Too many cumulative requests sent (3 > 2)", 200),
}


@pytest.fixture(scope="module", params=STORIES)
def line(request):
    """One venue with its story and an adapter that knows the markets."""
    with venue_server() as server:
        story = STORIES[request.param](server)
        exchange = story.connect()
        exchange._opened().asker.ready()
        yield server, story, exchange
        exchange.close()


@pytest.fixture
def venue(line):
    """The same, with nothing said about orders, and as if it had not been told to slow down."""
    server, _, exchange = line
    told = list(server.answers)
    forget(server, exchange)
    yield line
    server.answers[:] = told


def forget(server, exchange):
    """Nothing was asked, and nobody asked us to slow down."""
    server.asked.clear()
    wire = exchange._opened().asker.client.wire
    wire._rests_until, wire._actions._tokens = None, wire._terms.action_burst


def order(story, number=1, **changes):
    deadline = HastyClock().now() + timedelta(seconds=5)
    return placing(number, **{"symbol": story.symbol, "deadline": deadline} | changes)


def placed(venue, answer, *, status=200, **changes):
    """The outcome, after the venue's own log showed exactly one order."""
    server, story, exchange = venue
    said = answer if isinstance(answer, Says | HangsUp) else Says(answer, status=status)
    server.say(story.placing_path, said)

    outcome = exchange.place(order(story, **changes))

    assert len(server.requests(story.placing_path)) == 1
    assert len(server.asked) == 1
    return outcome


def held_back(venue, **changes):
    """The outcome of an order that must not leave."""
    server, story, exchange = venue
    server.say(story.placing_path, story.taken("1001", "x"))

    outcome = exchange.place(order(story, **changes))

    assert server.asked == []
    assert outcome.kind is REJECTED
    assert outcome.problem.startswith("Nothing was sent")
    return outcome


# ------------------------------------------------------------------------------- answers


def test_an_order_that_was_taken_is_accepted(venue):
    _, story, _ = venue
    taken = story.taken(story.order_ids[0], story.known_as(order(story).client_order_id))

    outcome = placed(venue, taken)

    assert (outcome.kind, outcome.exchange_order_id) == (ACCEPTED, story.order_ids[0])
    assert story.sent() == ("0.01", "61000")


def test_a_refusal_is_rejected_with_a_sentence(venue):
    _, story, _ = venue
    code, status = REFUSED[story.venue]

    outcome = placed(venue, story.refused(code), status=status)

    assert outcome.kind is REJECTED
    assert "does not hold enough" in outcome.problem


def test_a_rate_limit_is_told_apart(venue):
    _, story, _ = venue
    code, status = SLOWED[story.venue]

    assert placed(venue, story.refused(code), status=status).kind is RATE_LIMITED


@pytest.mark.parametrize("body", NOTHING_SAID.values(), ids=NOTHING_SAID)
def test_an_answer_that_says_nothing_is_unknown(venue, body):
    server, _, exchange = venue
    for status in (*STATUSES, *FAILURES):
        forget(server, exchange)
        outcome = placed(venue, body, status=status)
        assert outcome.kind is UNKNOWN, status
        assert outcome.problem


@pytest.mark.parametrize("status", [*FAILURES, *REDIRECTS, 201, 202, 408, 425])
def test_acceptance_with_another_status_is_unknown(venue, status):
    server, story, _ = venue
    location = {"Location": f"{server.url}{story.terms.order_path}"}
    taken = Says(story.taken(story.order_ids[0], "x"), status=status, headers=location)

    assert placed(venue, taken).kind is UNKNOWN


@pytest.mark.parametrize("status", [*FAILURES, 408, 425])
def test_a_refusal_from_a_failing_server_is_unknown(venue, status):
    _, story, _ = venue

    outcome = placed(venue, story.refused(REFUSED[story.venue][0]), status=status)

    assert outcome.kind is UNKNOWN


@pytest.mark.parametrize("answer", [HangsUp(), Says({"a": 1}, cut=9)], ids=["hangs up", "cut"])
def test_an_answer_that_does_not_come_whole_is_unknown(venue, answer):
    assert placed(venue, answer).kind is UNKNOWN


# Kraken does not repeat the client id.
@pytest.mark.parametrize("line", sorted(set(STORIES) - {"kraken"}), indirect=True)
def test_an_answer_about_another_order_is_unknown(venue):
    _, story, _ = venue

    assert placed(venue, story.taken("1001", "of-somebody-else")).kind is UNKNOWN


def test_a_venue_that_is_gone_was_not_sent_anything():
    with venue_server() as server:
        story = STORIES["binance"](server)
        exchange = story.connect()
        exchange._opened().asker.ready()
        exchange._opened().asker.client.wire.close()

    outcome = exchange.place(order(story))

    exchange.close()
    assert outcome.kind is REJECTED
    assert "Nothing was sent" in outcome.problem


# --------------------------------------------------------------------------- held back


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": Decimal("0.0000000001")},
        {"quantity": Decimal("0.0100000001")},
        {"worst_price": Decimal("61000.0000000001")},
        {"symbol": "NO/SUCH"},
        {"client_order_id": "what is this"},
    ],
    ids=["too little", "no whole lots", "off the tick", "no such market", "no such id"],
)
def test_what_the_market_does_not_take_as_it_is_stays_here(venue, changes):
    held_back(venue, **changes)


def test_an_order_that_is_late_stays_here(venue):
    held_back(venue, deadline=HastyClock().now() - timedelta(milliseconds=1))


@pytest.mark.parametrize("order_type", OrderType)
@pytest.mark.parametrize("duration", TimeInForce)
def test_what_is_not_claimed_stays_here(venue, order_type, duration):
    _, story, _ = venue
    claimed = story.terms.capabilities
    if order_type in claimed.order_types and duration in claimed.times_in_force:
        return

    held_back(
        venue,
        order_type=order_type,
        time_in_force=duration,
        limit_price=Decimal(60000),
        stop_price=Decimal(60500),
        good_until=HastyClock().now() + timedelta(hours=1),
    )


def test_after_a_rate_limit_the_next_order_stays_here(venue):
    server, story, exchange = venue
    code, status = SLOWED[story.venue]
    placed(venue, story.refused(code), status=status)

    outcome = exchange.place(order(story, 2))

    assert outcome.kind is REJECTED
    assert "left alone" in outcome.problem
    assert len(server.asked) == 1


# ------------------------------------------------------------------------------- kinds


def sent_body(venue, **changes):
    server, story, exchange = venue
    taken = story.taken(story.order_ids[0], story.known_as(order(story).client_order_id))
    server.say(story.placing_path, taken)
    outcome = exchange.place(order(story, **changes))
    assert outcome.kind is ACCEPTED, outcome.problem
    (asked,) = server.requests(story.placing_path)
    return asked.body


def at_venue(*names):
    """The test is about these venues alone."""
    return pytest.mark.parametrize("line", names, indirect=True)


def test_a_limit_order_rests_until_it_is_canceled(venue):
    _, story, _ = venue
    body = sent_body(
        venue,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(59000),
        time_in_force=TimeInForce.GTC,
        side=Side.SELL,
    )

    told = str(body)
    assert story.sent() == ("0.01", "59000")
    assert "61000" not in told
    expected = {
        "binance": ("'timeInForce': 'GTC'", "'side': 'SELL'"),
        "kraken": ("'timeinforce': 'GTC'", "'type': 'sell'"),
        "coinbase": ("limit_limit_gtc", "'side': 'SELL'"),
        "bybit": ("'timeInForce': 'GTC'", "'side': 'Sell'"),
        "okx": ("'ordType': 'limit'", "'side': 'sell'"),
        "hyperliquid": ("'tif': 'Gtc'", "'b': False"),
    }
    assert all(words in told for words in expected[story.venue])


def test_a_market_order_cannot_leave_its_collar(venue):
    _, story, _ = venue
    told = str(sent_body(venue))

    expected = {
        "binance": ("'type': 'LIMIT'", "'timeInForce': 'IOC'"),
        "kraken": ("'ordertype': 'limit'", "'timeinforce': 'IOC'"),
        "coinbase": ("sor_limit_ioc",),
        "bybit": ("'orderType': 'Limit'", "'timeInForce': 'IOC'"),
        "okx": ("'ordType': 'ioc'", "'tdMode': 'cash'"),
        "hyperliquid": ("'tif': 'Ioc'",),
    }
    assert all(words in told for words in expected[story.venue])
    assert story.sent()[1] == "61000"


@at_venue("binance", "kraken", "coinbase")
@pytest.mark.parametrize("side", Side)
def test_a_stop_names_its_trigger_and_its_limit(venue, side):
    _, story, _ = venue
    body = sent_body(
        venue,
        order_type=OrderType.STOP,
        stop_price=Decimal(60500),
        worst_price=Decimal(60600),
        time_in_force=TimeInForce.GTC,
        side=side,
    )

    told = str(body)
    expected = {
        "binance": ("'type': 'STOP_LOSS_LIMIT'", "'stopPrice': '60500'", "'price': '60600'"),
        "kraken": ("'ordertype': 'stop-loss-limit'", "'price': '60500'", "'price2': '60600'"),
        "coinbase": (
            "stop_limit_stop_limit_gtc",
            "'stop_price': '60500'",
            "'limit_price': '60600'",
            "STOP_UP" if side is Side.BUY else "STOP_DOWN",
        ),
    }
    assert all(words in told for words in expected[story.venue])


@at_venue("kraken", "coinbase")
def test_a_day_order_ends_with_its_day(venue):
    _, story, _ = venue
    ends_at = HastyClock().now() + timedelta(hours=3)
    told = str(
        sent_body(
            venue,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(59000),
            time_in_force=TimeInForce.DAY,
            good_until=ends_at,
        )
    )

    when = (
        str(int(ends_at.timestamp())) if story.venue == "kraken" else f"{ends_at:%Y-%m-%dT%H:%M}"
    )
    assert when in told
    assert "GTD" in told or "limit_limit_gtd" in told


def test_the_order_carries_our_name_and_its_expiry(venue):
    server, story, _ = venue
    body = sent_body(venue)

    (asked,) = server.requests(story.placing_path)
    name = story.known_as(order(story).client_order_id)
    assert name in asked.text
    headers = {key.lower(): value for key, value in asked.headers.items()}
    expiry = {
        "binance": lambda: int(body["recvWindow"]) <= 5000,
        "kraken": lambda: body["deadline"].endswith("Z"),
        "coinbase": lambda: "authorization" in headers,
        "bybit": lambda: int(headers["x-bapi-recv-window"]) <= 5000,
        "okx": lambda: int(headers["exptime"]) > 0,
        "hyperliquid": lambda: body["expiresAfter"] > body["nonce"],
    }
    assert expiry[story.venue]()


def test_the_expiry_of_an_order_does_not_stay_behind(venue):
    _, _, exchange = venue
    sent_body(venue)
    api = exchange._opened().api

    assert "expTime" not in api.headers
    assert api.options.get("recvWindow", 5000) == 5000
