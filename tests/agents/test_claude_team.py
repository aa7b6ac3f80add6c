"""Five Claude agents think, vote and order, through the real SDK and the real provider table."""

import json
from decimal import Decimal

import pytest

from agents import worlds
from agents.domain.states import Outcome
from agents.loop.asking import Runtime
from agents.loop.background import submit
from agents.loop.thinking import think
from agents.models import Agent, Execution, Message, ProviderCall, Spending
from agents.services.switching import use_provider
from tests.agents.floor import APPROVE, BUY, REJECT, make_floor
from tests.agents.messages_api import (
    KEY,
    MODEL,
    PATIENCE_SECONDS,
    Fails,
    Hangs,
    Says,
    messages_api,
)
from tests.factories import wall
from trading.models import Order
from tradingfarm.kernel.clock import SystemClock

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]


@pytest.fixture
def api(settings):
    worlds._built.cache_clear()
    with messages_api() as running:
        settings.ANTHROPIC_API_KEY = KEY
        settings.ANTHROPIC_BASE_URL = running.base_url
        settings.ANTHROPIC_MODEL = MODEL
        yield running
        behind_the_breaker = vars(worlds.provider_named("anthropic"))["_provider"]
        submit(behind_the_breaker.close()).result(PATIENCE_SECONDS)
    worlds._built.cache_clear()


@pytest.fixture
def floor():
    floor = make_floor()
    use_provider(team_id=floor.team.id, provider="anthropic", model=MODEL, actor="ada", at=wall())
    return floor


def is_vote(body):
    return "choice" in body["output_config"]["format"]["schema"]["properties"]


def of(body, role):
    return f"the {role}" in body["system"][0]["text"]


def by_purpose(answer, ballot=APPROVE):
    return lambda body: Says(ballot if is_vote(body) else answer)


def after_thinking(floor):
    execution = floor.wake()
    runtime = Runtime(
        clock=SystemClock(), provider_named=worlds.provider_named, owner="host:1:claude"
    )
    think(execution_id=execution.id, runtime=runtime)
    return Execution.objects.select_related("decision").get(id=execution.id)


def test_five_claude_agents_reach_an_order_and_every_call_says_who_answered_and_what_it_cost(
    api, floor
):
    api.choose = by_purpose(BUY)

    execution = after_thinking(floor)

    order = Order.objects.get()
    assert execution.decision.outcome == Outcome.APPROVED
    assert (order.side, order.quantity, order.stop_loss) == ("buy", 20, 95)
    calls = ProviderCall.objects.all()
    assert {(call.provider, call.model, call.answered_by) for call in calls} == {
        ("anthropic", MODEL, MODEL)
    }
    # 1,000 tokens at 2 dollars a million and 100 at 10.
    assert [call.dollars for call in calls] == [Decimal("0.003")] * 5
    assert {(call.input_tokens, call.output_tokens) for call in calls} == {(1_000, 100)}
    assert {(row.spent, row.reserved) for row in Spending.objects.all()} == {(Decimal("0.003"), 0)}
    assert len(api.bodies) == 5


def test_the_key_is_in_no_row(api, floor):
    api.choose = by_purpose(BUY)

    after_thinking(floor)

    assert api.headers[0]["Authorization"] == f"Bearer {KEY}"
    rows = [*ProviderCall.objects.values_list("request", "reply", "problem")]
    assert KEY not in str(rows)


def test_a_useless_answer_is_repaired_once_by_the_same_model(api, floor):
    wrong = iter([BUY | {"symbol": "GOLD"}])

    def choose(body):
        return Says(APPROVE) if is_vote(body) else Says(next(wrong, BUY))

    api.choose = choose

    execution = after_thinking(floor)

    again = api.bodies[1]["messages"][0]["content"][-1]["text"]
    assert execution.decision.outcome == Outcome.APPROVED
    assert "'GOLD' is not one of AAPL" in again
    assert list(ProviderCall.objects.order_by("id").values_list("round", flat=True)[:2]) == [0, 2]


def test_a_veto_of_claude_is_a_veto(api, floor):
    def choose(body):
        if not is_vote(body):
            return Says(BUY)
        return Says(REJECT | {"veto": "NO_STOP"} if of(body, "risk manager") else APPROVE)

    api.choose = choose

    assert after_thinking(floor).decision.outcome == Outcome.VETOED
    assert not Order.objects.exists()


def test_a_refused_key_abstains_with_what_to_do(api, floor):
    api.answers = [Fails(401)]

    execution = after_thinking(floor)

    assert execution.state == "ABSTAINED"
    assert "set a valid ANTHROPIC_API_KEY and restart the farm" in execution.problem


def test_a_voter_that_hangs_is_given_up_and_its_request_with_it(api, floor):
    floor.team.vote_timeout_seconds = 1
    floor.team.save()

    def choose(body):
        if not is_vote(body):
            return Says(BUY)
        return Hangs() if of(body, "sentiment") else Says(APPROVE)

    api.choose = choose

    execution = after_thinking(floor)

    assert api.hung_up.wait(PATIENCE_SECONDS)
    assert execution.decision.outcome == Outcome.APPROVED
    silent = ProviderCall.objects.get(agent__role="sentiment")
    assert (silent.problem, silent.dollars_known) == (
        "Sentiment gave no answer within 1 seconds.",
        False,
    )
    assert silent.dollars > Decimal("0.003")
    assert Message.objects.get(sender_name="Sentiment").content.startswith("Abstain.")


def test_without_a_key_an_agent_says_what_to_set(settings):
    worlds._built.cache_clear()
    settings.ANTHROPIC_API_KEY = ""
    floor = make_floor()
    use_provider(team_id=floor.team.id, provider="anthropic", model="", actor="ada", at=wall())

    execution = after_thinking(floor)

    assert "Anthropic needs a key: set ANTHROPIC_API_KEY" in execution.problem


def test_what_a_model_was_told_is_stored_as_it_was(api, floor):
    api.choose = by_purpose(BUY)

    execution = after_thinking(floor)

    call = ProviderCall.objects.get(round=0)
    assert json.loads(call.request)["context"] == execution.context.text
    assert Agent.objects.filter(provider="anthropic", version=2).count() == 5
