import html
import json
import re

import pytest
from django.urls import reverse

from agents.domain.answers import Answer, parse_answer
from agents.domain.asking import Reply
from agents.domain.prompts import decide_request, vote_request
from agents.models import (
    Agent,
    AgentVersion,
    Execution,
    Proposal,
    ProviderCall,
    Team,
    TradingSession,
    Vote,
)
from agents.services.ballots import cast, open_vote
from agents.services.briefings import brief
from agents.services.calls import Outcome, Question, Round, store_calls
from agents.services.proposing import propose
from tests.agents.builders import sure
from tests.agents.floor import BUY, claimed, make_floor, scripted, thought
from tests.factories import wall

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_connection")]

EDITABLE = ("agent", "team")
RECORDS = (
    "agentversion",
    "context",
    "decision",
    "execution",
    "message",
    "proposal",
    "providercall",
    "spending",
    "tradingsession",
    "vote",
)


def address(model, page="changelist", *args):
    return reverse(f"admin:agents_{model}_{page}", args=args)


@pytest.mark.parametrize("model", [*EDITABLE, *RECORDS])
def test_every_list_opens_and_can_be_searched_and_nothing_can_be_added(admin_client, model):
    floor = make_floor()
    thought(floor.wake(), scripted())

    assert admin_client.get(address(model), {"q": "a"}).status_code == 200
    assert admin_client.get(address(model)).status_code == 200
    assert admin_client.get(address(model, "add")).status_code == 403


def form_of(admin_client, model, pk):
    """What the change form of a row would send unchanged."""
    page = admin_client.get(address(model, "change", pk))
    form = page.context["adminform"].form
    sent = {name: form.initial.get(name) for name in form.fields}
    for formset in page.context["inline_admin_formsets"]:
        sent |= {
            f"{formset.formset.prefix}-{key}": value
            for key, value in formset.formset.management_form.initial.items()
        }
    return {name: value for name, value in sent.items() if value is not None}


def test_changing_an_agent_makes_a_version_by_the_person(admin_client):
    make_floor()
    agent = Agent.objects.get(name="Risk")
    form = form_of(admin_client, "agent", agent.pk) | {"strategy_prompt": "Be careful."}

    admin_client.post(address("agent", "change", agent.pk), form)

    version = AgentVersion.objects.get(agent=agent, version=2)
    assert version.configuration["strategy_prompt"] == "Be careful."
    assert version.changed_by == "person:admin"


def test_changing_a_team_goes_through_the_service(admin_client):
    floor = make_floor()
    form = form_of(admin_client, "team", floor.team.pk) | {"quorum": 4}

    admin_client.post(address("team", "change", floor.team.pk), form)

    assert Team.objects.get().quorum == 4


def test_a_session_can_be_stopped(admin_client):
    floor = make_floor()
    form = {"action": "stop", "_selected_action": [floor.session.pk]}

    admin_client.post(address("tradingsession"), form)

    assert TradingSession.objects.get().state == "STOPPED"


def test_ballots_of_an_open_vote_are_shown_nowhere(admin_client):
    floor = make_floor()
    lease = claimed(floor.wake())
    briefing = brief(lease=lease)
    proposer, voter = briefing.panel.seats[0], briefing.panel.seats[1]
    _store(lease, Question(proposer, Round.DECIDE, _decide(briefing, proposer)), BUY)
    answer = parse_answer(json.dumps(BUY), allowed_symbols=briefing.symbols)
    assert isinstance(answer, Answer)
    propose(lease=lease, briefing=briefing, proposer=proposer, answer=answer, at=wall())
    vote = sure(open_vote(execution_id=lease.execution_id))
    request = vote_request(speaker=voter.speaker, context=briefing.text, proposal=vote.order)
    secret = Outcome(Reply('{"choice": "reject", "reason": "A secret."}'), "", 0)
    question = Question(voter, Round.VOTE, request)
    cast(lease=lease, vote=vote, answered=[(question, secret)], at=wall())

    ballot, call = Vote.objects.get(), ProviderCall.objects.get(purpose="vote")

    assert admin_client.get(address("vote")).context["cl"].result_count == 0
    assert admin_client.get(address("vote", "change", ballot.pk)).status_code == 302
    assert admin_client.get(address("providercall")).context["cl"].result_count == 1
    assert admin_client.get(address("providercall", "change", call.pk)).status_code == 302


def _decide(briefing, proposer):
    return decide_request(speaker=proposer.speaker, context=briefing.text)


def _store(lease, question, answer):
    outcome = Outcome(Reply(json.dumps(answer)), "", 0)
    store_calls(execution_id=lease.execution_id, answered=[(question, outcome)], at=wall())


def test_an_execution_leads_to_what_was_asked_said_voted_and_decided(admin_client):
    floor = make_floor()
    thought(floor.wake(), scripted())
    execution = Execution.objects.get()
    page = admin_client.get(address("execution", "change", execution.pk)).content.decode()

    addresses = [html.unescape(each) for each in re.findall(r'href="(/admin/[^"]+\?[^"]+)"', page)]
    counts = {
        each.split("?")[0]: admin_client.get(each).context["cl"].result_count for each in addresses
    }

    assert counts[address("providercall")] == ProviderCall.objects.count() > 0
    assert counts[address("vote")] == Vote.objects.count() > 0
    assert counts[address("message")] > 0
    assert counts[address("proposal")] == counts[address("decision")] == 1


def test_ballots_of_an_open_vote_are_in_no_file(admin_client):
    floor = make_floor()
    thought(floor.wake(), scripted())
    Proposal.objects.update(closed_at=None)

    def lines(model):
        answer = admin_client.post(reverse(f"admin:agents_{model}_export", args=["jsonl"]))
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    assert Vote.objects.exists()
    assert lines("vote") == []
    assert {line["purpose"] for line in lines("providercall")} == {"decide"}
