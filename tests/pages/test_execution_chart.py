"""The chart beside a story: nothing later than what was known, and what came since apart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Execution
from market.models import Candle, Quote
from tests.pages import stories, told
from tests.pages.farms import Farm
from trading.domain.states import Side
from trading.models import Order
from triggers.models import Trigger

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


def chart(trader: Client, execution: Execution) -> dict[str, Any]:
    answer = trader.get(reverse("execution-chart", args=[execution.id]))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def test_what_was_known_ends_before_the_day_that_was_running(trader: Client, market: Farm) -> None:
    found = chart(trader, told.traded(market))

    assert len(found["known"]["time"]) == 60
    assert moment(found["known"]["time"][-1]) == datetime(2005, 3, 11, tzinfo=UTC)
    assert found["seen"] == [int(datetime(2005, 3, 14, tzinfo=UTC).timestamp()), 40.32]
    assert found["since"]["time"] == []


def test_no_known_candle_was_complete_only_later(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    told.move(market, by=timedelta(days=4))

    found = chart(trader, execution)

    starts = [moment(start) for start in found["known"]["time"]]
    late = Candle.objects.filter(start__in=starts, closes_at__gt=told.NOW)
    assert not late.exists()


def test_what_came_since_reaches_as_far_as_the_feeds_own_clock(
    trader: Client, market: Farm
) -> None:
    execution = told.traded(market)
    told.move(market, by=timedelta(days=2))

    found = chart(trader, execution)

    # Monday's and Tuesday's candles are complete on Wednesday half an hour before the close.
    days = [moment(start).day for start in found["since"]["time"]]
    assert days == [14, 15]


def test_without_a_price_nothing_is_known_to_have_come_since(trader: Client, market: Farm) -> None:
    decision = stories.buy_after_a_vote(market, symbol="AAPL", quantity=200, price="39.90")
    Quote.objects.filter(feed=market.account.feed).delete()

    assert chart(trader, decision.execution)["since"]["time"] == []


def test_the_triggers_level_the_stop_and_the_target_are_drawn(
    trader: Client, market: Farm
) -> None:
    found = chart(trader, told.traded(market))

    lines = {line["kind"]: round(line["price"], 2) for line in found["lines"]}
    assert lines == {"level": 40.36, "stop": 38.9, "target": 44.5}


def test_a_level_against_a_price_is_that_price(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    condition = {"condition": "below", "threshold": "40.4"}
    Trigger.objects.update(condition=condition)
    Execution.objects.update(causes=[execution.causes[0] | {"title": "AAPL is below 40.4"}])

    found = chart(trader, execution)

    assert found["lines"][0] == {"kind": "level", "price": 40.4, "words": "trigger"}


def test_the_fill_and_its_exit_lead_to_their_orders(trader: Client, market: Farm) -> None:
    execution = told.traded(market)
    told.stopped_out(market)

    found = chart(trader, execution)

    buy, sell = Order.objects.get(side=Side.BUY), Order.objects.get(side=Side.SELL)
    assert [(mark["kind"], mark["words"]) for mark in found["marks"]] == [
        ("buy", "Bought 160 AAPL at 40.34"),
        ("sell", "Sold at 38.58: stop-loss"),
    ]
    assert [mark["address"] for mark in found["marks"]] == [
        reverse("order", args=[buy.id]),
        reverse("order", args=[sell.id]),
    ]
    assert moment(found["marks"][1]["start"]).day == 15


def test_a_story_about_no_instrument_has_no_chart(trader: Client, market: Farm) -> None:
    execution = stories.make_execution(market, cause="Every day at noon")
    Execution.objects.update(causes=[{"key": "time:1", "kind": "time", "title": "Noon"}])

    page = trader.get(reverse("execution", args=[execution.id])).content.decode()

    assert "moment-chart" not in page
    assert trader.get(reverse("execution-chart", args=[execution.id])).status_code == 404


def test_the_chart_asks_a_fixed_number_of_times(
    trader: Client, market: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    execution = told.traded(market)
    told.stopped_out(market)

    with django_assert_max_num_queries(12):
        chart(trader, execution)
