from decimal import Decimal

import pytest

from agents.domain.answers import parse_answer
from agents.domain.ballots import parse_ballot
from agents.domain.contexts import render
from agents.domain.prompts import Speaker, decide_request, read_proposal, vote_request
from agents.domain.roles import CHARACTERS
from agents.domain.rules import decide, vote
from agents.domain.states import Purpose, Role
from agents.providers.rules import RulesProvider
from tests.agents.builders import context, holding, known, proposed, symbol_view

SPEAKER = Speaker(Role.TECHNICAL, "", "You are it.", "Buy dips.", Decimal("0.7"), 500)


def test_the_question_what_to_do_carries_prompts_context_and_the_form_of_an_answer():
    request = decide_request(speaker=SPEAKER, context="{}")

    assert (request.purpose, request.role) == (Purpose.DECIDE, Role.TECHNICAL)
    assert request.system == "You are it."
    assert request.prompt.startswith("Buy dips.\n\nDecide now.")
    assert (request.context, request.proposal, request.repair) == ("{}", "", "")


def test_a_repair_says_what_was_wrong_and_is_another_request():
    first = decide_request(speaker=SPEAKER, context="{}")
    repair = decide_request(speaker=SPEAKER, context="{}", repair='"symbol" is missing.')

    assert '"symbol" is missing.' in repair.repair
    assert repair.hash() != first.hash()
    assert first.hash() == decide_request(speaker=SPEAKER, context="{}").hash()


def test_a_voter_is_shown_the_order_that_its_vote_binds():
    request = vote_request(speaker=SPEAKER, context="{}", proposal=proposed())

    assert request.purpose is Purpose.VOTE
    assert read_proposal(request.proposal) == proposed()
    assert read_proposal(request.proposal).hash() == proposed().hash()


def test_the_built_in_team_has_every_role_once_one_proposer_and_one_veto():
    assert [each.role for each in CHARACTERS] == list(Role)
    assert [each.role for each in CHARACTERS if each.proposes] == [Role.TECHNICAL]
    assert [each.role for each in CHARACTERS if each.vetoes] == [Role.RISK]
    assert len({each.colour for each in CHARACTERS} | {each.icon for each in CHARACTERS}) == 10


@pytest.mark.parametrize("rsi", [28, 45, 75])
async def test_the_rules_answer_through_the_same_parser_as_a_model(rsi):
    view = symbol_view(indicators=known(rsi=Decimal(rsi)))
    known_so_far = context(view, holdings=(holding(strategy="dip"),))
    question = decide_request(speaker=SPEAKER, context=render(known_so_far))

    reply = await RulesProvider().answer(question)

    answer = parse_answer(reply.text, allowed_symbols=frozenset({"AAPL"}))
    assert answer == decide(role=Role.TECHNICAL, context=known_so_far)


async def test_the_rules_vote_through_the_same_parser_as_a_model():
    wild = context(symbol_view(indicators=known(volatility_pct=Decimal(70))))
    speaker = Speaker(Role.RISK, "", "", "", Decimal(0), 1)
    question = vote_request(speaker=speaker, context=render(wild), proposal=proposed())

    reply = await RulesProvider().answer(question)

    ballot = parse_ballot(reply.text)
    assert ballot == vote(role=Role.RISK, context=wild, proposal=proposed())
    assert ballot.veto == "VOLATILITY_TOO_HIGH"
