"""Questions through the real classes of ccxt: what is believed, and what is no answer."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.exchanges_ccxt.connecting import ACCOUNT, HastyClock, sent
from tests.exchanges_ccxt.questions import ask, known, ours
from tests.exchanges_ccxt.stories import Told, Trade
from tests.exchanges_ccxt.venue_server import HangsUp, Says
from trading.domain.exchange import ExchangeUnavailable
from trading.domain.states import OrderState, OrderType, Side
from trading.exchanges.ccxt.client import Misconfigured

SPOILED = {
    "a page": Says(b"<html>"),
    "nothing": Says(b""),
    "braces": Says({}),
    "brackets": Says([]),
    "half": Says(b'{"result": {"open": {'),
    "a failure": Says({"code": -1000, "msg": "x"}, status=500),
    "a proxy": Says(b"<html>", status=502),
    "a redirect": Says({}, status=302, headers={"Location": "/"}),
    "an unreviewed code": Says({"code": -9999, "msg": "x"}, status=400),
    "rows without their fields": Says([{"id": 1}]),
    "a hang-up": HangsUp(),
}


def word_for(story, state):
    return next(word for word, ending in story.terms.endings.items() if ending is state)


def trade_ids(story):
    return ("T-1", "T-2") if story.venue == "kraken" else ("71", "72")


# --------------------------------------------------------------------------------- reports


def test_an_order_that_the_venue_does_not_know_is_missing(venue):
    _, story, exchange = venue

    assert ask(exchange, ours(story)) == {}
    assert exchange.reports(orders=[]) == {}


@pytest.mark.parametrize("by_own_id", [True, False], ids=["by its own id", "by ours"])
def test_an_order_at_work_is_open(venue, by_own_id):
    _, story, exchange = venue
    order = ours(story)
    story.knows(known(story))

    found = ask(exchange, order, exchange_order_id=story.order_ids[0] if by_own_id else "")

    report = found[order.client_order_id]
    assert (report.state, report.trades) == (OrderState.OPEN, ())
    assert report.exchange_order_id == story.order_ids[0]


@pytest.mark.parametrize("by_own_id", [True, False], ids=["by its own id", "by ours"])
@pytest.mark.parametrize("state", [OrderState.CANCELED, OrderState.EXPIRED])
def test_an_order_that_ended_without_a_trade_says_so(venue, state, by_own_id):
    _, story, exchange = venue
    if state not in story.terms.endings.values():
        pytest.skip("The venue has no word for it.")
    story.knows(known(story, ending=word_for(story, state)))

    order = ours(story)
    found = ask(exchange, order, exchange_order_id=story.order_ids[0] if by_own_id else "")

    assert found[order.client_order_id].state is state


def test_every_word_for_an_end_is_read(venue):
    _, story, exchange = venue
    for word, state in story.terms.endings.items():
        told = known(story, ending=word, filled="0")
        story.knows(told)
        report = ask(exchange, ours(story))[ours(story).client_order_id]
        expected = OrderState.CANCELED if state is OrderState.FILLED else state
        assert report.state is expected, word


def test_a_word_that_nobody_knows_ends_nothing(venue):
    _, story, exchange = venue
    story.knows(known(story, ending="invented_yesterday"))

    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert report.state is OrderState.OPEN


def test_a_filled_order_comes_with_all_of_its_trades(venue):
    _, story, exchange = venue
    first, second = trade_ids(story)
    story.knows(known(story, filled="0.01", ending=word_for(story, OrderState.FILLED)))
    story.traded(
        Trade(first, story.order_ids[0], quantity="0.004"),
        Trade(second, story.order_ids[0], quantity="0.006", price="60000.1"),
        Trade(second, story.order_ids[0], quantity="0.006", price="60000.1"),
    )

    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert report.state is OrderState.FILLED
    assert [trade.trade_id for trade in report.trades] == [first, second]
    assert sum(trade.quantity for trade in report.trades) == Decimal("0.01")
    assert report.trades[1].price == Decimal("60000.1")
    assert {trade.fee for trade in report.trades} == {Decimal("0.6")}
    assert {trade.fee_currency for trade in report.trades} == {""}
    assert abs(report.trades[0].as_of - story.now) < timedelta(seconds=1)


def test_trades_of_other_orders_are_left_out(venue):
    _, story, exchange = venue
    first, second = trade_ids(story)
    mine, other = story.order_ids
    story.knows(known(story, filled="0.01", ending=word_for(story, OrderState.FILLED)))
    story.traded(Trade(first, mine), Trade(second, other))

    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert [trade.trade_id for trade in report.trades] == [first]


@pytest.mark.parametrize("state", [OrderState.FILLED, OrderState.CANCELED])
def test_an_order_has_not_ended_before_its_trades_are_there(venue, state):
    _, story, exchange = venue
    first, _ = trade_ids(story)
    filled = "0.01" if state is OrderState.FILLED else "0.008"
    story.knows(known(story, filled=filled, ending=word_for(story, state)))
    story.traded(Trade(first, story.order_ids[0], quantity="0.004"))

    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert report.state is OrderState.PARTIALLY_FILLED
    assert sum(trade.quantity for trade in report.trades) == Decimal("0.004")


def test_a_canceled_order_keeps_the_trades_that_it_had(venue):
    _, story, exchange = venue
    first, _ = trade_ids(story)
    ended = word_for(story, OrderState.CANCELED)
    story.knows(known(story, filled="0.004", ending=ended))
    story.traded(Trade(first, story.order_ids[0], quantity="0.004"))

    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert report.state is OrderState.CANCELED
    assert len(report.trades) == 1


def test_one_question_tells_of_many_orders_at_work(venue, monkeypatch):
    server, story, exchange = venue
    monkeypatch.setattr(story, "order_ids", ("1001", "1002", "1003", "1004", "1005", "1006"))
    story.knows(*(known(story, number) for number in range(1, 7)))

    found = ask(exchange, *(ours(story, number) for number in range(1, 7)))

    assert {report.exchange_order_id for report in found.values()} == set(story.order_ids)
    assert len(server.asked) == 1


def test_of_many_orders_those_that_are_not_open_are_asked_for(venue):
    _, story, exchange = venue
    ended = word_for(story, OrderState.CANCELED)
    story.knows(known(story, 1), known(story, 2, ending=ended))

    found = ask(exchange, *(ours(story, number) for number in range(1, 6)))

    assert [found[ours(story, n).client_order_id].state for n in (1, 2)] == [
        OrderState.OPEN,
        OrderState.CANCELED,
    ]
    assert len(found) == 2


# -------------------------------------------------------------------------------- the account


def test_open_orders_are_told_whoever_made_them(venue):
    _, story, exchange = venue
    if story.venue == "hyperliquid":
        foreign = Told(story.order_ids[1], "")
    else:
        foreign = Told(story.order_ids[1], "web-1")
    story.knows(known(story), replace(foreign, quantity="0.05"))

    found = exchange.open_orders(account_id=ACCOUNT)

    mine, other = sorted(found, key=lambda order: order.quantity)
    assert mine.client_order_id == ours(story).client_order_id
    assert other.client_order_id == foreign.client_id
    assert (other.exchange_order_id, other.symbol) == (story.order_ids[1], story.symbol)
    assert (mine.side, mine.order_type, mine.limit_price) == (
        Side.BUY,
        OrderType.LIMIT,
        Decimal(61000),
    )
    assert (mine.quantity, mine.filled_quantity) == (Decimal("0.01"), 0)
    assert abs(mine.placed_at - story.now) < timedelta(seconds=1)


def test_no_open_orders_are_an_answer(venue):
    _, _, exchange = venue

    assert exchange.open_orders(account_id=ACCOUNT) == ()


@pytest.mark.parametrize("line", ["binance"], indirect=True)
def test_an_order_that_has_ended_is_not_open_whatever_the_list_says(venue):
    server, story, exchange = venue
    ended = known(story, ending=word_for(story, OrderState.CANCELED))
    server.say("GET */openOrders", [story._row(ended)])

    assert exchange.open_orders(account_id=ACCOUNT) == ()


def test_trades_are_told_with_the_orders_that_made_them(venue):
    _, story, exchange = venue
    first, second = trade_ids(story)
    mine, other = story.order_ids
    filled = word_for(story, OrderState.FILLED)
    foreign = Told(other, "", filled="0.01", ending=filled)
    story.knows(known(story, filled="0.01", ending=filled), foreign)
    story.traded(Trade(first, mine), Trade(second, other))
    exchange._symbols.add(story.symbol)

    found = exchange.trades(account_id=ACCOUNT, since=story.now - timedelta(hours=1))

    assert {trade.exchange_order_id: trade.client_order_id for trade in found} == {
        mine: ours(story).client_order_id,
        other: "",
    }
    assert {(trade.symbol, trade.side) for trade in found} == {(story.symbol, Side.BUY)}
    assert [trade.trade.trade_id for trade in found] == [first, second]


def test_balances_are_free_and_locked_together_by_asset(venue):
    _, story, exchange = venue
    story.holds(BTC=("1.1", "0.4"), ETH=("0", "0"), **{story.currency: ("100.25", "0.75")})

    held = exchange.balances(account_id=ACCOUNT)

    assert held == {"BTC": Decimal("1.5"), story.currency: Decimal(101)}


def test_a_clock_that_agrees_has_no_offset_worth_a_word(venue):
    _, story, exchange = venue
    story.clock_shows(HastyClock().now())

    assert abs(exchange.clock_offset(account_id=ACCOUNT)) < timedelta(milliseconds=300)


@pytest.mark.parametrize("seconds", [5, -5])
def test_a_clock_that_is_off_is_seen(venue, seconds):
    _, story, exchange = venue
    story.clock_shows(HastyClock().now() + timedelta(seconds=seconds))

    offset = exchange.clock_offset(account_id=ACCOUNT)

    assert abs(offset - timedelta(seconds=seconds)) < timedelta(seconds=1, milliseconds=300)


def test_who_asked_us_to_wait_is_named(venue):
    server, _, exchange = venue
    server.say("* *", Says({}, status=429))
    with pytest.raises(ExchangeUnavailable):
        exchange.balances(account_id=ACCOUNT)

    with pytest.raises(ExchangeUnavailable) as raised:
        exchange.balances(account_id=ACCOUNT)

    assert "asked to be left alone" in raised.value.message


@pytest.mark.parametrize("line", ["hyperliquid"], indirect=True)
def test_a_secret_that_is_no_key_is_named_as_such(venue, monkeypatch):
    _, story, _ = venue
    monkeypatch.setattr(story, "key", story.key | {"secret": "no key at all"})
    fresh = story.connect()

    with pytest.raises(Misconfigured, match="private key"):
        fresh.withdrawal_allowed()

    fresh.close()


@pytest.mark.parametrize("withdraw", [True, False])
def test_a_key_that_may_withdraw_is_known_for_it(venue, withdraw):
    _, story, _ = venue
    story.key_may(withdraw=withdraw)
    fresh = story.connect()

    allowed = fresh.withdrawal_allowed()

    fresh.close()
    assert allowed is withdraw


def test_the_dead_man_timer_is_set_where_there_is_one(venue):
    server, story, exchange = venue
    if not story.terms.capabilities.dead_man:
        with pytest.raises(ExchangeUnavailable):
            exchange.arm_dead_man(account_id=ACCOUNT, timeout=timedelta(seconds=30))
        return
    answers = {
        "kraken": {"error": [], "result": {"currentTime": "x", "triggerTime": "y"}},
        "okx": {"code": "0", "msg": "", "data": [{"triggerTime": "1", "tag": "", "ts": "1"}]},
    }
    server.say("POST */[cC]ancel*", answers[story.venue])

    exchange.arm_dead_man(account_id=ACCOUNT, timeout=timedelta(seconds=30))

    (asked,) = server.requests("POST */[cC]ancel*")
    assert "30" in (str(asked.body.get("timeout")), str(asked.body.get("timeOut")))


def test_what_nobody_asked_for_is_no_answer(venue):
    _, _, exchange = venue

    with pytest.raises(ExchangeUnavailable, match="nothing was asked"):
        exchange._opened().asker.ask(list)


# ------------------------------------------------------------------------------ no answers

QUESTIONS = {
    "reports by ours": lambda story, x: ask(x, ours(story)),
    "reports by its own": lambda story, x: ask(x, ours(story), exchange_order_id="1001"),
    "open orders": lambda story, x: x.open_orders(account_id=ACCOUNT),
    "trades": lambda story, x: x.trades(account_id=ACCOUNT, since=story.now),
    "balances": lambda story, x: x.balances(account_id=ACCOUNT),
    "clock": lambda story, x: x.clock_offset(account_id=ACCOUNT),
    "cancel": lambda story, x: x.cancel(order=sent(ours(story), exchange_order_id="1001")),
    "key": lambda story, x: x.withdrawal_allowed(),
}


EMPTY_IS_AN_ANSWER = {
    ("binance", "open orders"),
    ("hyperliquid", "open orders"),
    ("hyperliquid", "trades"),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("spoiled", SPOILED)
def test_an_answer_that_cannot_be_believed_is_none(venue, question, spoiled):
    server, story, exchange = venue
    if (story.venue, question) == ("hyperliquid", "key"):
        pytest.skip("It is known without asking.")
    if spoiled == "brackets" and (story.venue, question) in EMPTY_IS_AN_ANSWER:
        pytest.skip("It says that there is nothing.")
    server.say("* *", SPOILED[spoiled])

    with pytest.raises(ExchangeUnavailable) as raised:
        QUESTIONS[question](story, exchange)

    assert raised.value.message.startswith(story.terms.title)


def test_trades_that_cannot_be_had_leave_the_report_unanswered(venue):
    server, story, exchange = venue
    story.knows(known(story, filled="0.01", ending=word_for(story, OrderState.FILLED)))
    for path in ("*myTrades", "*Trades", "*fills", "*execution*", "*fills-history", "*userFills*"):
        server.say(f"* {path}", Says(b"<html>"))

    with pytest.raises(ExchangeUnavailable):
        ask(exchange, ours(story))
