"""A question to a provider and its reply, and the protocol that providers implement."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from agents.domain.states import Purpose, Role
from tradingfarm.kernel.canonical import digest
from tradingfarm.kernel.errors import FarmError


class ProviderFailed(FarmError):
    """A provider gave no reply. `permanent` when asking again cannot help, as without credit."""


@dataclass(frozen=True)
class ProviderRequest:
    """Everything that a provider is told, and all of it is stored.

    `system` is who the agent is; `prompt` holds the strategy in plain English and the question;
    `context` is the stored text of the execution's context, `proposal` the text of the order to
    vote on (empty when deciding). `repair` says what was wrong with the reply before, if any.
    """

    purpose: Purpose
    role: Role
    model: str
    system: str
    prompt: str
    context: str
    proposal: str = ""
    repair: str = ""
    temperature: Decimal = Decimal(0)
    max_tokens: int = 2_000

    def hash(self) -> str:
        """Names this exact request: equal requests of any execution have equal hashes."""
        return digest(self)


@dataclass(frozen=True)
class Reply:
    """What came back. `dollars` is what the call cost; zero where nothing is paid."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: Decimal = Decimal(0)


class Provider(Protocol):
    """What answers for an agent: a language model service, the built-in rules, or a recording."""

    async def answer(self, request: ProviderRequest) -> Reply:
        """The reply to one request.

        Empty text is a reply that says nothing; the parser names it. Raises ProviderFailed when
        there is no reply. Sets no deadline of its own: the caller cancels it, and then it must
        leave no request behind. Runs on a loop that many calls share, so it never blocks. Equal
        requests may give different replies unless the provider says otherwise.
        """
