"""What answers for a whole team is changed at once, by a command."""

import pytest
from django.core.management import CommandError, call_command

from agents.models import Agent, AgentVersion
from agents.services.switching import use_provider
from agents.services.teams import update_agent
from agents.worlds import _built
from tests.agents.floor import make_floor
from tests.factories import wall

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_key(settings):
    settings.ANTHROPIC_API_KEY = "sk-ant-x"
    _built.cache_clear()
    yield
    _built.cache_clear()


def test_every_agent_of_the_team_gets_the_provider_and_room_to_think():
    one, other = make_floor(number=0), make_floor(number=1)
    agent = Agent.objects.get(seats__team=one.team, role="risk")
    update_agent(agent_id=agent.id, changes={"max_tokens": 900}, actor="ada", at=wall())

    number = use_provider(
        team_id=one.team.id, provider="anthropic", model="claude-x", actor="ada", at=wall()
    )

    assert number == 5
    assert set(
        Agent.objects.filter(seats__team=one.team).values_list("provider", "model", "max_tokens")
    ) == {("anthropic", "claude-x", 8_000)}
    assert set(Agent.objects.filter(seats__team=other.team).values_list("provider")) == {
        ("rules",)
    }
    assert AgentVersion.objects.filter(changed_by="ada", version__gt=1).count() == 6


def test_the_command_changes_all_teams_or_those_named(capsys):
    make_floor(number=0)
    make_floor(number=1)

    call_command("use_provider", "anthropic", "House team", "--model", "claude-x")
    call_command("use_provider", "rules")

    assert capsys.readouterr().out.splitlines() == [
        "House team: anthropic answers for 5 agents.",
        "House team: rules answers for 5 agents.",
        "House team (Paper 1): rules answers for 5 agents.",
    ]
    assert set(Agent.objects.values_list("provider", "model")) == {("rules", "")}


def test_a_team_that_does_not_exist_and_a_missing_key_are_said(settings):
    make_floor()

    with pytest.raises(CommandError, match="There is no team Nobody"):
        call_command("use_provider", "rules", "Nobody")
    settings.ANTHROPIC_API_KEY = ""
    _built.cache_clear()
    with pytest.raises(CommandError, match="set ANTHROPIC_API_KEY"):
        call_command("use_provider", "anthropic")
    assert set(Agent.objects.values_list("provider", flat=True)) == {"rules"}
