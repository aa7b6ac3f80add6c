"""What the provider makes of a service that refuses, hangs, or sends something else."""

import logging

import pytest

from agents.loop.background import submit
from tests.agents.claude import answered, failure_of, opened, question
from tests.agents.messages_api import (
    PATIENCE_SECONDS,
    Cuts,
    Fails,
    Hangs,
    Says,
    Sends,
    messages_api,
)

pytest_plugins = ("tests.agents.fixtures",)


@pytest.mark.parametrize(
    ("fails", "permanent", "outage", "words"),
    [
        (Fails(400, message="Bad."), True, False, "could not use the request (400). It said: Bad"),
        (Fails(400, message="Your credit balance is too low."), True, True, "no credit left"),
        (Fails(401), True, True, "set a valid ANTHROPIC_API_KEY"),
        (Fails(402), True, True, "no credit left"),
        (Fails(403), True, False, "may not use claude-sonnet-5-5"),
        (Fails(404), True, False, "correct the agent's model"),
        (Fails(413), True, False, "could not use the request (413)"),
        (Fails(429), False, True, "rate limit is reached"),
        (Fails(500), False, True, "failed with 500"),
        (Fails(504), False, True, "failed with 504"),
        (Fails(529), False, True, "is overloaded"),
    ],
)
def test_a_refusal_says_what_to_do_and_whether_asking_again_helps(
    api, claude, no_pauses, fails, permanent, outage, words
):
    api.answers = [fails]

    failure = failure_of(claude)

    assert words in failure.message
    assert (failure.permanent, failure.outage) == (permanent, outage)
    assert failure.cost_unknown == (fails.status == 504)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_certainly_cost_nothing_is_asked_again(api, claude, no_pauses, status):
    api.answers = [Fails(status), Fails(status), Says("{}")]

    assert answered(claude).text == "{}"
    assert len(api.bodies) == 3


def test_after_three_tries_it_gives_up(api, claude, no_pauses):
    api.answers = [Fails(529)]

    failure_of(claude)

    assert len(api.bodies) == 3


@pytest.mark.parametrize("answer", [Fails(400), Fails(401), Fails(504), Cuts()])
def test_what_may_have_cost_something_or_cannot_help_is_not_asked_again(
    api, claude, no_pauses, answer
):
    api.answers = [answer]

    failure_of(claude)

    assert len(api.bodies) == 1


def test_the_service_is_waited_for_as_long_as_it_asks(api, claude, monkeypatch):
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    monkeypatch.setattr("agents.providers.anthropic.messages.asyncio.sleep", wait)
    api.answers = [Fails(429, headers={"retry-after": "7"}), Fails(529), Says("{}")]

    answered(claude)

    assert waited == [7.0, 2.0]


def test_who_asks_to_wait_for_long_is_not_waited_for(api, claude):
    api.answers = [Fails(429, headers={"retry-after": "60"})]

    assert "rate limit" in failure_of(claude).message
    assert len(api.bodies) == 1


def test_a_date_to_wait_for_is_no_reason_to_wait_longer(api, claude, no_pauses):
    api.answers = [Fails(429, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), Says("x")]

    assert answered(claude).text == "x"


def test_a_cut_connection_may_have_cost_something(api, claude):
    api.answers = [Cuts()]

    failure = failure_of(claude)

    assert (failure.cost_unknown, failure.outage, failure.permanent) == (True, True, False)
    assert "127.0.0.1 was cut before an answer came" in failure.message


def test_nobody_there_is_said_costs_nothing_and_is_tried_again(no_pauses):
    with messages_api() as gone:
        pass

    with opened(gone.base_url) as provider:
        failure = failure_of(provider)

    assert "127.0.0.1 cannot be reached; check the network" in failure.message
    assert (failure.cost_unknown, failure.outage) == (False, True)


@pytest.mark.parametrize(
    "sends",
    [
        Sends("<html>Sign in</html>", "text/html"),
        Sends("{", "application/json"),
        Sends("[]"),
        Sends('{"type": "message", "content": [], "model": "x"}'),
        Sends('{"type": "message", "usage": {"input_tokens": 1, "output_tokens": 1}}'),
    ],
)
def test_an_answer_that_is_no_message_is_said_and_may_have_cost_something(api, claude, sends):
    api.answers = [sends]

    failure = failure_of(claude)

    assert "check ANTHROPIC_BASE_URL" in failure.message
    assert failure.cost_unknown


def test_a_redirect_is_not_followed_and_gets_no_key(api, claude):
    with messages_api() as elsewhere:
        api.answers = [Fails(307, headers={"location": f"{elsewhere.base_url}/v1/messages"})]

        failure_of(claude)

    assert elsewhere.headers == []


def test_a_question_that_is_given_up_leaves_no_request_behind(api, claude):
    api.answers = [Hangs()]
    asked = submit(claude.answer(question()))
    assert api.asked.wait(PATIENCE_SECONDS)
    assert not api.hung_up.is_set()

    asked.cancel()

    assert api.hung_up.wait(PATIENCE_SECONDS)


def test_a_wrong_key_is_refused_and_the_key_is_written_nowhere(api, caplog):
    secret = "sk-ant-a-secret-that-nobody-may-see"
    caplog.set_level(logging.DEBUG)

    with opened(api.base_url, key=secret) as provider:
        failure = failure_of(provider)

    assert api.headers[0]["Authorization"] == f"Bearer {secret}"
    assert "set a valid ANTHROPIC_API_KEY" in failure.message
    assert secret not in caplog.text
    assert secret not in repr(vars(failure)) + repr(question())
    assert failure.__cause__ is failure.__context__ is None
