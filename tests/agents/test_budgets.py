"""Dollars are set aside before a question and settled after it, whatever happens in between."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from agents.domain.asking import ProviderFailed, Reply
from agents.domain.budgets import OverBudget, budget_day
from agents.models import Agent, Member, Message, ProviderCall, Spending
from agents.selectors.budgets import used_today
from agents.services.budgets import Reservation, reserve, settle
from agents.services.teams import update_agent, update_team
from tests.agents.floor import APPROVE, BUY, make_floor, scripted, thought
from tests.factories import wall
from tests.racing import race
from trading.models import Order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]

CENT = Decimal("0.01")


def proposer():
    return Member.objects.select_related("agent").get(proposes=True).agent


def spending(agent):
    return Spending.objects.get(agent=agent)


def set_budget(dollars):
    update_agent(
        agent_id=proposer().id,
        changes={"daily_budget": Decimal(dollars)},
        actor="ada",
        at=wall(),
    )


def paid(dollars, *, most="0.05", **others):
    """A provider whose proposer's answer costs `dollars`, of `most` that were set aside."""

    async def answer():
        return Reply(json.dumps(BUY), dollars=Decimal(dollars), model="claude-test")

    provider = scripted(answer, **others)
    provider.most = Decimal(most)
    return provider


def test_the_farms_ceiling_counts_where_it_is_smaller(settings):
    make_floor()
    set_budget("40")
    settings.DAILY_BUDGET_CEILING = Decimal(3)

    refused = reserve(agent_id=proposer().id, name="Technical", dollars=Decimal(4), at=wall())

    assert refused == OverBudget("Technical", Decimal(3), Decimal(0), Decimal(4))


def test_a_day_begins_at_midnight_utc():
    late = datetime(2026, 3, 1, 20, tzinfo=timezone(timedelta(hours=-5)))

    assert budget_day(late) == date(2026, 3, 2)


def test_what_is_set_aside_becomes_what_was_spent():
    make_floor()
    agent = proposer()

    reserved = reserve(agent_id=agent.id, name="Technical", dollars=Decimal(1), at=wall())
    before = spending(agent)
    assert isinstance(reserved, Reservation)
    settle(reservation=reserved, dollars=CENT)

    after = spending(agent)
    assert (before.reserved, before.spent) == (1, 0)
    assert (after.reserved, after.spent) == (0, CENT)
    assert used_today(agent_ids=[agent.id], at=wall()) == {agent.id: CENT}


def test_the_last_dollars_can_be_had_and_no_more():
    make_floor()
    agent = proposer()
    four = reserve(agent_id=agent.id, name="Technical", dollars=Decimal(4), at=wall())

    last = reserve(agent_id=agent.id, name="Technical", dollars=Decimal(1), at=wall())
    more = reserve(agent_id=agent.id, name="Technical", dollars=CENT, at=wall())

    assert isinstance(four, Reservation)
    assert isinstance(last, Reservation)
    assert more == OverBudget("Technical", budget=Decimal(5), used=Decimal(5), wanted=CENT)
    assert more.sentence == (
        "Technical is over its budget: 5 of 5 dollars are used today (UTC) and this question may"
        " cost 0.01. Raise its daily budget, or wait for midnight UTC."
    )


def test_a_new_day_has_a_new_budget():
    make_floor()
    agent, five = proposer(), Decimal(5)
    today = datetime(2026, 3, 1, 23, tzinfo=UTC)

    reserve(agent_id=agent.id, name="Technical", dollars=five, at=today)
    tomorrow = reserve(
        agent_id=agent.id, name="Technical", dollars=five, at=today + timedelta(hours=1)
    )

    assert tomorrow == Reservation(agent.id, date(2026, 3, 2), five)


def test_a_budget_is_a_version_of_its_agent_and_never_negative():
    make_floor()

    set_budget("7.50")

    assert Agent.objects.get(id=proposer().id).version == 2
    assert proposer().versions.get(version=2).configuration["daily_budget"] == "7.5"
    with pytest.raises(ValidationError):
        set_budget(-1)


def test_an_answer_is_stored_with_its_cost_and_the_model_that_gave_it():
    floor = make_floor()

    thought(floor.wake(), paid("0.0123"))

    call = ProviderCall.objects.get(round=0)
    assert (call.dollars, call.dollars_known) == (Decimal("0.0123"), True)
    assert call.answered_by == "claude-test"
    row = spending(proposer())
    assert (row.reserved, row.spent) == (0, Decimal("0.0123"))


