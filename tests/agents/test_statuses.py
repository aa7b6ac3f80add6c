"""Pausing takes entries back, archiving is refused while something is open."""

import pytest
from django.core.exceptions import ValidationError

from agents.models import Agent, AgentVersion
from agents.services.closing import close_vote
from agents.services.ordering import PAUSED
from agents.services.statuses import IsArchived, activate_agent, archive_agent, pause_agent
from agents.services.teams import create_agent
from tests.agents.floor import make_floor, scripted, thought
from tests.factories import make_desk, wall
from trading.models import Order, Permission, Position, PositionShare
from tradingfarm.kernel.journal import owner_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def proposer(floor):
    return floor.team.members.get(proposes=True).agent


def pause(agent):
    return pause_agent(agent_id=agent.id, actor="ada", at=wall())


def test_pausing_is_a_version_in_the_journal():
    agent = proposer(make_floor())

    count = pause(agent)

    agent.refresh_from_db()
    event = JournalEvent.objects.filter(stream=owner_stream(agent.owner_id)).latest("seq")
    assert (count, agent.status, agent.version) == (0, "PAUSED", 2)
    assert AgentVersion.objects.filter(agent=agent).count() == 2
    assert (event.kind, event.payload["changed"], event.actor) == (
        "agent.changed",
        ["status"],
        "ada",
    )


def test_pausing_takes_entries_at_work_back(one_connection):
    floor = make_floor()
    thought(floor.wake(), scripted())
    assert Order.objects.get().state == "APPROVED"

    count = pause(proposer(floor))

    assert count == 1
    assert Order.objects.get().state == "EXPIRED_LOCAL"


def test_what_was_decided_before_its_agent_was_paused_is_not_ordered(one_connection, monkeypatch):
    floor = make_floor()

    def paused_right_after(**parts):
        outcome = close_vote(**parts)
        pause(proposer(floor))
        return outcome

    monkeypatch.setattr("agents.loop.thinking.close_vote", paused_right_after)
    execution = thought(floor.wake(), scripted())

    said = list(execution.messages.order_by("place").values_list("content", flat=True))
    assert execution.state == "DECIDED"
    assert said[-1] == PAUSED
    assert not Order.objects.exists()


def test_archiving_switches_permissions_off_and_keeps_the_record():
    agent = proposer(make_floor())

    archive_agent(agent_id=agent.id, actor="ada", at=wall())

    agent.refresh_from_db()
    assert agent.status == "ARCHIVED"
    assert not Permission.objects.get().active


def test_archiving_is_refused_while_an_order_is_at_work(one_connection):
    floor = make_floor()
    thought(floor.wake(), scripted())

    with pytest.raises(ValidationError, match="1 of its orders are still at work"):
        archive_agent(agent_id=proposer(floor).id, actor="ada", at=wall())

    assert Permission.objects.get().active
    assert proposer(floor).status == "ACTIVE"


def test_archiving_is_refused_while_something_is_held():
    desk = make_desk()
    agent = make_agent(desk)
    hold(desk, 3)

    with pytest.raises(ValidationError, match=r"It still holds AAPL\. Pause it"):
        archive_agent(agent_id=agent.id, actor="ada", at=wall())


def test_activating_leaves_withdrawn_permissions_off():
    agent = proposer(make_floor())
    archive_agent(agent_id=agent.id, actor="ada", at=wall())

    activate_agent(agent_id=agent.id, actor="ada", at=wall())

    agent.refresh_from_db()
    assert agent.status == "ACTIVE"
    assert not Permission.objects.get().active


def make_agent(desk):
    return create_agent(
        owner=desk.account.owner,
        configuration={"name": "Holder", "role": "technical"},
        actor="ada",
        at=wall(),
    )


def hold(desk, quantity):
    """A position whose share belongs to the agent of the desk's permission."""
    position = Position.objects.create(
        account=desk.account, instrument=desk.instrument, quantity=quantity, cost=quantity
    )
    agent = Agent.objects.get(name="Holder")
    Permission.objects.filter(id=desk.permission.id).update(agent_id=agent.id)
    PositionShare.objects.create(
        position=position, permission=desk.permission, quantity=quantity, cost=quantity
    )


def test_an_archived_agent_is_not_paused():
    agent = proposer(make_floor())
    archive_agent(agent_id=agent.id, actor="ada", at=wall())

    with pytest.raises(IsArchived, match="activate it first"):
        pause(agent)
