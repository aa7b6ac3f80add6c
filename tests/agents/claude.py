"""A Claude provider on the shared loop that asks a server on this machine."""

from contextlib import contextmanager
from decimal import Decimal

import pytest

from agents.domain.asking import ProviderFailed
from agents.domain.prompts import Speaker, decide_request
from agents.domain.states import Role
from agents.loop.background import submit
from agents.providers.anthropic.provider import AnthropicProvider
from tests.agents.messages_api import KEY, MODEL, PATIENCE_SECONDS

CONTEXT = '{"as_of":"2005-03-01","note":"5 < 6"}'


@contextmanager
def opened(base_url, *, key=KEY):
    """A provider on the shared loop, closed at the end."""
    provider = AnthropicProvider(api_key=key, base_url=base_url, default_model=MODEL)
    try:
        yield provider
    finally:
        submit(provider.close()).result(PATIENCE_SECONDS)


def speaker(*, model="", max_tokens=500):
    return Speaker(Role.RISK, model, "You are it.", "Be careful.", Decimal("0.7"), max_tokens)


def question(*, repair="", **changes):
    return decide_request(speaker=speaker(**changes), context=CONTEXT, repair=repair)


def answered(provider, request=None):
    return submit(provider.answer(request or question())).result(PATIENCE_SECONDS)


def failure_of(provider, request=None):
    with pytest.raises(ProviderFailed) as raised:
        answered(provider, request)
    return raised.value
