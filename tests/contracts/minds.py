"""What the contract suite needs of each provider: the provider, and a hand on what it says.

A new provider joins the suite by a class with the same methods, named in MINDS.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

from agents.domain.asking import Provider
from agents.loop.background import submit
from agents.providers.anthropic.provider import AnthropicProvider
from agents.providers.rules import RulesProvider
from tests.agents.floor import APPROVE, HOLD
from tests.agents.messages_api import KEY, MODEL, PATIENCE_SECONDS, Fails, Says, messages_api


class Mind(Protocol):
    """One provider that answers: a hold when deciding, some ballot when voting."""

    provider: Provider
    model: str

    def close(self) -> None:
        """Leave nothing behind."""


class RulesMind:
    model = ""

    def __init__(self) -> None:
        self.provider = RulesProvider()

    def close(self) -> None:
        """It holds nothing."""


class ClaudeMind:
    model = MODEL

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.api = self._stack.enter_context(messages_api())
        self.api.choose = _sensible
        self.provider = AnthropicProvider(
            api_key=KEY, base_url=self.api.base_url, default_model=MODEL
        )

    def close(self) -> None:
        submit(self.provider.close()).result(PATIENCE_SECONDS)
        self._stack.close()

    @contextmanager
    def is_down(self) -> Iterator[None]:
        """It cannot answer inside."""
        self.api.choose = lambda body: Fails(401, "authentication_error")
        yield
        self.api.choose = _sensible


def _sensible(body):
    form = body["output_config"]["format"]["schema"]["properties"]
    return Says(APPROVE if "choice" in form else HOLD)


MINDS = (RulesMind, ClaudeMind)
MINDS_OF_SERVICES = (ClaudeMind,)
"""Those that can be down; they have `is_down`."""
