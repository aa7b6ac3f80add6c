"""One execution from its claim to its end."""

import asyncio
from decimal import Decimal

import pytest

from agents.domain.asking import ProviderFailed
from agents.domain.causes import Cause
from agents.domain.states import ExecutionState, Outcome
from agents.loop.asking import Runtime
from agents.loop.thinking import think
from agents.models import Decision, Member, Message, Proposal, ProviderCall, Vote
from agents.services.ordering import NO_SESSION
from agents.services.sessions import stop_session
from agents.services.teams import update_agent, update_team
from agents.worlds import provider_named
from tests.agents.floor import APPROVE, BUY, HOLD, REJECT, make_floor, scripted, thought
from tests.factories import NOW, wall
from trading.models import Order, Permission
from tradingfarm.kernel.clock import SystemClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


def test_a_proposal_is_voted_on_approved_ordered_and_told():
    floor = make_floor()

    execution = thought(floor.wake(), scripted())

    order = Order.objects.get()
    assert execution.state == ExecutionState.DECIDED
    assert execution.decision.outcome == Outcome.APPROVED
    assert (execution.decision.approvals, execution.decision.abstentions) == (4, 0)
    assert execution.decision.assessment.order == order
    assert (order.side, order.quantity, order.stop_loss) == ("buy", 20, 95)
    assert order.intent_key == f"decision:{execution.decision.id}"
    assert (order.strategy, order.reasoning, order.as_of) == ("dip", "It fell.", NOW)
    assert floor.conversation() == [
        ("Technical", "PROPOSAL"),
        ("Fundamental", "VOTE"),
        ("Sentiment", "VOTE"),
        ("Risk", "VOTE"),
        ("Execution", "VOTE"),
        ("House team", "DECISION"),
        ("Execution", "UPDATE"),
    ]


def test_every_step_is_journaled_on_the_account_in_order():
    floor = make_floor()

    thought(floor.wake(), scripted())

    kinds = floor.events()
    assert kinds[kinds.index("session.started") :] == [
        "session.started",
        "execution.queued",
        "execution.started",
        "agent.message",
        "agent.trade.signal",
        *["agent.message"] * 5,
        "agent.decision",
        "risk.assessment",
        "order.approved",
        "agent.message",
        "execution.ended",
    ]


def test_a_hold_is_a_decision_with_its_reason():
    floor = make_floor()

    execution = thought(floor.wake(), scripted(HOLD))

    assert (execution.state, execution.decision.outcome) == ("DECIDED", Outcome.HOLD)
    assert Message.objects.get().content == "Hold. Nothing to do."
    assert not Order.objects.exists()


def test_a_rejection_by_most_is_no_quorum_and_no_order():
    floor = make_floor()

    execution = thought(floor.wake(), scripted(fundamental=REJECT, sentiment=REJECT))

    assert execution.decision.outcome == Outcome.NO_QUORUM
    assert execution.decision.assessment is None
    assert not Order.objects.exists()


def test_a_veto_of_risk_wins_over_three_approvals():
    floor = make_floor()

    execution = thought(floor.wake(), scripted(risk=REJECT | {"veto": "VOLATILITY_TOO_HIGH"}))

    assert execution.decision.outcome == Outcome.VETOED
    assert "VOLATILITY_TOO_HIGH" in execution.decision.reason


def test_a_narrowing_forms_the_order_that_is_sent():
    floor = make_floor()
    narrow = APPROVE | {"quantity": 7, "stop_loss": 97}

    execution = thought(floor.wake(), scripted(risk=narrow))

    order = Order.objects.get()
    assert (order.quantity, order.stop_loss) == (7, 97)
    assert execution.decision.hash != Proposal.objects.get().hash


def test_below_the_smallest_order_there_is_no_trade():
    floor = make_floor()

    execution = thought(floor.wake(), scripted(risk=APPROVE | {"quantity": "0.5"}))

    assert execution.decision.outcome == Outcome.BELOW_MINIMUM


def test_what_the_gate_denies_is_told_with_its_numbers():
    floor = make_floor()
    Permission.objects.update(max_order_value=Decimal(100))

    execution = thought(floor.wake(), scripted())

    told = Message.objects.get(message_type="UPDATE")
    assert execution.decision.outcome == Outcome.APPROVED
    assert execution.decision.assessment.denials == ["ORDER_SIZE"]
    assert told.content.startswith("The risk gate denied the order. ORDER_SIZE: ")
    assert told.payload["denials"] == ["ORDER_SIZE"]


def test_a_useless_answer_is_repaired_once():
    floor = make_floor()
    provider = scripted(["I would buy.", BUY])

    execution = thought(floor.wake(), provider)

    assert execution.decision.outcome == Outcome.APPROVED
    assert "The reply holds no JSON object." in provider.asked[1].repair


def test_two_useless_answers_abstain_and_are_never_a_hold():
    floor = make_floor()

    execution = thought(floor.wake(), scripted(["I would buy.", "Really."]))

    assert execution.state == ExecutionState.ABSTAINED
    assert execution.problem == "NO_JSON: The reply holds no JSON object."
    assert not Decision.objects.exists()
    assert floor.conversation() == [("Technical", "ALERT")]


