"""The markets: what is listed, what a chart is sent, and what nobody is shown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from market.models import Feed, Instrument, Quote, Replay, Split
from tests.pages.candles import STORED, add_candles, know_the_day
from tests.pages.farms import Farm, end_replay, make_farm, make_user
from tests.pages.reading import text_of
from tests.pages.watching import fired, price_trigger, time_trigger
from trading.models import Order
from tradingfarm.pages.markets.sparklines import sparkline

pytest_plugins = ("tests.pages.fixtures",)

TODAY = int(datetime(2005, 3, 14, tzinfo=UTC).timestamp())
YESTERDAY = int(datetime(2005, 3, 11, tzinfo=UTC).timestamp())


@pytest.fixture
def market(busy: Farm) -> Farm:
    """A farm with a history behind its prices, a minute before the bell."""
    add_candles(busy)
    know_the_day(busy, "AAPL", opened="39.80", before="39.10")
    return busy


def address(farm: Farm, symbol: str = "AAPL", *, name: str = "market") -> str:
    return reverse(name, args=[farm.instruments[symbol].id])


def chart_of(trader: Client, farm: Farm, **query: Any) -> dict[str, Any]:
    answer = trader.get(address(farm, name="market-candles"), {"timeframe": "1d"} | query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_list_shows_prices_changes_and_what_is_held(trader: Client, market: Farm) -> None:
    page = text_of(trader.get("/markets/"))

    assert "AAPL AAPL 40.32 ▲+3.12 40.31 40.33 4.96 1,000,000 - 560 14 Mar, 15:59" in page


def test_each_row_has_a_line_of_its_closes_and_the_running_price(
    trader: Client, market: Farm
) -> None:
    page = trader.get("/markets/").content.decode()

    assert page.count("<polyline points=") == 4
    assert 'aria-label="31 prices,' in page


def test_the_list_is_searched_filtered_and_ordered(trader: Client, market: Farm) -> None:
    Instrument.objects.filter(symbol="IBM").update(sector="Information Technology")
    know_the_day(market, "IBM", opened="92", before="95")

    by_sector = text_of(trader.get("/markets/", {"sector": "Information Technology"}))
    by_text = text_of(trader.get("/markets/", {"search": "oog"}))
    by_change = trader.get("/markets/", {"sort": "-change"}).content.decode()

    assert "IBM IBM 92.14" in by_sector
    assert "AAPL AAPL" not in by_sector
    assert "GOOG GOOG 175.50" in by_text
    assert "MSFT MSFT" not in by_text
    # Ordered from the unknown through the falling to the rising.
    assert by_change.index(">GOOG<") < by_change.index(">IBM<") < by_change.index(">AAPL<")


def test_nothing_that_matches_is_said_with_a_way_back(trader: Client, market: Farm) -> None:
    page = text_of(trader.get("/markets/", {"search": "nothing like it"}))

    assert "No instrument matches. Show all of them." in page


def test_an_old_quote_is_stale_until_the_replay_has_ended(trader: Client, market: Farm) -> None:
    Quote.objects.update(at=market.wall - timedelta(seconds=75))

    running = text_of(trader.get("/markets/"))
    end_replay(market)
    ended = text_of(trader.get("/markets/"))

    assert "14 Mar, 15:59 75 s old" in running or "76 s old" in running
    assert "s old" not in ended


def test_a_stored_feed_lists_its_newest_closes(trader: Client, market: Farm) -> None:
    page = text_of(trader.get("/markets/", {"feed": STORED}))

    assert "Closing prices of stored candles" in page
    assert "AAPL AAPL 40.32" in page
    assert "18 Mar 2005" in page


def test_the_feed_of_somebody_else_is_not_found(trader: Client, market: Farm) -> None:
    other = make_farm(owner=make_user("other"), wall=market.wall)

    lists = trader.get("/markets/", {"feed": other.account.feed_id})
    chart = trader.get(
        address(market, name="market-candles"),
        {"timeframe": "1d", "feed": other.account.feed_id},
    )

    assert (lists.status_code, chart.status_code) == (404, 404)


def test_without_an_account_stored_feeds_can_be_read(client: Client, db: None) -> None:
    client.force_login(make_user("new"))

    nothing = client.get("/markets/")
    Feed.objects.create(name="stored", kind=Feed.Kind.STORED)
    empty = client.get("/markets/")

    assert nothing.status_code == 404
    assert "No prices on this feed yet" in text_of(empty)


def test_the_page_of_an_instrument_tells_everything(trader: Client, market: Farm) -> None:
    Split.objects.create(
        instrument=market.instruments["AAPL"],
        effective_on=datetime(2005, 2, 28, tzinfo=UTC).date(),
        numerator=2,
        denominator=1,
    )
    trigger = price_trigger(market)
    fired(market, trigger, hours_ago=3)
    price_trigger(market, name="Elsewhere", symbols=["IBM"])

    page = text_of(trader.get(address(market)))

    assert "40.32 USD ▲+3.12 % today" in page
    assert "Bid 40.31 Ask 40.33 Spread, bps 4.96 Open 39.80 High 40.32 Low 39.80" in page
    assert "Quantity 560 Average cost 38.72 Value, USD 22,579.20" in page
    assert "AAPL falls 2 % or more from the day's open Dip Fired 14 Mar, 13:00" in page
    assert "IBM falls" not in page
    assert "Agents that may trade it Technical up to 25,000.00 USD" in page
    assert "2:1 on 28 Feb 2005" in page
    assert "shown in today's shares" in page
    assert "buy Technical momentum 560 560 38.72 filled" in page


def test_an_instrument_without_a_price_says_so(trader: Client, market: Farm) -> None:
    Quote.objects.filter(instrument=market.instruments["GOOG"]).delete()

    stored = text_of(trader.get(address(market, "GOOG"), {"feed": STORED}))
    listed = text_of(trader.get("/markets/", {"search": "GOOG"}))
    page = text_of(trader.get(address(market, "GOOG")))

    assert "175.50 USD 0.00 % on the day before" in stored
    assert "GOOG GOOG - -" in listed
    assert "no price yet" in listed
    assert "No price yet. GOOG has not ticked on" in page


def test_an_agent_that_may_not_trade_it_is_not_listed(trader: Client, market: Farm) -> None:
    market.permission.blocked_symbols = ["AAPL"]
    market.permission.save()

    page = text_of(trader.get(address(market)))

    assert "No agent's permission on this account covers AAPL." in page


def test_an_instrument_that_does_not_exist_is_not_found(trader: Client, market: Farm) -> None:
    missing = "00000000-0000-4000-8000-000000000000"

    pages = [
        trader.get(reverse(name, args=[missing]), {"timeframe": "1d"}).status_code
        for name in ("market", "market-candles", "market-table")
    ]

    assert pages == [404, 404, 404]


def test_a_chart_never_goes_beyond_the_feeds_present(trader: Client, market: Farm) -> None:
    chart = chart_of(trader, market)
    asked_for_later = chart_of(trader, market, before=TODAY + 30 * 86_400)

    # The day's own candle is complete at the bell, a minute later.
    assert chart["time"][-1] == YESTERDAY
    assert asked_for_later["time"][-1] == YESTERDAY


def test_the_running_day_follows_the_complete_candles(trader: Client, market: Farm) -> None:
    chart = chart_of(trader, market)

    assert chart["running"] == {
        "start": TODAY,
        "open": 39.8,
        "high": 40.32,
        "low": 39.8,
        "close": 40.32,
        "volume": 1_000_000.0,
    }


def test_older_candles_come_in_parts_until_there_are_none(trader: Client, market: Farm) -> None:
    newest = chart_of(trader, market)
    older = chart_of(trader, market, before=newest["time"][0])

    assert (len(newest["time"]), newest["more"]) == (400, True)
    assert (len(older["time"]), older["more"], older["running"]) == (20, False, None)
    assert older["time"][-1] < newest["time"][0]


def test_indicators_are_those_of_the_agents_and_do_not_change_where_parts_meet(
    trader: Client, market: Farm
) -> None:
    names = ["sma20", "sma50", "ema20", "bollinger", "rsi", "macd"]
    newest = chart_of(trader, market, studies=names)
    again = chart_of(trader, market, studies=names, before=newest["time"][-1])

    closes = newest["close"][-20:]
    assert newest["studies"]["sma20"]["line"][-1] == pytest.approx(sum(closes) / 20)
    assert list(newest["studies"]["bollinger"]) == ["upper", "middle", "lower"]
    for study, lines in newest["studies"].items():
        for line, values in lines.items():
            assert len(values) == 400
            # The same candle, computed from another beginning.
            assert again["studies"][study][line][-1] == pytest.approx(values[-2], abs=1e-5)


def test_warming_up_is_no_number(trader: Client, market: Farm) -> None:
    newest = chart_of(trader, market, studies=["sma50"])
    oldest = chart_of(trader, market, studies=["sma50"], before=newest["time"][0])

    assert oldest["studies"]["sma50"]["line"] == [None] * 20


def test_fills_firings_and_splits_are_marked_on_their_candles(
    trader: Client, market: Farm
) -> None:
    order = Order.objects.filter(instrument=market.instruments["AAPL"], side="buy").first()
    assert order is not None
    trigger = price_trigger(market)
    firing = fired(market, trigger, hours_ago=3)
    fired(market, trigger, hours_ago=75, refused="throttled: 900 s between two")
    Split.objects.create(
        instrument=market.instruments["AAPL"],
        effective_on=datetime(2005, 2, 27, tzinfo=UTC).date(),  # a Sunday
        numerator=2,
        denominator=1,
    )

    marks = chart_of(trader, market)["marks"]

    assert [mark["start"] for mark in marks] == sorted(mark["start"] for mark in marks)
    assert {
        "start": TODAY,
        "kind": "firing",
        "words": "AAPL falls 2 % or more from the day's open",
        "address": f"/triggers/{trigger.id}/#firing-{firing.id}",
    } in marks
    assert (YESTERDAY, "refused") in {(mark["start"], mark["kind"]) for mark in marks}
    assert {mark["address"] for mark in marks if mark["kind"] == "buy"} >= {f"/orders/{order.id}/"}
    assert marks[0]["start"] == int(datetime(2005, 2, 28, tzinfo=UTC).timestamp())


def test_another_feeds_chart_shows_no_marks_of_the_account(trader: Client, market: Farm) -> None:
    chart = chart_of(trader, market, feed=STORED)

    assert chart["marks"] == []
    assert chart["time"][-1] > TODAY


def test_a_replay_that_has_not_begun_shows_nothing_of_its_days(
    trader: Client, market: Farm
) -> None:
    Replay.objects.update(position=0, as_of=None, starts_on="2005-03-14")

    chart = chart_of(trader, market)

    assert chart["time"][-1] == YESTERDAY


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"timeframe": "2d"}, "timeframe: Select a valid choice."),
        ({"timeframe": "1d", "before": "soon"}, "before: Enter a whole number."),
        ({"timeframe": "1d", "before": "9" * 30}, "before: Ensure this value is less"),
        ({"timeframe": "1d", "studies": "magic"}, "studies: Select a valid choice."),
    ],
)
def test_a_chart_that_makes_no_sense_is_refused_with_a_sentence(
    trader: Client, market: Farm, query: dict[str, str], problem: str
) -> None:
    answer = trader.get(address(market, name="market-candles"), query)

    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_the_table_has_what_the_chart_shows_and_goes_back(trader: Client, market: Farm) -> None:
    table = address(market, name="market-table")

    page = trader.get(table)
    older = trader.get(f"{table}?timeframe=1d&before={YESTERDAY}")
    fragment = trader.get(table, headers={"HX-Request": "true"})

    assert "11 Mar 2005" in text_of(page)
    assert "14 Mar 2005" not in text_of(page).partition("Candles of")[2]
    assert "11 Mar 2005" not in text_of(older)
    assert "Older candles" in text_of(page)
    assert "<html" not in fragment.content.decode()


def test_an_instrument_without_candles_has_an_empty_chart_and_table(
    trader: Client, busy: Farm
) -> None:
    chart = chart_of(trader, busy, studies=["rsi", "macd"])
    table = trader.get(address(busy, name="market-table"))

    assert (chart["time"], chart["more"], chart["running"]) == ([], False, None)
    assert "No candle was complete by then." in text_of(table)
    assert trader.get(address(busy)).status_code == 200


def test_a_line_through_prices_rises_to_the_top_and_says_how_far() -> None:
    found = sparkline(prices=[10.0, 12.0, 11.0])

    assert found is not None
    assert found.points == "0.0,26.0 50.0,2.0 100.0,14.0"
    assert (found.change_pct, found.way) == (Decimal("10.00"), "up")


def test_one_price_makes_no_line_and_equal_ones_a_flat_one() -> None:
    flat = sparkline(prices=[5.0, 5.0])

    assert sparkline(prices=[5.0]) is None
    assert flat is not None
    assert flat.way == "flat"


@pytest.mark.parametrize("page", ["/markets/", "market", "market-table", "market-candles"])
def test_pages_of_markets_take_few_queries(
    trader: Client,
    market: Farm,
    page: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    trigger = price_trigger(market)
    for hours in range(1, 9):
        fired(market, trigger, hours_ago=hours)
    time_trigger(market)
    path = page if page.startswith("/") else address(market, name=page)

    with django_assert_max_num_queries(12):
        trader.get(path, {"timeframe": "1d"})
