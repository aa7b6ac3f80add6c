"""Agents as cards and in depth: what they earned, what they cost, and how their words changed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agents.models import Agent, AgentVersion, Spending
from agents.services.teams import configuration_of, update_agent
from tests.pages import farms
from tests.pages.farms import Farm
from tests.pages.performances import traded
from tests.pages.reading import text_of
from trading.models import Permission, Position
from triggers.services.triggers import create_trigger

pytest_plugins = ("tests.pages.fixtures",)


def technical(farm: Farm) -> Agent:
    return farm.agents["Technical"]


def page_of(client: Client, agent: Agent, tab: str = "") -> str:
    address = reverse("agent", args=[agent.id])
    return text_of(client.get(f"{address}?tab={tab}" if tab else address))


def edited(agent: Agent, **changes: object) -> dict[str, object]:
    names = (
        *("name", "description", "role", "provider", "model", "temperature", "max_tokens"),
        *("daily_budget", "system_prompt", "strategy_prompt", "colour", "icon"),
    )
    return {name: getattr(agent, name) for name in names} | changes


def keep_version(agent: Agent) -> None:
    """The first version, as the service that makes agents leaves it."""
    AgentVersion.objects.create(
        agent=agent,
        version=1,
        configuration=configuration_of(agent),
        changed_by="person:trader",
        at=agent.created_at,
    )


def test_a_card_says_role_mind_and_what_was_earned(trader: Client, farm: Farm) -> None:
    traded(farm)

    page = text_of(trader.get(reverse("agents")))

    assert "Technical Technical, proposes active" in page
    assert "P&L ▲+190.60 Win rate 67 % of 3 Model today nothing" in page
    assert "Built-in rules, no model" in page
    assert "Votes only: it has no trades of its own." in page


def test_a_card_says_what_its_model_cost_since_midnight_utc(trader: Client, farm: Farm) -> None:
    agent = technical(farm)
    Agent.objects.filter(id=agent.id).update(provider="anthropic", model="a-model")
    for days_ago in (0, 2):
        day = (farm.wall - timedelta(days=days_ago)).date()
        Spending.objects.create(agent=agent, day=day, spent=Decimal("0.25"))

    page = text_of(trader.get(reverse("agents")))

    assert "Model today 0.25 USD" in page
    assert "Anthropic, a-model" in page


def test_a_card_says_what_wakes_its_team_next(trader: Client, farm: Farm) -> None:
    create_trigger(
        owner=farm.owner,
        team=farm.team,
        name="Daily",
        type="time",
        feed=farm.account.feed,
        cron="30 13 * * 1-5",
        time_zone="America/New_York",
        actor="test",
        at=farm.wall,
    )

    page = text_of(trader.get(reverse("agents")))

    assert "Next: 15 Mar, 13:30" in page


def test_the_filters_count_and_leave_what_they_say(trader: Client, farm: Farm) -> None:
    Agent.objects.filter(name="Risk").update(status="PAUSED")
    Agent.objects.filter(name="Sentiment").update(status="ARCHIVED")

    every, paused = (
        text_of(trader.get(reverse("agents") + end)) for end in ("", "?status=paused")
    )

    assert "In use 4 Active 3 Paused 1 Archived 1" in every
    assert "Sentiment" not in every
    assert "Risk" in paused
    assert "Technical" not in paused


def test_executions_are_listed_with_what_came_of_them(trader: Client, busy: Farm) -> None:
    page = page_of(trader, technical(busy), "executions")

    assert "AAPL rose 2 % against the day's open Buy 160 AAPL: filled" in page
    assert "refused by the risk gate" in page
    assert "Too few approvals" in page


def test_limits_show_the_ceiling_and_todays_use(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=busy.account.day, entries_today=2)

    page = page_of(trader, technical(busy), "limits")

    assert "Entries a day Buys that were approved; exits are never counted. 3 5,000 2" in page
    assert "Largest position" in page
    assert "25,000.00 USD 1,000,000.00" in page


def test_a_limit_above_its_ceiling_says_that_the_ceiling_counts(
    trader: Client, farm: Farm, settings: object
) -> None:
    settings.MAX_POSITION_VALUE_CEILING = Decimal(5_000)  # type: ignore[attr-defined]  # the fixture has no types

    page = page_of(trader, technical(farm), "limits")

    assert "25,000.00 USD the ceiling counts 5,000.00" in page


def test_any_two_versions_can_be_compared_word_by_word(trader: Client, farm: Farm) -> None:
    agent = technical(farm)
    Agent.objects.filter(id=agent.id).update(strategy_prompt="Buy the deep dip.")
    agent.refresh_from_db()
    keep_version(agent)
    for text in ("Buy the shallow dip.", "Sell the rip."):
        update_agent(
            agent_id=agent.id,
            changes={"strategy_prompt": text},
            actor="person:ada",
            at=farm.wall,
        )

    address = reverse("agent", args=[agent.id])
    page = trader.get(f"{address}?tab=prompt&from=1&to=2").content.decode()

    assert '<del class="word-removed">deep</del><ins class="word-added">shallow</ins>' in page
    assert "Version 1 and version 2" in page
    assert "Sell the rip." in page  # the current one stands above


def test_saving_makes_a_version_and_says_so(trader: Client, farm: Farm) -> None:
    agent = technical(farm)
    keep_version(agent)

    answer = trader.post(
        reverse("agent-edit", args=[agent.id]),
        edited(agent, strategy_prompt="Wait.", colour="teal"),
        follow=True,
    )

    agent.refresh_from_db()
    assert (agent.version, agent.strategy_prompt, agent.colour) == (2, "Wait.", "teal")
    assert "Technical is now version 2" in text_of(answer)


def test_saving_what_was_there_makes_no_version(trader: Client, farm: Farm) -> None:
    agent = technical(farm)

    answer = trader.post(reverse("agent-edit", args=[agent.id]), edited(agent), follow=True)

    agent.refresh_from_db()
    assert agent.version == 1
    assert "there is no new version" in text_of(answer)


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    trader: Client, farm: Farm
) -> None:
    agent = technical(farm)

    answer = trader.post(
        reverse("agent-edit", args=[agent.id]),
        edited(agent, name="Risk", strategy_prompt="A long thought."),
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "You have an agent of that name; choose another." in page
    assert "A long thought." in page
    agent.refresh_from_db()
    assert agent.version == 1


def test_a_new_agent_is_made_with_its_first_version(trader: Client, farm: Farm) -> None:
    answer = trader.post(
        reverse("agent-new"),
        edited(Agent(role="risk"), name="Second opinion", role="risk"),
        follow=True,
    )

    made = Agent.objects.get(name="Second opinion")
    assert (made.owner, made.version, made.versions.count()) == (farm.owner, 1, 1)
    assert "Give it a seat in a team next." in text_of(answer)


def test_a_persons_pause_is_said_with_what_it_did(trader: Client, busy: Farm) -> None:
    agent = technical(busy)

    answer = trader.post(
        reverse("agent-status", args=[agent.id]), {"status": "PAUSED"}, follow=True
    )

    agent.refresh_from_db()
    assert agent.status == "PAUSED"
    assert "of its entries were canceled. What it holds keeps its stops" in text_of(answer)


def test_a_budget_above_the_farms_ceiling_is_refused_beside_the_field(
    trader: Client, farm: Farm
) -> None:
    agent = technical(farm)

    answer = trader.post(
        reverse("agent-edit", args=[agent.id]), edited(agent, daily_budget="50.01")
    )

    assert answer.status_code == 422
    assert "The farm's ceiling is 50; choose that or less." in text_of(answer)
    agent.refresh_from_db()
    assert agent.version == 1


def test_archiving_is_refused_while_something_is_held_and_says_what_to_do(
    trader: Client, busy: Farm
) -> None:
    agent = technical(busy)

    answer = trader.post(
        reverse("agent-status", args=[agent.id]), {"status": "ARCHIVED"}, follow=True
    )

    agent.refresh_from_db()
    assert agent.status == "ACTIVE"
    assert "It still holds AAPL, GOOG, IBM. Pause it, close what it holds" in text_of(answer)


def test_archiving_switches_the_permissions_off(trader: Client, farm: Farm) -> None:
    agent = technical(farm)

    trader.post(reverse("agent-status", args=[agent.id]), {"status": "ARCHIVED"})

    assert not Permission.objects.get().active
    assert Position.objects.count() == 0


def test_a_viewer_sees_no_buttons(client: Client, farm: Farm) -> None:
    viewer = farms.make_user("viewer")
    viewer.role, viewer.desk = "viewer", farm.owner
    viewer.save()
    client.force_login(viewer)

    page = client.get(reverse("agent", args=[technical(farm).id])).content.decode()

    assert "Pause" not in page
    assert reverse("agent-edit", args=[technical(farm).id]) not in page


@pytest.mark.parametrize("tab", ["overview", "executions", "prompt", "limits"])
def test_an_agents_page_takes_few_queries(
    trader: Client, busy: Farm, tab: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    keep_version(technical(busy))
    address = reverse("agent", args=[technical(busy).id])

    with django_assert_max_num_queries(13):
        trader.get(f"{address}?tab={tab}")


def test_the_cards_take_few_queries(
    trader: Client, busy: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        trader.get(reverse("agents"))
