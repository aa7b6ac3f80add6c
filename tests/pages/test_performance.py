"""Performance on the pages of accounts, agents and teams: from snapshots, and said in words."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Agent, Spending
from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.performances import Course, measure, newest, permit, traded, traded_for_long
from tests.pages.reading import text_of
from trading.domain.states import Side
from trading.models import PerformanceSnapshot
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.agents.performance import line_of

pytest_plugins = ("tests.pages.fixtures",)


def of_account(farm: Farm) -> str:
    return reverse("account-performance", args=[farm.account.id])


def of_agent(farm: Farm, title: str = "Technical") -> str:
    return reverse("agent", args=[farm.agents[title].id])


def of_team(farm: Farm) -> str:
    return reverse("team-performance", args=[farm.team.id])


# An account


def test_an_account_without_a_snapshot_says_when_there_will_be_one(
    trader: Client, farm: Farm
) -> None:
    page = text_of(trader.get(of_account(farm)))

    assert "Nothing has been measured yet. The curve begins with the first fill" in page


def test_every_figure_is_there_and_explained(trader: Client, farm: Farm) -> None:
    traded(farm)

    page = text_of(trader.get(of_account(farm)))

    said = "What was sold and what is held, net of fees. Deposits are no profit."
    assert f"P&L {said} ▲+190.60" in page
    assert "of all. 66.67 %" in page
    assert "what is still held is none yet. 3 2 won, 1 lost, 1 not flat yet" in page
    assert "What winners made over what losers lost. 2.81" in page
    assert "in market time. 1 h" in page


def test_risk_is_said_of_twenty_days_and_not_of_fewer(trader: Client, farm: Farm) -> None:
    traded(farm)

    page = text_of(trader.get(of_account(farm)))

    assert page.count("after 20 days, has 1") == 6
    assert "Nothing is taken off for money without risk. - after 20 days" in page


def test_where_nothing_was_lost_there_is_no_profit_factor_and_it_says_why(
    trader: Client, farm: Farm
) -> None:
    course, (agent,) = Course(farm), permit(farm, "Technical")
    course.fill(agent, "MSFT", Side.BUY, 100, "20")
    course.fill(agent, "MSFT", Side.SELL, 100, "22")
    measure(course.store())

    page = text_of(trader.get(of_account(farm)))

    assert "over what losers lost. - no loss yet" in page


def test_a_fall_is_said_with_its_days(trader: Client, farm: Farm) -> None:
    measure(traded_for_long(farm, days=40))
    figures = newest(farm).figures

    page = text_of(trader.get(of_account(farm)))

    days = [figures["drawdown_from"], figures["drawdown_to"]]
    assert f"{Decimal(figures['max_drawdown']) * 100:.2f} %" in page
    assert all(day[:4] in page for day in days)
    assert "40 market days since" in page


def test_agents_stand_side_by_side_and_are_summed_where_that_means_something(
    trader: Client, farm: Farm
) -> None:
    course, (first, second) = Course(farm), permit(farm, "Technical", "Risk")
    for agent, sold in ((first, "22"), (second, "19")):
        course.fill(agent, "MSFT", Side.BUY, 100, "20")
        course.fill(agent, "MSFT", Side.SELL, 100, sold)
    measure(course.store(), costs={farm.agents["Technical"].id: Decimal("1.50")})

    page = text_of(trader.get(of_account(farm)))

    assert "Technical ▲+195.80 ▲+194.30" in page
    assert "Risk ▼-103.90 ▼-103.90" in page
    assert "All agents together ▲+91.90 ▲+90.40 no sum of these 2 50.00 1.88" in page


def test_an_account_that_no_agent_traded_says_so(trader: Client, farm: Farm) -> None:
    measure(farm)

    assert "No agent has traded here yet." in text_of(trader.get(of_account(farm)))


def test_the_curve_begins_with_the_deposit_and_has_a_point_for_each_day(
    trader: Client, farm: Farm
) -> None:
    measure(traded_for_long(farm, days=25))

    address = reverse("account-performance-curve", args=[farm.account.id])
    points = trader.get(address).json()["points"]

    assert len(points) == 26
    assert points[0][1:] == ["100000", "0"]
    assert Decimal(points[-1][1]) == Decimal(newest(farm).figures["equity"])
    assert sorted(points) == points


def test_the_account_of_somebody_else_is_not_found(trader: Client, farm: Farm) -> None:
    other = make_farm(owner=make_user("other"), wall=farm.wall)

    for name in ("account-performance", "account-performance-curve"):
        assert trader.get(reverse(name, args=[other.account.id])).status_code == 404
    export = reverse("account-performance-export", args=[other.account.id])
    assert trader.post(export).status_code == 404


def test_every_day_can_be_taken_out_and_that_is_journaled(trader: Client, farm: Farm) -> None:
    traded(farm)

    answer: Any = trader.post(reverse("account-performance-export", args=[farm.account.id]))

    head, account, agent = b"".join(answer.streaming_content).decode().splitlines()
    assert head.startswith("day_ends_at,of,moment,equity,invested,paid_in,pnl,realised")
    assert account.startswith("2005-03-15T05:00:00.000000+00:00,account,")
    assert ",Technical," in agent
    assert "'" not in account + agent  # a minus is a number, not a formula
    event = JournalEvent.objects.get(kind="user.exported")
    assert event.payload == {"list": "performance", "filters": {}}


# An agent


def test_an_agent_that_has_not_traded_says_so(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(of_agent(farm)))

    assert "It has not traded yet. Its curve begins with its first fill." in page


def test_an_agents_figures_are_its_own(trader: Client, farm: Farm) -> None:
    traded(farm)

    page = text_of(trader.get(of_agent(farm)))

    assert "on Demo, until 14 Mar, 16:00" in page
    assert "net of fees. Deposits are no profit. ▲+190.60" in page


def test_an_agents_line_is_its_pnl_day_by_day(trader: Client, farm: Farm) -> None:
    traded(farm)

    points = trader.get(reverse("agent-pnl", args=[farm.agents["Technical"].id])).json()["points"]

    assert [Decimal(pnl) for _, pnl, _ in points] == [0, Decimal("190.60")]


def test_an_agent_without_a_line_has_no_points(trader: Client, farm: Farm) -> None:
    points = trader.get(reverse("agent-pnl", args=[farm.agents["Risk"].id])).json()["points"]

    assert points == []


def test_what_it_made_on_other_accounts_stands_apart(trader: Client, farm: Farm) -> None:
    traded(farm)
    second = make_farm(owner=farm.owner, wall=farm.wall, name="Second")
    second.agents["Technical"] = farm.agents["Technical"]
    traded(second)

    page = text_of(trader.get(of_agent(farm)))

    assert "on Demo, until" in page
    assert "On other accounts Second, USD ▲+190.60" in page


def test_what_it_made_on_the_account_of_somebody_else_is_not_shown(
    trader: Client, farm: Farm
) -> None:
    other = make_farm(owner=make_user("other"), wall=farm.wall, name="Foreign")
    other.agents["Technical"] = farm.agents["Technical"]
    traded(other)

    assert "It has not traded yet." in text_of(trader.get(of_agent(farm)))


def test_what_its_model_was_paid_is_said_also_without_a_trade(trader: Client, farm: Farm) -> None:
    agent = farm.agents["Risk"]
    Agent.objects.filter(id=agent.id).update(provider="anthropic", model="a-model")
    Spending.objects.create(agent=agent, day=farm.wall.date(), spent=Decimal("1.25"))

    page = text_of(trader.get(of_agent(farm, "Risk")))

    assert "1.25 of 5.00 USD today (UTC) Paid so far 1.25 USD" in page


def test_a_card_has_a_line_from_its_second_week_on(trader: Client, farm: Farm) -> None:
    measure(traded_for_long(farm, days=20))

    answer = trader.get(reverse("agents"))

    figures = PerformanceSnapshot.objects.get(
        permission=farm.permission, figures__has_key="state"
    ).figures
    assert f"{abs(Decimal(figures['pnl'])):,.2f}" in text_of(answer)
    assert "P&amp;L over time, now " in answer.content.decode()


def test_a_card_sums_its_accounts_of_one_currency(trader: Client, farm: Farm) -> None:
    traded(farm)
    for name, currency in (("Second", "USD"), ("Third", "EUR")):
        other = make_farm(owner=farm.owner, wall=farm.wall, name=name)
        other.agents["Technical"] = farm.agents["Technical"]
        other.account.base_currency = currency
        other.account.save()
        traded(other)

    assert "P&L ▲+381.20 Win rate 67 % of 6" in text_of(trader.get(reverse("agents")))


def test_a_line_needs_two_weeks_and_begins_at_zero() -> None:
    assert line_of(sums=[Decimal(5)]) is None
    line = line_of(sums=[Decimal(5), Decimal(-5)])

    assert line is not None
    assert line.points == "0.0,18.0 60.0,3.0 120.0,33.0"
    assert (line.zero, line.total, line.way) == ("18.0", -5, "down")


# A team


def test_a_team_is_the_sum_of_its_agents_and_says_so(trader: Client, farm: Farm) -> None:
    course, (first, second) = Course(farm), permit(farm, "Technical", "Risk")
    for agent, sold in ((first, "22"), (second, "19")):
        course.fill(agent, "MSFT", Side.BUY, 100, "20")
        course.fill(agent, "MSFT", Side.SELL, 100, sold)
    measure(course.store())

    page = text_of(trader.get(of_team(farm)))

    assert "Performance USD Risk, Technical on Demo" in page
    assert "Deposits are no profit. ▲+91.90" in page
    assert "The sum of its agents, whatever team they traded for." in page
    assert "Sharpe" not in page


def test_a_teams_page_asks_for_its_figures_alone(trader: Client, farm: Farm) -> None:
    page = trader.get(reverse("team", args=[farm.team.id])).content.decode()
    part = trader.get(of_team(farm), headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="{of_team(farm)}" hx-trigger="load"' in page
    assert part.lstrip().startswith("<section")


def test_a_team_that_has_not_traded_says_so(trader: Client, farm: Farm) -> None:
    assert "None of its agents has traded yet." in text_of(trader.get(of_team(farm)))


# What it takes


@pytest.fixture
def long(farm: Farm) -> Farm:
    return measure(traded_for_long(farm, days=60))


@pytest.mark.parametrize(
    "address", [of_account, of_agent, of_team, lambda farm: reverse("agents")]
)
def test_no_page_reads_fills_and_few_queries_are_enough(
    trader: Client, long: Farm, address: Any
) -> None:
    path = address(long)
    trader.get(path)

    with CaptureQueriesContext(connection) as asked:
        assert trader.get(path).status_code == 200

    statements = [query["sql"] for query in asked.captured_queries]
    of_performance = [sql for sql in statements if "trading_performancesnapshot" in sql]
    assert len(statements) <= 12
    assert len(of_performance) == 1
    assert not any('"trading_fill"' in sql for sql in statements)
    assert not any('"trading_equitysnapshot"' in sql for sql in statements)


@pytest.mark.parametrize("name", ["account-performance-curve", "agent-pnl"])
def test_no_curve_reads_fills(trader: Client, long: Farm, name: str) -> None:
    subject = long.account if name.startswith("account") else long.agents["Technical"]

    with CaptureQueriesContext(connection) as asked:
        points = trader.get(reverse(name, args=[subject.id])).json()["points"]

    statements = [query["sql"] for query in asked.captured_queries]
    assert len(points) > 50
    assert not any('"trading_fill"' in sql for sql in statements)
    assert not any('"trading_equitysnapshot"' in sql for sql in statements)
