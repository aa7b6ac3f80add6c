"""One long-lived client of the Messages API. Importing the SDK costs more than a second."""

import asyncio
from decimal import Decimal
from typing import Any

import anthropic

from agents.domain.asking import ProviderRequest, Reply
from agents.providers.anthropic.failures import Setback, setback_of, unreadable
from agents.providers.anthropic.replies import reply_of
from agents.providers.anthropic.requests import body_of

CONNECT_SECONDS = 5.0
PAUSES_SECONDS = (0.5, 2.0)
"""Before the second and the third try; Retry-After makes them longer."""
LONGEST_PAUSE_SECONDS = 10.0

Message = anthropic.types.Message


class Sender:
    """Sends the requests of all questions of a process over one pool of connections."""

    def __init__(self, *, api_key: str, base_url: str) -> None:
        # No redirects: the key would go with them. No deadline: the caller cancels.
        timeout = anthropic.Timeout(None, connect=CONNECT_SECONDS)
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=timeout,
            open_telemetry=False,
            http_client=anthropic.DefaultAioHttpClient(timeout=timeout, follow_redirects=False),
        )
        self._host = self._client.base_url.host

    async def ask(self, request: ProviderRequest, *, model: str, most: Decimal) -> Reply:
        """The reply of `model`, which costs `most` dollars at most. Raises ProviderFailed.

        Repeated only after setbacks that certainly cost nothing.
        """
        message = await self._message(body_of(request, model=model))
        return reply_of(message, request=request, asked=model, most=most)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()

    async def _message(self, body: dict[str, Any]) -> Message:
        for pause in PAUSES_SECONDS:
            found = await self._try(body)
            if isinstance(found, Message):
                return found
            wait = max(found.wait_seconds, pause)
            if not found.repeatable or wait > LONGEST_PAUSE_SECONDS:
                raise found.failure
            await asyncio.sleep(wait)
        found = await self._try(body)
        if isinstance(found, Setback):
            raise found.failure
        return found

    async def _try(self, body: dict[str, Any]) -> Message | Setback:
        try:
            message = await self._client.messages.create(**body)
        except (anthropic.AnthropicError, ValueError) as error:  # ValueError: no JSON came back
            return setback_of(error, model=body["model"], host=self._host)
        return message if _is_whole(message) else Setback(unreadable(self._host))


def _is_whole(message: object) -> bool:
    """Whether it holds what is read of it: the SDK does not look at what it was sent."""
    usage = getattr(message, "usage", None)
    counts = [getattr(usage, name, None) for name in ("input_tokens", "output_tokens")]
    return (
        isinstance(message, Message)
        and isinstance(getattr(message, "content", None), list)
        and isinstance(getattr(message, "model", None), str)
        and all(isinstance(count, int) for count in counts)
    )
