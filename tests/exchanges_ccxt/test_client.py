"""What ccxt is told for one account, and what it may not do."""

import logging
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.exchanges_ccxt.connecting import ACCOUNT, HastyClock, placing, sent
from tests.exchanges_ccxt.stories import STORIES, HyperliquidStory, Told
from tests.exchanges_ccxt.venue_server import venue_server
from trading.domain.credentials import Credentials
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind
from trading.exchanges.ccxt.client import Misconfigured, connect, rebased
from trading.exchanges.ccxt.exchange import CcxtExchange
from trading.exchanges.ccxt.venues import VENUES
from tradingfarm.kernel.clock import ManualClock

KEYS = Credentials("the-key", "the-secret", password="the-password", wallet="0x" + "22" * 20)
SERVER = "http://127.0.0.1:9"
each_venue = pytest.mark.parametrize("terms", VENUES.values(), ids=VENUES)


@pytest.fixture
def server():
    with venue_server() as running:
        yield running


def made(terms, *, credentials=KEYS, sandbox=False, base_url=""):
    client = connect(
        terms=terms,
        credentials=credentials,
        sandbox=sandbox,
        base_url=base_url,
        clock=HastyClock(),
    )
    return client.api


# ------------------------------------------------------------------------------- settings


@each_venue
def test_it_is_set_up_to_send_once_quietly_and_exactly(terms):
    api = made(terms)

    assert api.options["maxRetriesOnFailure"] == 0
    assert api.options["adjustForTimeDifference"] is False
    assert api.timeout == 5000
    assert api.enableRateLimit
    assert not api.verbose
    assert api.number is str
    assert api.userAgent == "TradingFarm"
    assert api.session.get_adapter("https://x").max_retries.total == 0
    assert not api.session.trust_env
    if "recvWindow" in api.options:
        assert api.options["recvWindow"] == 5000


@each_venue
def test_every_address_is_replaced_and_every_path_is_kept(terms):
    before, after = made(terms).urls["api"], made(terms, base_url=f"{SERVER}/").urls["api"]

    assert before.keys() == after.keys()
    for name, url in after.items():
        assert url.startswith(SERVER)
        assert url.removeprefix(SERVER) == "".join(
            before[name].partition("://")[2].partition("/")[1:]
        )


def test_a_path_is_moved_to_the_new_address():
    assert rebased("https://api.x.com/sapi/v1", "http://h:1/") == "http://h:1/sapi/v1"
    assert rebased("https://api.{hostname}", "http://h:1") == "http://h:1"


@each_venue
def test_play_money_is_asked_for_where_there_is_some(terms):
    if not terms.has_sandbox:
        with pytest.raises(Misconfigured, match="play money"):
            made(terms, sandbox=True)
        return

    assert made(terms, sandbox=True).isSandboxModeEnabled
    assert not made(terms).isSandboxModeEnabled


def test_play_money_that_nobody_asked_for_is_refused():
    terms = replace(VENUES["binance"], options={"sandbox": True})

    with pytest.raises(Misconfigured, match="disagree"):
        made(terms)


def test_play_money_goes_to_a_server_of_ours_too():
    api = made(VENUES["okx"], sandbox=True, base_url=SERVER)

    assert api.urls["api"]["rest"] == SERVER
    assert api.headers["x-simulated-trading"] == "1"


@each_venue
def test_no_account_is_connected_without_its_keys(terms):
    with pytest.raises(Misconfigured, match="needs the account's"):
        made(terms, credentials=Credentials("", ""))


def test_okx_needs_its_password_and_hyperliquid_a_wallet():
    keys = Credentials("the-key", "the-secret")

    with pytest.raises(Misconfigured, match="password"):
        made(VENUES["okx"], credentials=keys)
    with pytest.raises(Misconfigured, match="wallet"):
        made(VENUES["hyperliquid"], credentials=keys)


def test_there_are_no_other_venues():
    with pytest.raises(Misconfigured, match="mtgox") as raised:
        CcxtExchange(
            venue="mtgox",
            credentials=KEYS,
            base_currency="USD",
            sandbox=False,
            base_url="",
            clock=HastyClock(),
            account_id=ACCOUNT,
        )

    assert raised.value.permanent


