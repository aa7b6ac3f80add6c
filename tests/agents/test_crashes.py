"""Killed at any point, an execution goes on where it was and does nothing twice."""

from contextlib import suppress
from datetime import timedelta
from functools import cache

import pytest
from django.db import OperationalError, transaction

from agents.models import Decision, Execution, Message, Proposal, ProviderCall, Vote
from agents.services.briefings import brief
from agents.services.leases import LEASE, LeaseLost, renew
from tests.agents.floor import claimed, make_floor, scripted, thought
from tests.factories import wall
from trading.models import Assessment, Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


class Killed(BaseException):
    """The process ended here; nothing catches this and nothing is tidied up."""


class DeadlyClock:
    """Kills whoever looks at it for the n-th time. Every step looks once."""

    def __init__(self, *, looks):
        self.looks = looks

    def now(self):
        if self.looks == 0:
            raise Killed
        self.looks -= 1
        return wall()


class ClockAfter:
    """Wall time some while later, when the lease of the killed has run out."""

    def now(self):
        return wall() + LEASE + timedelta(seconds=1)


def story(floor):
    """Everything that came of an execution but the moments of wall time."""
    return {
        "messages": list(
            Message.objects.order_by("place").values_list("id", "place", "content", "payload")
        ),
        "decisions": list(Decision.objects.values_list("id", "outcome", "hash", "assessment")),
        "proposals": list(Proposal.objects.values_list("id", "hash")),
        "votes": sorted(Vote.objects.values_list("voter", "choice")),
        "orders": list(Order.objects.values_list("id", "intent_key", "quantity")),
        "assessments": list(Assessment.objects.values_list("id", "approved")),
        "state": list(Execution.objects.values_list("id", "state")),
        "events": [kind for kind in floor.events() if kind != "execution.started"],
    }


MOST_LOOKS = 26


def test_the_range_of_kills_reaches_from_the_first_look_to_the_last():
    floor = make_floor()

    ended = thought(floor.wake(), scripted(), clock=DeadlyClock(looks=MOST_LOOKS))

    assert ended.state == "DECIDED"


@pytest.mark.parametrize("looks", range(MOST_LOOKS))
def test_killed_at_any_look_at_the_clock_it_ends_as_if_undisturbed(looks):
    expected = undisturbed_story()
    floor, provider = make_floor(), scripted()
    execution = floor.wake()
    stored = killed_after(execution, provider, looks=looks)

    ended = thought(execution, provider, clock=ClockAfter(), owner="host:2:1")

    assert ended.attempts <= 2
    assert len(provider.asked) <= 10 - stored
    assert story(floor) == expected


@cache
def undisturbed_story():
    """What an execution that nobody killed leaves behind; its rows are gone again."""
    point = transaction.savepoint()
    floor = make_floor()
    thought(floor.wake(), scripted())
    found = story(floor)
    transaction.savepoint_rollback(point)
    return found


def killed_after(execution, provider, *, looks):
    """How many answers were stored when it was killed."""
    with suppress(Killed):
        thought(execution, provider, clock=DeadlyClock(looks=looks))
    return ProviderCall.objects.count()


def test_one_failure_of_ours_lets_go_at_once_and_is_raised():
    floor = make_floor()
    execution = floor.wake()
    broken = scripted()
    broken.replies["technical"] = _broken

    with pytest.raises(ZeroDivisionError):
        thought(execution, broken)

    execution.refresh_from_db()
    assert execution.state == "THINKING"
    assert execution.lease_until is not None
    assert execution.lease_until <= wall()


def test_answers_are_kept_where_what_they_come_to_cannot_be_stored(monkeypatch):
    floor, provider = make_floor(), scripted()
    execution = floor.wake()
    with monkeypatch.context() as patch:
        patch.setattr("agents.services.closing.tally", _no_lock)
        with pytest.raises(OperationalError):
            thought(execution, provider)

    assert (Vote.objects.count(), Decision.objects.count()) == (4, 0)
    ended = thought(execution, provider, clock=ClockAfter(), owner="host:2:1")

    assert ended.decision.outcome == "APPROVED"
    assert len(provider.asked) == 5


def _no_lock(**parts):
    raise OperationalError("canceling statement due to lock timeout")


async def _broken():
    return 1 / 0


def test_after_five_attempts_that_were_cut_short_it_has_failed():
    floor = make_floor()
    execution = floor.wake()
    Execution.objects.filter(id=execution.id).update(attempts=5)

    ended = thought(execution, scripted())

    assert ended.state == "FAILED"
    assert ended.problem == "Given up after 5 attempts that were cut short."
    assert floor.events()[-1] == "execution.ended"


def test_whoever_lost_the_lease_stores_nothing_more():
    floor = make_floor()
    execution = floor.wake()
    lease = claimed(execution)
    _overtake(execution)

    with pytest.raises(LeaseLost, match="is not held by host:1:1"):
        brief(lease=lease)
    with pytest.raises(LeaseLost):
        renew(lease=lease, at=wall())


def _overtake(execution):
    Execution.objects.filter(id=execution.id).update(lease_owner="host:2:1")


def test_an_execution_that_was_overtaken_while_it_waited_leaves_the_rest_to_the_other():
    floor, provider = make_floor(), scripted()
    execution = floor.wake()

    ended = thought(execution, provider, clock=OvertakingClock(execution))

    assert ended.state == "THINKING"
    assert not Decision.objects.exists()
    assert Proposal.objects.count() == 1


class OvertakingClock:
    """Another worker takes the execution over once its proposal is stored."""

    def __init__(self, execution):
        self.execution = execution

    def now(self):
        if Proposal.objects.exists():
            _overtake(self.execution)
        return wall()


def test_a_vote_that_a_crash_of_ours_outlasted_gets_its_time_again():
    floor, provider = make_floor(), scripted()
    execution = floor.wake()
    looks = _looks_until_the_proposal(execution, provider)

    ended = thought(execution, provider, clock=HoursLater(), owner="host:2:1")

    assert looks
    assert ended.decision.outcome == "APPROVED"
    assert ended.decision.approvals == 4


def _looks_until_the_proposal(execution, provider):
    """Kill it at the first look after its proposal was stored, before anybody was asked."""
    for looks in range(1, MOST_LOOKS):
        clock = DeadlyClock(looks=looks)
        with suppress(Killed):
            thought(execution, provider, clock=clock, owner=f"host:1:{looks}")
        if Proposal.objects.exists():
            return looks
        Execution.objects.filter(id=execution.id).update(
            lease_until=wall() - timedelta(seconds=1), attempts=0
        )
    return None


class HoursLater:
    """Wall time long after every lease and every vote."""

    def now(self):
        return wall() + timedelta(hours=2)
