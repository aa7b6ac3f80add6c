"""An agent whose answers cannot be used three times in a row enters no more."""

from datetime import timedelta

import pytest

from agents.domain.causes import Cause
from agents.models import Agent
from tests.agents.floor import BUY, make_floor, scripted, thought
from tests.factories import NOW, wall
from trading.domain.checks import Code
from trading.models import Assessment, Breaker, Permission
from trading.services.breakers import release

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]
GIBBERISH = ["Buy!", "Buy, I said!"]


def answered(floor, minute, said):
    """The proposer answers what it was woken for at this minute; its repair is the second one."""
    cause = Cause(f"time:{minute}", "time", "Every minute")
    execution = floor.wake(cause, as_of=NOW + timedelta(minutes=minute))
    return thought(execution, scripted(list(said) if isinstance(said, list) else said)).state


def tripped():
    return list(Breaker.objects.filter(released_at=None).values_list("kind", flat=True))


def test_two_failures_are_forgiven():
    floor = make_floor()

    states = [answered(floor, minute, GIBBERISH) for minute in range(2)]

    assert states == ["ABSTAINED", "ABSTAINED"]
    assert tripped() == []


def test_three_in_a_row_stop_the_agents_entries():
    floor = make_floor()
    for minute in range(3):
        answered(floor, minute, GIBBERISH)

    answered(floor, 3, BUY)

    breaker = Breaker.objects.get()
    assert (breaker.kind, breaker.number) == ("failed_answers", "3 in a row")
    assert breaker.permission == Permission.objects.get(agent_name="Technical")
    assert Code.BREAKERS in Assessment.objects.get().denials


def test_an_answer_in_between_begins_the_count_anew():
    floor = make_floor()

    for minute, said in enumerate([GIBBERISH, GIBBERISH, BUY, GIBBERISH, GIBBERISH]):
        answered(floor, minute, said)

    assert tripped() == []


def test_after_a_person_released_it_the_count_begins_anew():
    floor = make_floor()
    for minute in range(3):
        answered(floor, minute, GIBBERISH)
    release(breaker_id=Breaker.objects.get().id, actor="ada", reason="Mended.", at=wall())

    for minute in range(3, 5):
        answered(floor, minute, GIBBERISH)

    assert tripped() == []
    answered(floor, 5, GIBBERISH)
    assert tripped() == ["failed_answers"]


def test_a_paused_agent_has_not_failed():
    floor = make_floor()
    Agent.objects.update(status="PAUSED")

    states = [answered(floor, minute, GIBBERISH) for minute in range(3)]

    assert set(states) == {"ABSTAINED"}
    assert tripped() == []
