"""Claude as a provider."""

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from agents.domain.asking import ProviderRequest, Reply
from agents.providers.anthropic.requests import body_of
from agents.providers.prices import Tokens, dollars

if TYPE_CHECKING:
    from agents.providers.anthropic.messages import Sender

# What the service itself adds to a request, such as how to keep to a form.
UNSEEN_TOKENS = 1_000


class AnthropicProvider:
    """Asks Anthropic, or whoever speaks its Messages API at `base_url`.

    `default_model` answers for agents that name none. The client is made once, at the first
    question, on the loop that asks it; all questions of the process must be asked there.
    """

    def __init__(self, *, api_key: str, base_url: str, default_model: str) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._default_model = default_model
        self._opening = asyncio.Lock()
        self._sender: Sender | None = None

    def most_dollars(self, request: ProviderRequest) -> Decimal:
        """Every byte counted as a token put into a cache, and as long an answer as allowed."""
        model = self._model(request)
        sent = json.dumps(body_of(request, model=model), ensure_ascii=False)
        read = len(sent.encode(errors="replace")) + UNSEEN_TOKENS
        tokens = Tokens(read=read, written=request.max_tokens, to_cache=read)
        return dollars(service="anthropic", model=model, tokens=tokens)

    async def answer(self, request: ProviderRequest) -> Reply:
        most, model = self.most_dollars(request), self._model(request)
        sender = await self._opened()
        return await sender.ask(request, model=model, most=most)

    async def close(self) -> None:
        """Let go of all connections, on the loop that asked."""
        if self._sender is not None:
            await self._sender.close()

    def _model(self, request: ProviderRequest) -> str:
        return request.model or self._default_model

    async def _opened(self) -> "Sender":
        async with self._opening:
            if self._sender is None:
                # In a thread: other questions wait on this loop while the SDK is imported.
                self._sender = await asyncio.to_thread(self._open)
        return self._sender

    def _open(self) -> "Sender":
        from agents.providers.anthropic.messages import Sender  # imports the SDK

        return Sender(api_key=self._api_key, base_url=self._base_url)
