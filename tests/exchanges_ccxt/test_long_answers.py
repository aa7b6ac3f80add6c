"""Answers that come in pages, as each venue cuts them, read to the end."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.exchanges_ccxt.connecting import ACCOUNT, sent
from tests.exchanges_ccxt.questions import ask, known, ours
from tests.exchanges_ccxt.venue_server import Says
from trading.domain.exchange import ExchangeUnavailable
from trading.domain.states import OrderState


def in_turn(*answers):
    """One answer after the other, the last one for ever."""
    left = list(answers)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]


def coinbase_page(*ids, cursor=""):
    rows = [
        {
            "trade_id": trade_id,
            "order_id": "1001",
            "trade_time": "2999-03-02T12:00:00Z",
            "price": "60000",
            "size": "0.01",
            "commission": "0.6",
            "product_id": "BTC-USD",
            "side": "BUY",
        }
        for trade_id in ids
    ]
    return Says({"fills": rows, "cursor": cursor})


def at_venue(*names):
    """The test is about these venues alone."""
    return pytest.mark.parametrize("line", names, indirect=True)


def told_ids(exchange, since):
    return [each.trade.trade_id for each in exchange.trades(account_id=ACCOUNT, since=since)]


@at_venue("coinbase")
@pytest.mark.usefixtures("known_order")
def test_coinbase_is_read_until_its_cursor_ends(venue):
    server, story, exchange = venue
    pages = in_turn(coinbase_page("1", "2", cursor="next"), coinbase_page("3"))
    server.say("GET */fills", pages)

    assert told_ids(exchange, story.now - timedelta(hours=1)) == ["1", "2", "3"]
    assert server.asked[-1].query["cursor"] == "next"


@at_venue("coinbase")
@pytest.mark.usefixtures("known_order")
def test_a_venue_that_never_ends_its_pages_is_no_answer(venue):
    server, story, exchange = venue
    count = iter(range(10_000))
    server.say("GET */fills", lambda asked: coinbase_page("1", cursor=str(next(count))))

    with pytest.raises(ExchangeUnavailable, match="pages"):
        exchange.trades(account_id=ACCOUNT, since=story.now)


@at_venue("coinbase")
@pytest.mark.usefixtures("known_order")
def test_a_page_that_leads_to_itself_hides_something(venue):
    server, story, exchange = venue
    server.say("GET */fills", coinbase_page("1", cursor="same"))

    with pytest.raises(ExchangeUnavailable, match="pages"):
        exchange.trades(account_id=ACCOUNT, since=story.now)
    assert len(server.requests("GET */fills")) == 2


@at_venue("binance")
@pytest.mark.usefixtures("known_order")
def test_binance_is_read_by_the_day_and_beyond_a_full_page(venue):
    server, story, exchange = venue
    exchange._symbols.add("BTC/USDT")
    day, page = timedelta(days=1), story.terms.page

    def trades(asked):
        start = int(asked.query["startTime"])
        first = start == story.milliseconds(ago=2 * day)
        rows = range(page) if first else range(page - 1, page + 1)
        return Says(
            [
                {
                    "symbol": "BTCUSDT",
                    "id": row,
                    "orderId": 1001,
                    "price": "60000",
                    "qty": "0.01",
                    "commission": "0",
                    "commissionAsset": "USDT",
                    "time": story.milliseconds(ago=2 * day) + row,
                    "isBuyer": True,
                    "isMaker": False,
                }
                for row in rows
            ]
        )

    server.say("GET */myTrades", trades)
    found = told_ids(exchange, story.now - 2 * day)

    asked = server.requests("GET */myTrades")
    assert found == [str(number) for number in range(page + 1)]
    assert len(asked) == 4  # two for the first day, one for the second, one for what is left
    spans = [int(each.query["endTime"]) - int(each.query["startTime"]) for each in asked[:-1]]
    assert max(spans) <= day // timedelta(milliseconds=1)
    assert "endTime" not in asked[-1].query


@at_venue("binance")
@pytest.mark.usefixtures("known_order")
def test_all_trades_of_a_large_binance_order_are_read(venue):
    server, story, exchange = venue
    page = story.terms.page
    story.knows(known(story, quantity="20", filled="20", ending="FILLED"))

    def trades(asked):
        first = int(asked.query.get("fromId", 0))
        return Says(
            [
                {
                    "symbol": "BTCUSDT",
                    "id": number,
                    "orderId": 1001,
                    "price": "60000",
                    "qty": "0.01",
                    "commission": "0",
                    "commissionAsset": "USDT",
                    "time": story.milliseconds(),
                    "isBuyer": True,
                    "isMaker": False,
                }
                for number in range(first, min(first + page, 2 * page))
            ]
        )

    server.say("GET */myTrades", trades)
    report = ask(exchange, ours(story))[ours(story).client_order_id]

    assert report.state is OrderState.FILLED
    assert len(report.trades) == 2 * page


@at_venue("kraken")
@pytest.mark.usefixtures("known_order")
def test_kraken_is_read_by_fifty(venue):
    server, story, exchange = venue
    exchange._names["O-1"] = "tfl-known"

    def trades(asked):
        first = int(asked.body["ofs"])
        rows = {
            f"T-{number}": {
                "ordertxid": "O-1",
                "pair": "XBTUSDT",
                "time": 32503680000.5 + number,
                "type": "buy",
                "price": "60000",
                "vol": "0.01",
                "fee": "0",
                "maker": False,
            }
            for number in range(first, min(first + 50, 120))
        }
        return Says({"error": [], "result": {"trades": rows, "count": 120}})

    server.say("POST */TradesHistory", trades)

    assert len(told_ids(exchange, story.now - timedelta(hours=1))) == 120
    assert [each.body["ofs"] for each in server.requests("POST */TradesHistory")] == [
        "0",
        "50",
        "100",
    ]


@at_venue("kraken")
@pytest.mark.usefixtures("known_order")
def test_one_unknown_order_does_not_hide_the_others_at_kraken(venue):
    _, story, exchange = venue
    story.knows(known(story))
    orders = [
        sent(ours(story, 1), exchange_order_id=story.order_ids[0]),
        sent(ours(story, 2), exchange_order_id="O-NEVER-SEEN"),
    ]

    assert list(exchange.reports(orders=orders)) == [ours(story, 1).client_order_id]


@at_venue("okx")
@pytest.mark.usefixtures("known_order")
def test_okx_is_read_backwards(venue):
    server, story, exchange = venue
    page = story.terms.page

    def trades(asked):
        last = int(asked.query.get("after", 250))
        rows = [
            {
                "instId": "BTC-USDT",
                "tradeId": str(number),
                "billId": str(number),
                "ordId": "1001",
                "clOrdId": "",
                "fillPx": "60000",
                "fillSz": "0.01",
                "fee": "-0.1",
                "feeCcy": "BTC",
                "side": "buy",
                "execType": "M",
                "ts": str(story.milliseconds() + number),
            }
            for number in range(last - 1, max(last - page, 0) - 1, -1)
        ]
        return Says({"code": "0", "msg": "", "data": rows})

    server.say("GET */fills-history", trades)
    found = exchange.trades(account_id=ACCOUNT, since=story.now - timedelta(hours=1))

    assert [each.trade.trade_id for each in found] == [str(number) for number in range(250)]
    assert {(t.trade.fee, t.trade.fee_currency, t.trade.is_maker) for t in found} == {
        (Decimal("0.1"), "BTC", True)
    }


@at_venue("bybit")
@pytest.mark.usefixtures("known_order")
def test_bybit_is_read_by_the_week(venue):
    server, story, exchange = venue

    told_ids(exchange, story.now - timedelta(days=16))

    asked = server.requests("GET */v5/execution/list")
    week = timedelta(days=7) // timedelta(milliseconds=1)
    assert len(asked) == 3
    assert [int(each.query["endTime"]) - int(each.query["startTime"]) for each in asked[:2]] == [
        week,
        week,
    ]


@at_venue("hyperliquid")
@pytest.mark.usefixtures("known_order")
def test_hyperliquid_is_read_forwards(venue):
    server, story, exchange = venue
    page = story.terms.page

    def fills(asked):
        start = int(asked.body["startTime"])
        rows = [
            {
                "coin": "@0",
                "oid": 1001,
                "tid": number,
                "px": "60000",
                "sz": "0.01",
                "fee": "0",
                "feeToken": "USDC",
                "side": "B",
                "crossed": False,
                "time": story.milliseconds() + number,
            }
            for number in range(page + 5)
        ]
        return Says([row for row in rows if row["time"] >= start][:page])

    server.say("POST */info/userFills*", fills)
    found = told_ids(exchange, story.now - timedelta(hours=1))

    assert found == [str(number) for number in range(page + 5)]
