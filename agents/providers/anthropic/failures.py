"""What went wrong with a request to the Messages API, said so that a person knows what to do."""

from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import anthropic
import httpx2

from agents.domain.asking import ProviderFailed
from agents.domain.texts import clean

LONGEST_WORDS = 140
OVERLOADED = 529
CREDIT = "credit balance"
# A request that failed so cost nothing.
WORTH_REPEATING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        OVERLOADED,
    }
)
NEVER_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    httpx2.UnsupportedProtocol,
)


@dataclass(frozen=True)
class Setback:
    """A request without an answer. `wait_seconds` is how long the service asks to wait.

    `repeatable` when it certainly cost nothing and may go better in a moment.
    """

    failure: ProviderFailed
    repeatable: bool = False
    wait_seconds: float = 0.0


def setback_of(error: anthropic.AnthropicError | ValueError, *, model: str, host: str) -> Setback:
    """What an exception of the SDK means. `host` is where the request went."""
    if isinstance(error, anthropic.APIStatusError):
        return _refused(error, model)
    if isinstance(error, anthropic.APIConnectionError):
        return _disconnected(error, host)
    return Setback(unreadable(host))


def unreadable(host: str) -> ProviderFailed:
    """The address answered, but not as the Messages API does."""
    return ProviderFailed(
        f"{host} answered something that is no message of the Messages API; check"
        " ANTHROPIC_BASE_URL.",
        outage=True,
        cost_unknown=True,
    )


def _refused(error: anthropic.APIStatusError, model: str) -> Setback:
    status, words = error.status_code, clean(error.api_message or "", longest=LONGEST_WORDS)
    said = f" It said: {words}" if words else ""
    if status == HTTPStatus.PAYMENT_REQUIRED or CREDIT in words.lower():
        advice = "There is no credit left at Anthropic; add some in its console under Billing."
        return Setback(ProviderFailed(advice + said, permanent=True, outage=True))
    match status:
        case HTTPStatus.UNAUTHORIZED:
            advice = (
                "Anthropic refuses the key; set a valid ANTHROPIC_API_KEY and restart the farm."
            )
            return Setback(ProviderFailed(advice, permanent=True, outage=True))
        case HTTPStatus.FORBIDDEN:
            advice = f"The key may not use {model}; allow it in Anthropic's console.{said}"
        case HTTPStatus.NOT_FOUND:
            advice = (
                f"Anthropic knows no model {model!r}; correct the agent's model, or"
                f" ANTHROPIC_BASE_URL.{said}"
            )
        case HTTPStatus.TOO_MANY_REQUESTS:
            advice = f"Anthropic's rate limit is reached; ask less often or raise it.{said}"
        case _ if status == OVERLOADED:
            advice = "Anthropic is overloaded; the next execution may find it free again."
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            advice = f"Anthropic failed with {status}; see status.claude.com.{said}"
        case _:
            advice = f"Anthropic could not use the request ({status}).{said}"
    return _weighed(status, advice, error)


def _weighed(status: int, advice: str, error: anthropic.APIStatusError) -> Setback:
    lasting = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    repeatable = status in WORTH_REPEATING
    failure = ProviderFailed(
        advice,
        permanent=lasting and not repeatable,
        outage=repeatable or not lasting,
        cost_unknown=status == HTTPStatus.GATEWAY_TIMEOUT,
    )
    return Setback(failure, repeatable, _wait_seconds(error.response.headers))


def _wait_seconds(headers: httpx2.Headers) -> float:
    """The Retry-After header in seconds; 0 when it is absent or a date."""
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return 0.0


def _disconnected(error: anthropic.APIConnectionError, host: str) -> Setback:
    if _was_sent(error):
        advice = f"The connection to {host} was cut before an answer came; its cost is not known."
        return Setback(ProviderFailed(advice, outage=True, cost_unknown=True))
    advice = f"{host} cannot be reached; check the network and ANTHROPIC_BASE_URL."
    return Setback(ProviderFailed(advice, outage=True), repeatable=True)


def _was_sent(error: BaseException) -> bool:
    """Whether the service may have seen the request."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NEVER_CONNECTED):
            return False
        cause = cause.__cause__
    return True
