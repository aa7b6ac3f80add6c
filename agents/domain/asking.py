"""A question to a provider and its reply, and the protocol that providers implement."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from agents.domain.states import Purpose, Role
from tradingfarm.kernel.canonical import digest
from tradingfarm.kernel.errors import FarmError


class ProviderFailed(FarmError):
    """A provider gave no reply. `permanent` when asking again cannot help, as without credit.

    `outage` says that other requests would fare alike, as with a refused key. `cost_unknown` says
    that the service was asked and may send a bill, though it did not say for what.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        outage: bool = False,
        cost_unknown: bool = False,
    ) -> None:
        super().__init__(message, permanent=permanent)
        self.outage = outage
        self.cost_unknown = cost_unknown


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
    max_tokens: int = 8_000

    def hash(self) -> str:
        """Names this exact request: equal requests of any execution have equal hashes."""
        return digest(self)


@dataclass(frozen=True)
class Reply:
    """What came back.

    `model` is the id of the model that answered. `input_tokens` counts all that was read, with
    what came from a cache and what was put into one; `output_tokens` all that was written, with
    thinking. `dollars` is what the call cost, zero where nothing is paid; an upper bound where
    `dollars_known` is false. `problem` says why `text` is no answer, as when it was cut off.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: Decimal = Decimal(0)
    model: str = ""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    dollars_known: bool = True
    problem: str = ""


class Provider(Protocol):
    """What answers for an agent: a language model service, the built-in rules, or a recording."""

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        """The most that one call may cost: what is set aside before it. 0 where nothing is paid.

        Called from any thread, without a network. Raises ProviderFailed when it cannot be said;
        then the question is not asked.
        """

    async def answer(self, request: ProviderRequest) -> Reply:
        """The reply to one request.

        Empty text is a reply that says nothing; the parser names it. Raises ProviderFailed when
        there is no reply. Sets no deadline of its own: the caller cancels it, and then it must
        leave no request behind. Runs on a loop that many calls share, so it never blocks. Equal
        requests may give different replies unless the provider says otherwise.
        """
