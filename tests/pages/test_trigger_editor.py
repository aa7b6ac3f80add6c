"""The editor: what it fills in, shows while one types, refuses in plain words, and saves."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from market.models import Feed
from tests.pages.candles import add_candles
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.reading import text_of
from tests.pages.watching import price_fields, price_trigger, time_fields, time_trigger
from tradingfarm.kernel.models import JournalEvent
from triggers.models import Trigger
from triggers.services import InvalidTrigger

pytest_plugins = ("tests.pages.fixtures",)

NEW = "/triggers/new/"


@pytest.fixture
def market(farm: Farm) -> Farm:
    """A farm whose feed has candles, so that its symbols can be chosen."""
    add_candles(farm)
    return farm


def test_a_new_trigger_begins_with_the_accounts_feed_and_zone(
    trader: Client, market: Farm
) -> None:
    page = trader.get(NEW).content.decode()

    assert f'<option value="{market.account.feed_id}" selected>' in page
    assert 'value="AAPL"' in page
    assert 'name="time_zone" value="America/New_York"' in page


def test_the_address_fills_fields_in(trader: Client, market: Farm) -> None:
    instrument = market.instruments["IBM"]

    page = trader.get(
        NEW, {"instrument": str(instrument.id), "condition": "above", "threshold": "95"}
    ).content.decode()

    assert page.count("checked") == page.count('value="IBM"') + 2  # the type and the switch
    assert '<option value="above" selected>' in page
    assert 'value="95"' in page


@pytest.mark.parametrize("asked", [{"instrument": "nonsense"}, {"symbols": "IBM"}, {"type": "x"}])
def test_an_address_that_makes_no_sense_fills_nothing_in(
    trader: Client, market: Farm, asked: dict[str, str]
) -> None:
    assert trader.get(NEW, asked).status_code == 200


def test_a_price_trigger_is_made_and_journaled(trader: Client, market: Farm) -> None:
    answer = trader.post(NEW, price_fields(market))

    trigger = Trigger.objects.get()
    event = JournalEvent.objects.get(kind="trigger.changed")
    assert (answer.status_code, answer["Location"]) == (303, f"/triggers/{trigger.id}/")
    assert (trigger.name, trigger.type, trigger.symbols) == (
        "Apple falls",
        "price",
        ["AAPL", "IBM"],
    )
    assert trigger.condition == {
        "condition": "change_percent",
        "threshold": "-2.5",
        "against": "open",
    }
    assert (trigger.max_executions_per_hour, trigger.min_interval_seconds) == (12, 300)
    assert (trigger.owner, trigger.enabled) == (market.owner, True)
    assert event.actor == "person:trader"


@pytest.mark.parametrize(
    ("fields", "condition"),
    [
        ({"condition": "rises", "against": "bars", "bars": "5"}, ("change_percent", "2.5", 5)),
        (
            {"condition": "falls", "against": "open", "bars": "7"},
            ("change_percent", "-2.5", "open"),
        ),
        ({"condition": "above", "threshold": "41.50"}, ("above", "41.5", None)),
        ({"condition": "crosses_below", "threshold": "40"}, ("crosses_below", "40", None)),
    ],
)
def test_every_condition_can_be_made(
    trader: Client, market: Farm, fields: dict[str, str], condition: tuple[object, ...]
) -> None:
    trader.post(NEW, price_fields(market, **fields))

    made = Trigger.objects.get().condition
    assert (made["condition"], made["threshold"], made.get("against")) == condition


def test_a_time_trigger_is_made_and_what_was_typed_for_a_price_is_not_used(
    trader: Client, market: Farm
) -> None:
    trader.post(NEW, time_fields(market))

    trigger = Trigger.objects.get()
    assert (trigger.cron, trigger.time_zone, trigger.missed) == (
        "30 9 * * 1-5",
        "America/New_York",
        "once",
    )
    assert (trigger.symbols, trigger.condition) == ([], {})
    assert trigger.next_due_at is not None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"name": ""}, "Give the trigger a name, such as 'Apple falls'."),
        ({"name": "x" * 81}, "A name has 80 characters at most."),
        ({"team": ""}, "Choose the team that it wakes."),
        ({"feed": ""}, "Choose whose prices it watches."),
        ({"feed": "elsewhere"}, "None of your accounts has that feed; choose another."),
        ({"symbols": []}, "Choose at least one symbol to watch."),
        ({"symbols": ["TSLA"]}, "The feed has no prices of TSLA."),
        ({"threshold": ""}, "Type the percentage, such as 3."),
        ({"condition": "above", "threshold": ""}, "Type the price, such as 120.5."),
        ({"threshold": "a lot"}, "Type a number, such as 120.5 or 3."),
        ({"threshold": "-3"}, "Type a percentage above 0; the condition says which way."),
        ({"threshold": "100"}, "A change of -100 percent is not possible"),
        ({"condition": "above", "threshold": "0"}, "0 is no price; give a number above 0."),
        ({"against": "bars"}, "Type how many bars ago."),
        ({"against": "bars", "bars": "0"}, "At least 1 bar ago."),
        ({"max_executions_per_hour": "0"}, "Allow at least one an hour"),
        ({"min_interval_seconds": "-1"}, "A pause cannot be negative; 0 is no pause."),
        ({"min_interval_seconds": "x"}, "Type a whole number of seconds."),
    ],
)
def test_what_is_wrong_with_a_price_stands_beside_its_field_and_nothing_is_lost(
    trader: Client, market: Farm, wrong: dict[str, Any], problem: str
) -> None:
    sent = price_fields(market, **wrong)

    answer = trader.post(NEW, sent)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert problem in text_of(answer)
    assert "Nothing was saved yet." in text_of(answer)
    assert f'value="{sent["name"]}"' in page or not sent["name"]
    assert 'value="300"' in page or "min_interval_seconds" in wrong
    assert Trigger.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"cron": ""}, "Type when, such as 30 9 * * 1-5."),
        ({"cron": "every day"}, "A schedule has five fields"),
        ({"cron": "61 9 * * *"}, "the minute is not understood"),
        ({"cron": "0 0 31 2 *"}, "does not exist in that month"),
        ({"time_zone": "New York"}, "There is no time zone 'New York'"),
    ],
)
def test_what_is_wrong_with_a_time_stands_beside_its_field(
    trader: Client, market: Farm, wrong: dict[str, str], problem: str
) -> None:
    answer = trader.post(NEW, time_fields(market, **wrong))

    assert answer.status_code == 422
    assert problem in text_of(answer)
    assert Trigger.objects.count() == 0


def test_a_name_that_is_taken_is_refused_beside_the_name(trader: Client, market: Farm) -> None:
    price_trigger(market, name="Apple falls")

    answer = trader.post(NEW, price_fields(market))

    assert "You have a trigger named 'Apple falls'; choose another name." in text_of(answer)
    assert Trigger.objects.count() == 1


def test_the_team_of_somebody_else_is_refused(trader: Client, market: Farm) -> None:
    other = make_farm(owner=make_user("other"), wall=market.wall)

    answer = trader.post(NEW, price_fields(market, team=str(other.team.id)))

    assert "That team is not yours; choose one of the list." in text_of(answer)


def test_somebody_at_the_desk_makes_triggers_of_the_owner(client: Client, market: Farm) -> None:
    helper = make_user("second")
    helper.desk = market.owner
    helper.save()
    client.force_login(helper)

    client.post(NEW, price_fields(market))

    assert Trigger.objects.get().owner == market.owner
    assert JournalEvent.objects.get(kind="trigger.changed").actor == "person:second"


def test_an_editor_opens_with_everything_that_is_stored(trader: Client, market: Farm) -> None:
    trigger = price_trigger(
        market,
        symbols=["IBM"],
        condition={"condition": "change_percent", "threshold": "-3.5", "against": 4},
    )

    page = trader.get(reverse("trigger-edit", args=[trigger.id])).content.decode()

    assert '<option value="falls" selected>' in page
    assert 'name="threshold" value="3.5"' in page
    assert 'name="bars" value="4"' in page
    assert 'name="type"' not in page


def test_a_trigger_is_changed_and_keeps_its_name_and_type(trader: Client, market: Farm) -> None:
    trigger = price_trigger(market)

    answer = trader.post(
        reverse("trigger-edit", args=[trigger.id]),
        price_fields(market, name="Other", type="time", condition="above", threshold="50"),
    )

    trigger.refresh_from_db()
    assert answer.status_code == 303
    assert (trigger.name, trigger.type) == ("Dip", "price")
    assert trigger.condition == {"condition": "above", "threshold": "50"}


def test_a_time_trigger_is_changed(trader: Client, market: Farm) -> None:
    trigger = time_trigger(market)
    sent = time_fields(market, cron="0 10 * * *", feed="", enabled="")
    del sent["enabled"]

    trader.post(reverse("trigger-edit", args=[trigger.id]), sent)

    trigger.refresh_from_db()
    assert (trigger.cron, trigger.feed, trigger.enabled) == ("0 10 * * *", None, False)


def test_what_is_wrong_with_fields_that_are_not_shown_is_nobodys_concern(
    trader: Client, market: Farm
) -> None:
    price = price_fields(market, cron="x" * 99, time_zone="Mars", bars="x")
    time = time_fields(market, threshold="x", symbols=["GONE"], condition="moon")

    answers = [trader.post(NEW, price).status_code, trader.post(NEW, time).status_code]

    assert answers == [303, 303]


def test_what_changed_meanwhile_is_refused_with_the_services_words(
    trader: Client, market: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise InvalidTrigger({"condition": "Its number is gone.", "owner": "Its owner is gone."})

    monkeypatch.setattr("tradingfarm.pages.triggers.editor.update_trigger", refuse)
    trigger = price_trigger(market)

    answer = trader.post(reverse("trigger-edit", args=[trigger.id]), price_fields(market))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was saved yet. Its owner is gone." in text_of(answer)
    assert page.index("Its number is gone.") > page.index('name="threshold"')


def test_a_condition_that_cannot_be_read_can_be_replaced(trader: Client, market: Farm) -> None:
    trigger = price_trigger(market)
    Trigger.objects.update(condition={"condition": "moon"})
    address = reverse("trigger-edit", args=[trigger.id])

    shown = trader.get(address)
    trader.post(address, price_fields(market))

    trigger.refresh_from_db()
    assert shown.status_code == 200
    assert trigger.condition["condition"] == "change_percent"


def test_without_a_team_the_editor_says_what_to_do(client: Client, db: None) -> None:
    client.force_login(make_user("new"))
    Feed.objects.create(name="stored", kind=Feed.Kind.STORED)

    page = text_of(client.get(NEW))

    assert "There is no team that it could wake. Make a team first." in page


def test_the_editor_takes_few_queries(
    trader: Client, market: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trigger = price_trigger(market)

    for path in (NEW, reverse("trigger-edit", args=[trigger.id])):
        with django_assert_max_num_queries(12):
            trader.get(path)
