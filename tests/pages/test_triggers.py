"""The triggers: the list, each one drawn, and the switch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Execution
from market.models import Replay
from tests.pages.candles import add_candles
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.reading import text_of
from tests.pages.watching import DIP, fired, price_trigger, time_trigger
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import Role
from triggers.models import Firing, Trigger
from triggers.services import disable_trigger, update_trigger

pytest_plugins = ("tests.pages.fixtures",)


def at(trigger: Trigger, name: str = "trigger") -> str:
    return reverse(name, args=[trigger.id])


def chart_of(trader: Client, trigger: Trigger, **query: Any) -> dict[str, Any]:
    answer = trader.get(at(trigger, "trigger-chart"), {"symbol": "AAPL"} | query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_without_triggers_the_list_says_what_one_is(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get("/triggers/"))

    assert "Nothing wakes your teams yet." in page
    assert "Make the first one." in page


def test_the_list_says_in_sentences_when_each_fires(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm, symbols=["AAPL", "IBM"], min_interval_seconds=5_400)
    time_trigger(farm)
    fired(farm, trigger, hours_ago=2)
    fired(farm, trigger, hours_ago=3, refused="throttled: 5400 s between two")
    fired(farm, trigger, hours_ago=30)

    page = text_of(trader.get("/triggers/"))

    assert (
        "AAPL, IBM falls 2 % or more from the day's open Dip on Demo team"
        f" {farm.account.feed_id} 14 Mar, 14:00 2 1 held back"
        " - at most 60 an hour, 1 h 30 min between two"
    ) in page
    assert "At 15:45 on Monday through Friday (America/New_York)" in page
    assert "15 Mar, 15:45 New York" in page


def test_the_list_is_searched_filtered_and_ordered(trader: Client, farm: Farm) -> None:
    price_trigger(farm)
    clock = time_trigger(farm)
    disable_trigger(trigger_id=clock.id, actor="person:trader", at=farm.wall)

    def shown(**query: str) -> tuple[bool, bool]:
        page = text_of(trader.get("/triggers/", query))
        return "Dip on" in page, "Before the close off" in page

    assert shown() == (True, True)
    assert shown(search="aapl") == (True, False)
    assert shown(search="close") == (False, True)
    assert shown(type="time") == (False, True)
    assert shown(switch="on") == (True, False)
    assert shown(team=str(farm.team.id), feed=str(farm.account.feed_id)) == (True, True)
    assert shown(sort="-due") == (True, True)
    assert "No trigger matches." in text_of(trader.get("/triggers/", {"search": "xyz"}))


def test_a_trigger_of_prices_tells_what_it_waits_for_and_what_it_did(
    trader: Client, busy: Farm
) -> None:
    add_candles(busy)
    trigger = price_trigger(busy)
    woke = fired(busy, trigger, hours_ago=2)
    execution = Execution.objects.filter(account=busy.account).first()
    assert execution is not None
    woke.executions.add(execution)
    fired(busy, trigger, hours_ago=3, refused="throttled: 900 s between two")

    answer = trader.get(at(trigger))
    page = text_of(answer)

    assert "AAPL falls 2 % or more from the day's open" in page
    assert "price 39.02 price before 39.90 measured against 39.85 decided" in page
    assert f"/executions/{execution.id}/" in answer.content.decode()
    assert "throttled: 900 s between two" in page
    assert "times in 252 candles" in page
    assert "made by trader" in page


def test_a_trigger_of_times_tells_its_next_ten(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(at(time_trigger(farm))))

    assert "At 15:45 on Monday through Friday 45 15 * * 1-5 15 Mar 2005, 15:45" in page
    assert "25 Mar 2005, 15:45 28 Mar 2005, 15:45 On the clock of" in page


def test_due_times_follow_the_zone_through_a_change_of_its_clock(
    trader: Client, farm: Farm
) -> None:
    # New York's clocks went forward on 3 April 2005.
    trigger = time_trigger(farm, cron="0 12 * * 5")

    page = trader.get(at(trigger)).content.decode()

    assert "1 Apr 2005, 12:00" in page
    assert 'datetime="2005-04-01T17:00:00+00:00"' in page
    assert 'datetime="2005-04-08T16:00:00+00:00"' in page


def test_a_trigger_that_never_comes_due_again_shows_what_is_left(
    trader: Client, farm: Farm
) -> None:
    trigger = time_trigger(farm, cron="0 12 29 2 *")

    page = text_of(trader.get(at(trigger)))

    assert "29 Feb 2008, 12:00" in page


def test_changes_are_told_before_and_after(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    other = time_trigger(farm)
    update_trigger(
        trigger_id=trigger.id,
        changes={
            "condition": {"condition": "above", "threshold": "45"},
            "symbols": ["IBM", "MSFT"],
            "min_interval_seconds": 90,
        },
        actor="person:trader",
        at=farm.wall,
    )
    update_trigger(
        trigger_id=other.id,
        changes={"cron": "0 10 * * *", "missed": "once", "enabled": False},
        actor="operator",
        at=farm.wall,
    )

    price, clock = text_of(trader.get(at(trigger))), text_of(trader.get(at(other)))

    assert "Symbols: AAPL IBM, MSFT" in price
    assert "Condition: falls 2 % or more from the day's open is above 45" in price
    assert "Pause between two: 0 s 1 min 30 s" in price
    assert "Switch: on off" in clock
    assert "At 10:00 every day (0 10 * * *)" in clock
    assert "Missed minutes: skipped fire once for all" in clock
    assert "changed by operator" in clock


def test_a_setting_that_was_left_is_told_as_none(trader: Client, farm: Farm) -> None:
    trigger = time_trigger(farm)
    update_trigger(
        trigger_id=trigger.id, changes={"feed": None}, actor="person:trader", at=farm.wall
    )

    page = text_of(trader.get(at(trigger)))

    assert f"Feed: {farm.account.feed_id} none" in page
    assert "Clock wall time" in page


def test_a_changed_team_is_named(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    second = make_farm(owner=farm.owner, wall=farm.wall, name="Second")
    update_trigger(
        trigger_id=trigger.id,
        changes={"team": second.team},
        actor="person:trader",
        at=farm.wall,
    )

    assert "Wakes: Demo team Second team" in text_of(trader.get(at(trigger)))


def test_the_chart_shows_what_it_waits_for_and_where_it_would_have_fired(
    trader: Client, farm: Farm
) -> None:
    add_candles(farm)
    trigger = price_trigger(farm)
    firing = fired(farm, trigger, hours_ago=75)

    chart = chart_of(trader, trigger)

    falls = [low <= 0.98 * opened for opened, low in zip(chart["open"], chart["low"], strict=True)]
    marked = {mark["start"] for mark in chart["marks"] if mark["kind"] == "would"}
    assert chart["line"] == [pytest.approx(0.98 * opened) for opened in chart["open"]]
    assert marked == {time for time, fell in zip(chart["time"], falls, strict=True) if fell}
    assert f"/triggers/{trigger.id}/#firing-{firing.id}" in {
        mark["address"] for mark in chart["marks"] if mark["kind"] == "firing"
    }


def test_the_chart_ends_with_the_feeds_present(trader: Client, farm: Farm) -> None:
    add_candles(farm)
    trigger = price_trigger(farm, condition={"condition": "above", "threshold": "41"})
    Replay.objects.update(as_of=datetime(2005, 3, 10, 18, tzinfo=UTC))

    chart = chart_of(trader, trigger)
    later = chart_of(trader, trigger, before=int(datetime(2005, 4, 1, tzinfo=UTC).timestamp()))

    assert chart["time"][-1] == int(datetime(2005, 3, 9, tzinfo=UTC).timestamp())
    assert later["time"][-1] == chart["time"][-1]
    assert set(chart["line"]) == {41.0}


def test_older_parts_of_the_chart_agree_where_they_meet(trader: Client, farm: Farm) -> None:
    add_candles(farm)
    against_bars = {"condition": "change_percent", "threshold": "3", "against": 5}
    trigger = price_trigger(farm, condition=against_bars)

    newest = chart_of(trader, trigger)
    older = chart_of(trader, trigger, before=newest["time"][0])
    whole = chart_of(trader, trigger, before=newest["time"][-1])

    assert (newest["more"], older["more"]) == (True, False)
    assert older["line"][:5] == [None] * 5
    assert None not in newest["line"]
    assert whole["line"][1:] == newest["line"][:-1]


def test_a_chart_of_a_symbol_that_it_does_not_watch_is_not_found(
    trader: Client, farm: Farm
) -> None:
    add_candles(farm)

    answer = trader.get(at(price_trigger(farm), "trigger-chart"), {"symbol": "IBM"})

    assert answer.status_code == 404


def test_without_a_symbol_the_chart_is_of_the_first_one(trader: Client, farm: Farm) -> None:
    add_candles(farm)
    trigger = price_trigger(farm, symbols=["IBM", "AAPL"])

    assert chart_of(trader, trigger, symbol="") == chart_of(trader, trigger, symbol="AAPL")


def test_of_a_time_there_is_nothing_to_draw(trader: Client, farm: Farm) -> None:
    chart = chart_of(trader, time_trigger(farm), symbol="")

    assert (chart["time"], chart["marks"], chart["more"]) == ([], [], False)


def test_a_chart_before_no_time_is_refused(trader: Client, farm: Farm) -> None:
    answer = trader.get(at(price_trigger(farm), "trigger-chart"), {"before": "noon"})

    assert (answer.status_code, answer.json()) == (400, {"error": "before: Enter a whole number."})


def test_a_condition_that_cannot_be_read_any_more_says_so(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    Trigger.objects.update(condition={"condition": "moon"})

    page = text_of(trader.get(at(trigger)))

    assert "'moon' is no condition" in page


def test_firings_come_in_pages(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    for hours in range(30):
        fired(farm, trigger, hours_ago=hours + 1)

    first = trader.get(at(trigger))
    second = trader.get(first.context["listing"].next)

    assert (len(first.context["rows"]), len(second.context["rows"])) == (25, 5)


def test_the_switch_turns_it_off_and_says_so(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)

    answer = trader.post(
        at(trigger, "trigger-switch"), {"enabled": "0", "next": "/triggers/?type=price"}
    )

    trigger.refresh_from_db()
    event = JournalEvent.objects.filter(kind="trigger.changed").latest("id")
    assert (answer.status_code, answer["Location"]) == (303, "/triggers/?type=price")
    assert trigger.enabled is False
    assert (event.actor, event.payload["before"]) == ("person:trader", {"enabled": True})
    assert "Dip is off." in text_of(trader.get("/triggers/"))


def test_the_switch_leads_to_no_other_site(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)

    answer = trader.post(
        at(trigger, "trigger-switch"), {"enabled": "1", "next": "//elsewhere.example/"}
    )

    assert answer["Location"] == at(trigger)


def test_to_htmx_the_switch_answers_with_itself(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)

    answer = trader.post(
        at(trigger, "trigger-switch"), {"enabled": "0"}, headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'aria-checked="false"' in page
    assert 'name="enabled" value="1"' in page


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_trigger_that_no_longer_makes_sense_stays_off(
    trader: Client, farm: Farm, headers: dict[str, str]
) -> None:
    trigger = price_trigger(farm, enabled=False)
    Trigger.objects.update(symbols=["GONE"])

    answer = trader.post(at(trigger, "trigger-switch"), {"enabled": "1"}, headers=headers)

    assert at(trigger) in (answer.headers.get("Location"), answer.headers.get("HX-Redirect"))
    assert "was not changed" in text_of(trader.get(at(trigger)))
    assert not Trigger.objects.get().enabled


def test_a_viewer_sees_the_switch_and_cannot_turn_it(client: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    viewer = make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER, farm.owner
    viewer.save()
    client.force_login(viewer)

    page = client.get("/triggers/").content.decode()
    turned = client.post(at(trigger, "trigger-switch"), {"enabled": "0"})

    assert "Dip" in page
    assert 'role="switch"' not in page
    assert turned.status_code == 403


@pytest.mark.parametrize("name", ["trigger", "trigger-edit", "trigger-chart", "trigger-switch"])
def test_the_trigger_of_somebody_else_is_not_found(trader: Client, farm: Farm, name: str) -> None:
    other = make_farm(owner=make_user("other"), wall=farm.wall)
    trigger = price_trigger(other)
    ask = trader.post if name == "trigger-switch" else trader.get

    answer = ask(at(trigger, name), {"symbol": "AAPL"})

    assert answer.status_code == 404


@pytest.mark.parametrize("page", ["list", "price", "time"])
def test_pages_of_triggers_take_few_queries(
    trader: Client,
    busy: Farm,
    page: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    add_candles(busy)
    triggers = {
        "price": price_trigger(busy, symbols=["AAPL", "IBM"]),
        "time": time_trigger(busy),
    }
    for number in range(5):
        price_trigger(busy, name=f"More {number}", condition=DIP | {"against": 3})
    for hours in range(1, 9):
        firing = fired(busy, triggers["price"], hours_ago=hours)
        firing.executions.add(*Execution.objects.all()[:2])
    path = "/triggers/" if page == "list" else at(triggers[page])

    with django_assert_max_num_queries(12):
        trader.get(path)


def test_firings_of_yesterday_are_not_of_today(trader: Client, farm: Farm) -> None:
    trigger = price_trigger(farm)
    fired(farm, trigger, hours_ago=20)
    Firing.objects.update(at=farm.wall - timedelta(seconds=1))

    page = text_of(trader.get("/triggers/"))

    assert "13 Mar, 20:00 0" in page
