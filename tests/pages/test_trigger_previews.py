"""What the editor shows while one types: the fields of what is chosen, and what it would do."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.pages.candles import add_candles
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.watching import price_fields, time_fields, time_trigger

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    """A farm whose feed has candles, so that its symbols can be chosen."""
    add_candles(farm)
    return farm


@pytest.mark.parametrize(
    ("asked", "shown", "not_shown"),
    [
        ({"condition": "above"}, 'type="text" name="threshold"', 'type="radio" name="against"'),
        ({"condition": "falls"}, 'type="radio" name="against"', 'type="number" name="bars"'),
        ({"against": "bars"}, 'type="number" name="bars"', 'type="text" name="cron"'),
        (
            {"type": "time", "cron": "0 9 * * *"},
            'type="text" name="cron"',
            'type="checkbox" name="sy',
        ),
    ],
)
def test_the_fields_follow_what_is_chosen(
    trader: Client, market: Farm, asked: dict[str, str], shown: str, not_shown: str
) -> None:
    page = trader.get("/triggers/fields/", price_fields(market, **asked)).content.decode()

    assert shown in page
    assert not_shown not in page
    assert "field-problem" not in page


def test_what_was_typed_for_the_other_type_is_carried_along(trader: Client, market: Farm) -> None:
    page = trader.get("/triggers/fields/", time_fields(market)).content.decode()

    assert 'type="hidden" name="threshold" value="2.5"' in page
    assert 'type="hidden" name="symbols" value="AAPL"' in page


def test_a_preview_says_the_sentence_and_how_often_it_would_have_fired(
    trader: Client, market: Farm
) -> None:
    page = text_of(trader.get("/triggers/preview/", price_fields(market)))

    assert "AAPL, IBM falls 2.5 % or more from the day's open" in page
    assert "times in 252 candles" in page
    assert "IBM" in page.partition("Would have fired")[2]


def test_a_preview_of_a_time_says_the_words_and_the_next_five(
    trader: Client, market: Farm
) -> None:
    page = text_of(trader.get("/triggers/preview/", time_fields(market)))

    assert "At 09:30 on Monday through Friday (America/New_York)" in page
    assert "15 Mar 2005, 09:30 16 Mar 2005, 09:30" in page
    assert page.count("09:30") == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"threshold": ""}, "Type the percentage, such as 3."),
        ({"symbols": []}, "… falls 2.5 % or more from the day's open Choose at least one symbol"),
        ({"type": "time", "cron": ""}, "Type when, such as 30 9 * * 1-5."),
        ({"type": "time", "cron": "1 2"}, "A schedule has five fields"),
        (
            {"type": "time", "cron": "0 9 * * *", "time_zone": "Mars"},
            "There is no time zone 'Mars'",
        ),
    ],
)
def test_a_preview_says_what_is_still_missing(
    trader: Client, market: Farm, wrong: dict[str, Any], said: str
) -> None:
    page = text_of(trader.get("/triggers/preview/", price_fields(market, **wrong)))

    assert said in page


def test_a_preview_of_a_change_knows_its_trigger(trader: Client, market: Farm) -> None:
    trigger = time_trigger(market)
    sent = {"trigger": str(trigger.id)} | time_fields(market, cron="5 * * * *")

    preview = text_of(trader.get("/triggers/preview/", sent))
    fields = trader.get("/triggers/fields/", sent).content.decode()

    assert "At 5 minutes past every hour" in preview or "05" in preview
    assert 'name="type"' not in fields


def test_a_preview_takes_few_queries(
    trader: Client, market: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        trader.get("/triggers/preview/", price_fields(market))
