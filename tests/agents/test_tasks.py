"""The doorbells, on real connections: nothing of the database is held while a provider thinks."""

import asyncio
import json
import threading
from datetime import timedelta

import pytest
from django.db import connections

from agents.domain.asking import Reply
from agents.loop.background import shared_loop, submit
from agents.models import Decision, Execution
from agents.tasks import sweep, think
from agents.worlds import UnknownProvider, provider_named
from tests.agents.floor import APPROVE, BUY, make_floor, scripted, thought
from tests.factories import wall
from tradingfarm.kernel.wake import ringer


@pytest.mark.django_db(transaction=True)
def test_the_task_thinks_with_the_provider_of_each_agent():
    floor = make_floor()
    execution = floor.wake()

    think(row_id=str(execution.id))

    assert Decision.objects.get().outcome == "HOLD"
    assert Execution.objects.get().state == "DECIDED"


@pytest.mark.django_db(transaction=True)
def test_while_a_provider_thinks_no_connection_is_held():
    floor = make_floor()
    provider = scripted()
    main = connections["default"]

    async def answers_once_let_go():
        async with asyncio.timeout(10):
            while main.connection is not None:
                await asyncio.sleep(0.005)
        return Reply(json.dumps(BUY))

    provider.replies["technical"] = answers_once_let_go

    ended = thought(floor.wake(), provider)

    assert ended.decision.outcome == "APPROVED"


@pytest.mark.django_db
def test_the_sweep_rings_for_whoever_waits(django_capture_on_commit_callbacks):
    floor = make_floor()
    execution = floor.wake()
    Execution.objects.filter(id=execution.id).update(queued_at=wall() - timedelta(seconds=5))

    with django_capture_on_commit_callbacks() as rung:
        sweep()

    assert len(rung) == 1
    assert ringer.dropped == 0


def test_all_questions_wait_on_one_loop_in_one_thread():
    async def where():
        return asyncio.get_running_loop(), threading.current_thread().name

    first, second = submit(where()).result(5), submit(where()).result(5)

    assert first == second == (shared_loop(), "providers")


def test_a_provider_is_built_once_and_an_unknown_one_is_refused_by_name():
    assert provider_named("rules") is provider_named("rules")
    with pytest.raises(UnknownProvider, match="choose one of: anthropic, rules"):
        provider_named("oracle")
    assert APPROVE["choice"] == "approve"
