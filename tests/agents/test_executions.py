"""Waking: which executions are made, joined, claimed and swept."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

import pytest

from agents.domain.causes import Cause, execution_id
from agents.domain.states import ExecutionState
from agents.models import Execution, TradingSession
from agents.selectors.executions import open_count, recent_executions, waiting
from agents.services.endings import end
from agents.services.executions import new_request, queue_executions, run_now
from agents.services.leases import LEASE, release, renew
from agents.services.sessions import start_session, stop_session
from market.models import Feed
from market.services.replays import start_replay
from tests.agents.builders import sure
from tests.agents.floor import NOON, claimed, make_floor, scripted, thought
from tests.factories import NOW, make_account, wall
from trading.models import Account
from tradingfarm.kernel import wake
from tradingfarm.kernel.journal import NotInTransaction, transaction
from tradingfarm.kernel.wake import ringer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]

DIP = Cause("price:dip", "price", "AAPL falls 3 %", "AAPL", {"last": "97"})


def of_workers(rung):
    """The doorbells for workers; those for open pages ring as well."""
    return [bell for bell in rung if bell.__module__ == wake.__name__]


def test_all_causes_of_a_moment_make_one_execution_with_an_id_that_repeats():
    floor = make_floor()

    execution = floor.wake(DIP, NOON)

    assert execution.cause_key == "price:dip + time:noon"
    assert execution.id == execution_id(
        account_id=floor.account.id, team_id=floor.team.id, key=execution.cause_key
    )
    assert [cause["key"] for cause in execution.causes] == ["price:dip", "time:noon"]
    assert (execution.state, execution.as_of) == ("QUEUED", NOW)


def test_causes_that_arrive_before_it_started_join_the_one_that_waits():
    floor = make_floor()
    first = floor.wake(NOON)

    joined = floor.wake(DIP, NOON, as_of=NOW + timedelta(minutes=1))

    assert joined.id == first.id
    assert joined.cause_key == "time:noon"
    assert [cause["key"] for cause in joined.causes] == ["time:noon", "price:dip"]
    assert joined.as_of == NOW + timedelta(minutes=1)
    assert floor.events().count("execution.joined") == 1


def test_the_same_causes_again_find_the_execution_that_was():
    floor = make_floor()
    first = thought(floor.wake(), scripted())

    again = floor.wake()

    assert again.id == first.id
    assert Execution.objects.count() == 1
    assert again.state == "DECIDED"


def test_each_account_with_a_running_session_gets_its_own():
    floor = make_floor()
    other = make_account(number=1)
    start_session(team=floor.team, account=other, accepted_by="ada", at=wall())

    with transaction():
        queued = queue_executions(
            team_id=floor.team.id, causes=[NOON], as_of=NOW, at=wall(), actor="test"
        )

    assert {execution.account_id for execution in queued} == {floor.account.id, other.id}


def test_without_a_running_session_nothing_is_queued():
    floor = make_floor()
    stop_session(session=floor.session, reason="Enough.", actor="ada", at=wall())

    with transaction():
        queued = queue_executions(
            team_id=floor.team.id, causes=[NOON], as_of=NOW, at=wall(), actor="test"
        )

    assert queued == []


def test_queueing_needs_the_callers_transaction():
    floor = make_floor()

    with pytest.raises(NotInTransaction):
        queue_executions(team_id=floor.team.id, causes=[NOON], as_of=NOW, at=wall(), actor="test")


def test_one_execution_of_a_team_thinks_at_a_time_and_its_end_rings_the_next(
    django_capture_on_commit_callbacks,
):
    floor = make_floor()
    first = floor.wake(NOON)
    assert claimed(first)
    second = floor.wake(DIP)

    refused = claimed(second, owner="host:1:2")
    first.refresh_from_db()
    with django_capture_on_commit_callbacks() as rung, transaction():
        end(execution=first, state=ExecutionState.DECIDED, at=wall())

    assert refused is None
    assert second.id != first.id
    assert len(of_workers(rung)) == 1
    assert claimed(second, owner="host:1:3")


def test_a_lease_is_had_by_one_until_it_runs_out():
    floor = make_floor()
    execution = floor.wake()
    lease = claimed(execution)

    assert claimed(execution, owner="host:2:1") is None
    renew(lease=lease, at=wall() + LEASE)
    after_first_end = wall() + LEASE + timedelta(seconds=1)
    assert claimed(execution, owner="host:2:1", at=after_first_end) is None
    release(lease=lease, at=wall())
    assert claimed(execution, owner="host:2:1", at=after_first_end)


def test_open_executions_are_counted_by_feed():
    floor = make_floor()
    floor.wake()

    assert open_count(feed_name=floor.account.feed_id) == 1
    assert open_count(feed_name="another") == 0


def test_an_ended_execution_is_not_open():
    floor = make_floor()

    thought(floor.wake(), scripted())

    assert open_count(feed_name=floor.account.feed_id) == 0
    [listed] = recent_executions(account_id=floor.account.id)
    assert sure(sure(listed.decision.assessment).order).quantity == 20


def test_the_sweep_finds_the_unheard_and_the_lost_and_nobody_else():
    floor = make_floor()
    execution = floor.wake()

    assert waiting(at=wall()) == []
    assert waiting(at=wall() + timedelta(seconds=2)) == [execution.id]
    claimed(execution)
    assert waiting(at=wall() + timedelta(seconds=2)) == []
    assert waiting(at=wall() + LEASE + timedelta(seconds=1)) == [execution.id]


def test_queueing_rings_after_the_commit(django_capture_on_commit_callbacks):
    floor = make_floor()

    with django_capture_on_commit_callbacks() as rung:
        floor.wake()

    assert len(of_workers(rung)) == 1
    assert ringer.dropped == 0


def test_causes_of_one_feed_wake_no_account_on_another():
    floor = make_floor()

    with transaction():
        woken = queue_executions(
            team_id=floor.team.id,
            causes=[NOON],
            as_of=NOW,
            at=wall(),
            actor="test",
            feed_name="another-feed",
        )

    assert woken == []


def test_causes_of_wall_time_wake_an_account_on_a_replay_at_its_own_time():
    floor = make_floor()
    Feed.objects.create(name="stored", kind=Feed.Kind.STORED)
    replay = start_replay(
        replay_id=uuid5(NAMESPACE_URL, "past"),
        feed_name="past",
        source="stored",
        starts_on=date(2005, 3, 1),
        ends_on=date(2005, 3, 4),
        speed=Decimal(1),
        now=wall(),
    )
    Account.objects.filter(id=floor.account.id).update(feed=replay.feed)

    with transaction():
        [execution] = queue_executions(
            team_id=floor.team.id, causes=[NOON], as_of=NOW, at=wall(), actor="test"
        )

    assert execution.as_of == datetime(2005, 3, 1, tzinfo=UTC)


def asked_for(floor, request="2001-03-07T15:30:00+00:00:abc", actor="person:ada"):
    return run_now(team_id=floor.team.id, request=request, actor=actor, at=wall())


def test_a_person_wakes_a_team_as_a_cause_of_its_own():
    floor = make_floor()

    [execution] = asked_for(floor)

    assert execution.state == "QUEUED"
    assert execution.causes[0] | {"evidence": None} == {
        "key": "person:2001-03-07T15:30:00+00:00:abc",
        "kind": "person",
        "title": "Asked for by ada",
        "symbol": None,
        "evidence": None,
    }
    assert execution.causes[0]["evidence"] == {"by": "person:ada"}


def test_one_wish_of_a_person_wakes_once_even_after_it_was_thought_about():
    floor = make_floor()
    [first] = asked_for(floor)
    Execution.objects.update(state="DECIDED")

    [second], [third] = asked_for(floor), asked_for(floor, request="another")

    assert second.id == first.id
    assert third.id != first.id


def test_a_wish_that_joined_a_waiting_execution_wakes_no_second_one_later():
    floor = make_floor()
    waiting = floor.wake()
    [joined] = asked_for(floor)
    Execution.objects.update(state="DECIDED")

    [again] = asked_for(floor)

    assert joined.id == again.id == waiting.id
    assert Execution.objects.count() == 1


def test_without_a_session_a_person_wakes_nobody():
    floor = make_floor()
    TradingSession.objects.update(state="STOPPED")

    assert asked_for(floor) == []


def test_a_request_names_market_time_and_a_token():
    assert new_request(now=NOW, token="xyz") == "2001-03-07T15:30:00.000000+00:00:xyz"
