"""A story that is still running is told anew when something of it happened."""

from datetime import timedelta
from uuid import UUID

import pytest

from agents.models import Execution
from tests.pages import following, told
from tests.pages.farms import Farm, make_farm, make_user, set_price
from tests.pages.following import events, may_follow
from tradingfarm.pages.live import Change

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return told.prepare(farm)


def sent(farm: Farm, execution: Execution, change: Change) -> str:
    """What the readers of the execution's page are sent."""
    return following.sent(farm, change, view="execution", subject=execution.id)


def test_only_who_owns_it_may_follow_it(market: Farm) -> None:
    execution = told.woken(market)
    other = make_farm(owner=make_user("other"), wall=market.wall)

    assert may_follow(market, view="execution", subject=execution.id)
    assert not may_follow(other, view="execution", subject=execution.id)
    assert not may_follow(market, view="execution", subject=UUID(int=1))
    assert not may_follow(market, view="execution", subject=None)


def test_its_own_events_tell_the_whole_story_anew(market: Farm) -> None:
    execution = told.thought(market)

    text = sent(market, execution, Change(events(market), prices=False))

    assert 'id="verdict" hx-swap-oob="morph"' in text
    assert 'id="brief"' in text
    assert 'id="story"' in text
    assert "Buy 160 AAPL: approved, not yet sent" in text


def test_the_chart_is_left_alone(market: Farm) -> None:
    execution = told.thought(market)

    assert "moment-chart" not in sent(market, execution, Change(events(market), prices=False))


def test_the_orders_events_are_of_the_story_too(market: Farm) -> None:
    execution = told.thought(market)
    before = events(market)[-1].seq
    told.send(market)

    text = sent(market, execution, Change(events(market, after=before), prices=False))

    assert "Bought 160 AAPL" in text
    assert 'id="step-fills"' in text


def test_an_exit_of_what_it_bought_is_of_the_story_too(market: Farm) -> None:
    execution = told.traded(market)
    before = events(market)[-1].seq
    told.stopped_out(market)

    text = sent(market, execution, Change(events(market, after=before), prices=False))

    assert "fired and done" in text


def test_what_happened_elsewhere_sends_nothing(market: Farm) -> None:
    first = told.thought(market, technical=told.HOLD)
    before = events(market)[-1].seq
    told.move(market, by=timedelta(minutes=5))
    told.traded(market)

    assert sent(market, first, Change(events(market, after=before), prices=True)) == ""


def test_prices_send_what_it_is_worth_now_and_no_more(market: Farm) -> None:
    execution = told.traded(market)
    set_price(market, "AAPL", "41.34")

    text = sent(market, execution, Change((), prices=True))

    assert 'id="step-since"' in text
    assert "153.55" in text
    assert 'id="story"' not in text


def test_prices_change_nothing_of_what_was_sold(market: Farm) -> None:
    execution = told.traded(market)
    told.stopped_out(market)

    assert sent(market, execution, Change((), prices=True)) == ""


def test_somebody_who_comes_back_gets_the_whole_story(market: Farm) -> None:
    execution = told.traded(market)

    assert 'id="story"' in sent(market, execution, Change((), prices=False, first=True))


def test_the_page_names_its_view_and_says_from_where_it_goes_on(client, market: Farm) -> None:
    execution = told.traded(market)
    client.force_login(market.owner)

    page = client.get(f"/executions/{execution.id}/").content.decode()

    assert f"view=execution&amp;subject={execution.id}" in page
    assert f'data-seq="{events(market)[-1].seq}"' in page
