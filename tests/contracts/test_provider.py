"""What the farm relies on in every provider. The same tests run against each of them."""

from concurrent.futures import wait
from decimal import Decimal

import pytest

from agents.domain.answers import Answer, parse_answer
from agents.domain.asking import ProviderFailed
from agents.domain.ballots import Ballot, parse_ballot
from agents.domain.contexts import render
from agents.domain.prompts import Speaker, decide_request, vote_request
from agents.domain.states import Role
from agents.loop.background import submit
from tests.agents.builders import context, proposed
from tests.agents.messages_api import PATIENCE_SECONDS
from tests.contracts.minds import MINDS, MINDS_OF_SERVICES


@pytest.fixture(params=MINDS, ids=lambda mind: mind.__name__)
def mind(request):
    found = request.param()
    yield found
    found.close()


def speaker(mind, role=Role.TECHNICAL):
    return Speaker(role, mind.model, "You are it.", "Buy dips.", Decimal("0.7"), 500)


def decide(mind):
    return decide_request(speaker=speaker(mind), context=render(context()))


def answered(mind, request):
    return submit(mind.provider.answer(request)).result(PATIENCE_SECONDS)


def test_a_question_what_to_do_gets_text_that_the_parser_reads(mind):
    reply = answered(mind, decide(mind))

    assert isinstance(parse_answer(reply.text, allowed_symbols={"AAPL"}), Answer)
    assert reply.problem == ""


def test_a_question_about_a_proposal_gets_text_that_the_parser_reads(mind):
    request = vote_request(
        speaker=speaker(mind, Role.RISK), context=render(context()), proposal=proposed()
    )

    assert isinstance(parse_ballot(answered(mind, request).text), Ballot)


def test_it_costs_no_more_than_it_said_before_and_says_who_answered_if_it_is_paid(mind):
    reply, most = answered(mind, decide(mind)), mind.provider.most_dollars(decide(mind))

    assert 0 <= reply.dollars <= most
    assert reply.dollars_known
    assert bool(reply.model) == bool(reply.dollars) == bool(most)


def test_many_questions_at_once_are_all_answered(mind):
    futures = [submit(mind.provider.answer(decide(mind))) for _ in range(20)]

    done, late = wait(futures, timeout=PATIENCE_SECONDS)

    assert not late
    assert len({future.result().text for future in done}) == 1


@pytest.mark.parametrize("mind", MINDS_OF_SERVICES, indirect=True)
def test_what_cannot_answer_fails_with_a_sentence_and_answers_again_later(mind):
    with mind.is_down(), pytest.raises(ProviderFailed) as raised:
        answered(mind, decide(mind))

    assert raised.value.message.endswith(".")
    assert answered(mind, decide(mind)).text
