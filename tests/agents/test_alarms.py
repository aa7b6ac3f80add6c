"""Failures and alarms have events of their own, which people are alerted by."""

import pytest

from agents.domain.states import ExecutionState
from agents.services.endings import end
from tests.agents.floor import HOLD, make_floor, scripted, thought
from tests.factories import wall
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.models import JournalEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


def test_an_execution_that_failed_rings():
    floor = make_floor()
    execution = floor.wake()

    with transaction():
        end(execution=execution, state=ExecutionState.FAILED, problem="It broke.", at=wall())

    event = JournalEvent.objects.get(kind="execution.failed")
    assert event.subject == f"execution:{execution.id}"
    assert event.payload == {"problem": "It broke."}
    assert floor.events()[-2:] == ["execution.failed", "execution.ended"]


def test_an_agent_without_an_answer_raises_an_alarm():
    floor = make_floor()

    thought(floor.wake(), scripted("no JSON at all"))

    event = JournalEvent.objects.get(kind="agent.risk.alert")
    assert event.actor == "agent:Technical"
    assert event.payload["content"].startswith("No decision.")


def test_a_hold_rings_nothing():
    floor = make_floor()

    thought(floor.wake(), scripted(HOLD))

    assert not {"execution.failed", "agent.risk.alert"} & set(floor.events())
