"""A server that speaks the Messages API, and a provider that asks it."""

import pytest

from agents.providers.anthropic import messages
from tests.agents.claude import opened
from tests.agents.messages_api import messages_api


@pytest.fixture
def api():
    with messages_api() as running:
        yield running


@pytest.fixture
def claude(api):
    with opened(api.base_url) as provider:
        yield provider


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(messages, "PAUSES_SECONDS", (0.0, 0.0))