def test_nothing_slow_is_imported_before_the_first_call():
    program = (
        "import sys, trading.exchanges.ccxt.exchange as e, trading.exchanges.ccxt.venues;"
        "print([name for name in ('ccxt', 'requests', 'aiohttp') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


# -------------------------------------------------------------------------------- privacy


def test_credentials_show_nothing():
    assert repr(KEYS) == str(KEYS) == f"{KEYS!r}"
    assert repr(KEYS) == f"Credentials({KEYS.fingerprint}, hidden)"


@pytest.mark.parametrize("venue", STORIES)
def test_neither_key_nor_secret_is_ever_logged(server, caplog, venue):
    caplog.set_level(logging.DEBUG)
    story = STORIES[venue](server)
    server.say(story.placing_path, story.taken("1001", "x"))
    exchange = story.connect()

    exchange.place(placing(symbol=story.symbol))
    story.cancels()
    exchange.cancel(order=sent(placing(symbol=story.symbol), exchange_order_id="1001"))
    exchange.close()

    assert server.requests(story.placing_path)
    for name in ("key", "secret", "password"):
        value = story.key.get(name) or "nothing"
        assert value not in caplog.text


@pytest.mark.parametrize("venue", STORIES)
def test_ccxt_s_own_marks_are_nowhere(server, venue):
    story = STORIES[venue](server)
    server.say(story.placing_path, story.taken("1001", "x"))
    exchange = story.connect()

    exchange.place(placing(symbol=story.symbol))
    story.cancels()
    exchange.cancel(order=sent(placing(symbol=story.symbol), exchange_order_id="1001"))
    exchange.close()

    for asked in server.asked:
        marks = f"{asked.text} {dict(asked.headers)}".lower()
        for mark in ("ccxt", "x-tkt5px2f", "6b9ad766b55dbcde", "referer", "builder", "referrer"):
            assert mark not in marks, mark


def test_a_problem_never_carries_a_query(server):
    story = STORIES["binance"](server)
    server.say("GET */api/v3/openOrders", b"<html>")
    exchange = story.connect()

    with pytest.raises(ExchangeUnavailable) as raised:
        exchange.open_orders(account_id=ACCOUNT)
    exchange.close()

    assert "signature" not in raised.value.message
    assert "?" not in raised.value.message


# ------------------------------------------------------------------------------ one account


def test_another_account_s_orders_are_none_of_its_business(server):
    story = STORIES["binance"](server)
    exchange, stranger = story.connect(), UUID(int=1)

    with pytest.raises(Misconfigured):
        exchange.open_orders(account_id=stranger)
    outcome = exchange.place(placing(account_id=stranger))
    exchange.close()

    assert outcome.kind is OutcomeKind.REJECTED
    assert server.asked == []


# ------------------------------------------------------------------------------ markets


def timed(story, clock):
    exchange = CcxtExchange(
        venue=story.venue,
        credentials=Credentials("k", "s"),
        base_currency="USDT",
        sandbox=False,
        base_url=story.server.url,
        clock=clock,
        account_id=ACCOUNT,
    )
    exchange._opened().api.enableRateLimit = False
    return exchange


def loads(server):
    return len(server.requests("GET */exchangeInfo"))


def test_markets_are_loaded_once_and_again_when_they_are_old(server):
    story = STORIES["binance"](server)
    clock = ManualClock(HastyClock().now())
    exchange = timed(story, clock)

    counts = []
    for _ in range(4):
        exchange.open_orders(account_id=ACCOUNT)
        counts.append(loads(server))
        clock.sleep(timedelta(hours=7).total_seconds())
    exchange.close()

    assert counts == [1, 1, 2, 2]


def test_an_order_is_not_placed_by_markets_older_than_a_day(server):
    story = STORIES["binance"](server)
    server.say(story.placing_path, story.taken("1001", "tfl" + "0" * 25 + "1"))
    clock = ManualClock(HastyClock().now())
    exchange = timed(story, clock)
    exchange.open_orders(account_id=ACCOUNT)
    server.say("GET */exchangeInfo", b"<html>", status=502)

    outcomes = []
    for _ in range(2):
        outcomes.append(exchange.place(placing(deadline=clock.now() + timedelta(seconds=5))))
        clock.sleep(timedelta(hours=24, seconds=1).total_seconds())
    exchange.close()

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED, OutcomeKind.REJECTED]
    assert len(server.requests(story.placing_path)) == 1


@pytest.mark.parametrize("body", [{}, {"symbols": []}, [], b"<html>", b""])
def test_markets_that_say_nothing_do_not_replace_those_that_did(server, body):
    story = STORIES["binance"](server)
    server.say(story.placing_path, story.taken("1001", "tfl" + "0" * 25 + "1"))
    clock = ManualClock(HastyClock().now())
    exchange = timed(story, clock)
    exchange.open_orders(account_id=ACCOUNT)
    server.say("GET */exchangeInfo", body)
    clock.sleep(timedelta(hours=13).total_seconds())

    with pytest.raises(ExchangeUnavailable):
        exchange.open_orders(account_id=ACCOUNT)
    outcome = exchange.place(placing(deadline=clock.now() + timedelta(seconds=5)))
    exchange.close()

    assert outcome.kind is OutcomeKind.ACCEPTED


# --------------------------------------------------------------------------- signatures


def test_hyperliquid_s_expiry_is_part_of_what_is_signed(server):
    story = HyperliquidStory(server)
    server.say(story.placing_path, story.taken("1001", "x"))
    exchange = story.connect()
    exchange.place(placing(symbol=story.symbol))
    exchange.close()

    (asked,) = server.requests(story.placing_path)
    api = made(VENUES["hyperliquid"], credentials=Credentials("", "0x" + "11" * 32, wallet="0x"))
    body = dict(asked.body)
    signed = api.sign_l1_action(body["action"], body["nonce"], None, body["expiresAfter"])
    without = api.sign_l1_action(body["action"], body["nonce"], None, None)
    assert body["signature"] == signed != without
    assert body["expiresAfter"] - body["nonce"] <= 5000


def test_hyperliquid_never_approves_a_fee_or_names_a_referrer(server):
    story = HyperliquidStory(server)
    story.knows(Told("1001", "0x" + "0" * 31 + "1"))
    story.cancels()
    server.say(story.placing_path, story.taken("1001", "x"))
    exchange = story.connect()

    exchange.place(placing(symbol=story.symbol))
    exchange.cancel(order=sent(placing(symbol=story.symbol)))
    exchange.close()

    actions = {asked.path for asked in server.requests("POST /exchange*")}
    assert actions == {"/exchange/order", "/exchange/cancelByCloid"}