def test_a_provider_that_fails_is_stored_and_abstains():
    floor = make_floor()
    failing = ProviderFailed("No credit left.", permanent=True)

    execution = thought(floor.wake(), scripted(failing))

    assert execution.state == ExecutionState.ABSTAINED
    assert execution.problem == "NO_REPLY: No credit left."
    assert list(ProviderCall.objects.values_list("problem", flat=True)) == [
        "No credit left.",
        "No credit left.",
    ]


def test_an_unknown_provider_is_said_by_name():
    floor = make_floor()
    proposer = floor.team.members.get(proposes=True).agent_id
    update_agent(agent_id=proposer, changes={"provider": "oracle"}, actor="ada", at=wall())
    runtime = Runtime(clock=SystemClock(), provider_named=provider_named, owner="host:1:1")
    execution = floor.wake()

    think(execution_id=execution.id, runtime=runtime)

    execution.refresh_from_db()
    assert execution.problem == (
        "NO_REPLY: There is no provider 'oracle'; choose one of: anthropic, rules."
    )


def test_a_voter_that_is_too_late_abstains():
    floor = make_floor()
    update_team(team_id=floor.team.id, changes={"vote_timeout_seconds": 0}, actor="ada", at=wall())

    execution = thought(floor.wake(), scripted(sentiment=_never))

    vote = Message.objects.get(sender_name="Sentiment")
    assert vote.content == "Abstain. Sentiment gave no answer within 0 seconds."
    assert execution.decision.abstentions == 1
    assert execution.decision.outcome == Outcome.APPROVED


async def _never():
    await asyncio.Event().wait()


def test_a_useless_ballot_abstains_and_says_why():
    floor = make_floor()

    thought(floor.wake(), scripted(sentiment="Looks good to me!"))

    assert Message.objects.get(sender_name="Sentiment").content == (
        "Abstain. The reply holds no JSON object."
    )
    assert Vote.objects.count() == 3


def test_paused_voters_are_not_asked_and_a_paused_proposer_abstains():
    floor = make_floor()
    seats = {seat.agent.name: seat.agent_id for seat in Member.objects.select_related("agent")}
    _pause(seats["Sentiment"])
    provider = scripted()

    first = thought(floor.wake(), provider)
    _pause(seats["Technical"])
    second = thought(floor.wake(Cause("time:one", "time", "At one")), scripted())

    assert first.decision.outcome == Outcome.APPROVED
    assert "sentiment" not in {request.role.value for request in provider.asked}
    assert Message.objects.get(sender_name="Sentiment").content == "Abstain. Sentiment is paused."
    assert (second.state, second.problem) == ("ABSTAINED", "The proposer is paused.")


def _pause(agent_id):
    update_agent(agent_id=agent_id, changes={"status": "PAUSED"}, actor="ada", at=wall())


def test_a_team_without_a_proposer_abstains():
    floor = make_floor()
    Member.objects.update(proposes=False)

    execution = thought(floor.wake(), scripted())

    assert execution.problem == "The team has no member that proposes."
    assert floor.conversation() == [("House team", "ALERT")]


def test_a_session_that_stopped_meanwhile_decides_but_does_not_order():
    floor = make_floor()
    execution = floor.wake()
    clock = StoppingClock(floor)

    thought(execution, scripted(), clock=clock)

    assert Decision.objects.get().outcome == Outcome.APPROVED
    assert Message.objects.get(message_type="UPDATE").content == NO_SESSION
    assert not Order.objects.exists()


class StoppingClock:
    """Stops the session while the team thinks."""

    def __init__(self, floor):
        self.floor = floor
        self.looks = 0

    def now(self):
        self.looks += 1
        if self.looks == 4:
            stop_session(session=self.floor.session, reason="Enough.", actor="ada", at=wall())
        return wall()


def test_voters_see_the_context_and_the_proposal_and_nobody_elses_vote():
    floor = make_floor()
    provider = scripted(fundamental=APPROVE | {"reason": "My own secret reason."})

    thought(floor.wake(), provider)

    votes = [request for request in provider.asked if request.purpose == "vote"]
    assert len(votes) == 4
    assert len({(request.context, request.proposal) for request in votes}) == 1
    assert not any("secret" in str(request) for request in votes)


def test_the_context_is_stored_by_hash_and_every_call_with_its_request():
    floor = make_floor()

    execution = thought(floor.wake(), scripted())

    calls = ProviderCall.objects.all()
    assert len(calls) == 5
    assert {call.input_tokens for call in calls} == {100}
    assert all('"purpose":' in call.request for call in calls)
    assert execution.context.as_of == NOW
    assert set(execution.versions.values()) == {1}


def test_an_execution_that_has_ended_is_left_alone():
    floor = make_floor()
    execution = floor.wake()
    thought(execution, scripted())
    again = scripted()

    thought(execution, again)

    assert again.asked == []
    assert Order.objects.count() == 1
