from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from agents.domain.states import Role
from agents.models import Agent, AgentVersion, Team
from agents.selectors.panels import panel_of
from agents.services.founding import create_builtin_team
from agents.services.teams import UnknownField, update_agent, update_team
from tests.factories import make_account, make_user, wall
from trading.models import Permission
from tradingfarm.kernel.journal import owner_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def make_team(number=0):
    return create_builtin_team(owner=make_user(), account=make_account(number=number), at=wall())


def test_the_built_in_team_has_five_roles_on_the_rules_and_one_permission():
    team = make_team()

    seats = list(team.members.select_related("agent").order_by("seat"))
    assert [seat.agent.role for seat in seats] == list(Role)
    assert {seat.agent.provider for seat in seats} == {"rules"}
    assert [seat.agent.name for seat in seats if seat.proposes] == ["Technical"]
    assert [seat.agent.name for seat in seats if seat.vetoes] == ["Risk"]
    assert team.quorum == 3
    permission = Permission.objects.get()
    assert permission.agent_name == "Technical"
    assert (permission.max_position_value, permission.max_daily_loss) == (25_000, 5_000)


def test_a_second_account_gets_a_team_of_its_own_with_other_names():
    first, second = make_team(0), make_team(1)

    assert (first.name, second.name) == ("House team", "House team (Paper 1)")
    assert Agent.objects.count() == 10
    assert first.id != second.id


def test_a_change_makes_a_version_keeps_the_old_one_and_is_journaled():
    agent = make_team().members.get(seat=0).agent

    changed = update_agent(
        agent_id=agent.id,
        changes={"strategy_prompt": "Buy low.", "temperature": Decimal("0.2")},
        actor="ada",
        at=wall(),
    )

    old, new = AgentVersion.objects.filter(agent=agent).order_by("version")
    assert changed.version == new.version == 2
    assert old.configuration["strategy_prompt"] != new.configuration["strategy_prompt"]
    assert (new.configuration["temperature"], new.changed_by) == ("0.2", "ada")
    event = JournalEvent.objects.filter(stream=owner_stream(agent.owner_id)).latest("seq")
    assert (event.kind, event.payload["changed"]) == (
        "agent.changed",
        ["strategy_prompt", "temperature"],
    )


def test_changing_nothing_makes_no_version():
    agent = make_team().members.get(seat=0).agent

    update_agent(agent_id=agent.id, changes={"name": agent.name}, actor="ada", at=wall())

    assert AgentVersion.objects.filter(agent=agent).count() == 1


def test_what_is_no_configuration_cannot_be_changed():
    team = make_team()
    agent = team.members.get(seat=0).agent

    with pytest.raises(UnknownField, match="version cannot be changed; these can: name"):
        update_agent(agent_id=agent.id, changes={"version": 7}, actor="ada", at=wall())
    with pytest.raises(UnknownField):
        update_team(team_id=team.id, changes={"owner": None}, actor="ada", at=wall())
    with pytest.raises(ValidationError):
        update_agent(agent_id=agent.id, changes={"role": "prophet"}, actor="ada", at=wall())


def test_a_panel_asks_the_versions_that_an_execution_began_with():
    team = make_team()
    agent = team.members.get(seat=0).agent
    update_agent(agent_id=agent.id, changes={"name": "Chartist"}, actor="ada", at=wall())

    now = panel_of(team=Team.objects.get(), versions={})
    then = panel_of(team=Team.objects.get(), versions={str(agent.id): 1})

    assert next((seat.name, seat.version) for seat in now.seats) == ("Chartist", 2)
    assert next((seat.name, seat.version) for seat in then.seats) == ("Technical", 1)


def test_a_teams_quorum_is_changed_and_journaled():
    team = make_team()

    update_team(team_id=team.id, changes={"quorum": 2}, actor="ada", at=wall())

    event = JournalEvent.objects.latest("id")
    assert Team.objects.get().quorum == 2
    assert (event.kind, event.payload["quorum"]) == ("team.changed", 2)