def test_an_agent_over_its_budget_is_not_asked_and_abstains_with_that_sentence():
    floor = make_floor()
    set_budget("0.04")
    provider = paid("0.01")

    execution = thought(floor.wake(), provider)

    assert execution.state == "ABSTAINED"
    assert execution.problem.startswith("NO_REPLY: Technical is over its budget: 0 of 0.04")
    assert provider.asked == []
    assert set(ProviderCall.objects.values_list("dollars", "dollars_known")) == {(0, True)}
    assert not Order.objects.exists()


def test_a_voter_over_its_budget_abstains_and_the_others_decide():
    floor = make_floor()
    Agent.objects.filter(role="sentiment").update(daily_budget=0)

    thought(floor.wake(), paid("0.01"))

    vote = Message.objects.get(sender_name="Sentiment")
    assert vote.content.startswith("Abstain. Sentiment is over its budget: 0 of 0 dollars")
    assert Order.objects.exists()


def test_what_costs_nothing_sets_nothing_aside():
    floor = make_floor()
    set_budget(0)

    execution = thought(floor.wake(), scripted())

    assert execution.state == "DECIDED"
    assert not Spending.objects.exists()


def test_a_failure_before_the_service_was_asked_costs_nothing():
    floor = make_floor()
    provider = scripted([ProviderFailed("Refused."), BUY])
    provider.most = CENT

    thought(floor.wake(), provider)

    assert ProviderCall.objects.get(round=0).dollars == 0
    assert (spending(proposer()).reserved, spending(proposer()).spent) == (0, 0)


def test_a_cost_that_nobody_knows_is_stored_as_the_most_it_can_be_and_said_to_be_so():
    floor = make_floor()
    provider = scripted([ProviderFailed("Cut.", cost_unknown=True), BUY])
    provider.most = CENT

    thought(floor.wake(), provider)

    call = ProviderCall.objects.get(round=0)
    assert (call.dollars, call.dollars_known) == (CENT, False)
    assert (spending(proposer()).reserved, spending(proposer()).spent) == (0, CENT)


def test_a_question_that_was_given_up_costs_the_most_it_can():
    floor = make_floor()
    update_team(team_id=floor.team.id, changes={"vote_timeout_seconds": 0}, actor="ada", at=wall())
    provider = paid("0.01", most="0.02", sentiment=_never)

    thought(floor.wake(), provider)

    call = ProviderCall.objects.get(agent__role="sentiment")
    assert (call.dollars, call.dollars_known) == (Decimal("0.02"), False)


async def _never():
    await asyncio.Event().wait()


def test_an_answer_with_a_problem_is_stored_paid_and_asked_for_again():
    floor = make_floor()

    async def cut_off():
        return Reply('{"decision": "bu', dollars=CENT, problem="It was cut off.")

    provider = scripted([cut_off, BUY])
    provider.most = CENT

    thought(floor.wake(), provider)

    call = ProviderCall.objects.get(round=0)
    assert (call.reply, call.problem, call.dollars) == (
        '{"decision": "bu',
        "It was cut off.",
        CENT,
    )
    assert "It was cut off." in provider.asked[1].repair
    assert Order.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_that_ask_at_once_only_as_many_get_dollars_as_there_are():
    make_floor()
    agent = proposer()

    found = race(
        12, lambda _: reserve(agent_id=agent.id, name="T", dollars=Decimal("0.5"), at=wall())
    )

    kinds = [type(each) for each in found]
    assert (kinds.count(Reservation), kinds.count(OverBudget)) == (10, 2)
    assert spending(agent).reserved == 5


def test_voters_are_paid_from_their_own_budgets():
    floor = make_floor()

    async def approve():
        return Reply(json.dumps(APPROVE), dollars=CENT)

    provider = paid("0.02", risk=approve, execution=approve)
    thought(floor.wake(), provider)

    spent = {row.agent.role: row.spent for row in Spending.objects.select_related("agent")}
    assert spent == {
        "technical": Decimal("0.02"),
        "risk": CENT,
        "execution": CENT,
        "fundamental": 0,
        "sentiment": 0,
    }
