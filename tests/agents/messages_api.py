"""A server on this machine that speaks Anthropic's Messages API, as strictly as the real one.

It refuses what the service refuses (a wrong key, an unknown model, a temperature where there is
none, a forced tool, a form with ranges), so that a request which passes here is well formed.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "sk-ant-test-only"
MODEL = "claude-sonnet-5-5"
OLD_MODELS = frozenset({"claude-sonnet-4-6", "claude-haiku-4-5"})
MODELS = OLD_MODELS | {MODEL, "claude-haiku-5-5"}
NO_EFFORT = frozenset({"claude-haiku-4-5"})
RANGES = frozenset({"minimum", "maximum", "maxLength", "pattern", "multipleOf"})
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Says:
    """A message with this text, or this object as JSON."""

    content: Any
    stop_reason: str = "end_turn"
    model: str = MODEL
    input_tokens: int = 1_000
    output_tokens: int = 100
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True)
class Fails:
    """An error as the service words it."""

    status: int
    type: str = "api_error"
    message: str = "Nothing doing."
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sends:
    """A body that no Messages API sends."""

    body: str
    content_type: str = "application/json"


class Hangs:
    """No answer at all, until whoever asked hangs up."""


class Cuts:
    """The connection is closed in place of an answer."""


Answer = Says | Fails | Sends | Hangs | Cuts


@dataclass
class MessagesApi:
    """The running server. `answers` are used up one by one, the last one for ever."""

    answers: list[Answer] = field(default_factory=lambda: [Says("{}")])
    choose: Callable[[dict[str, Any]], Answer] | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)
    asked: threading.Event = field(default_factory=threading.Event)
    hung_up: threading.Event = field(default_factory=threading.Event)
    base_url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        body = await request.json()
        if refusal := _refusal(request, body):
            return _error(refusal)
        self.bodies.append(body)
        self.asked.set()
        return await self._answer(self._next(body), request)

    def _next(self, body: dict[str, Any]) -> Answer:
        if self.choose is not None:
            return self.choose(body)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def _answer(self, answer: Answer, request: web.Request) -> web.StreamResponse:
        match answer:
            case Says():
                return web.json_response(_message(answer), headers={"request-id": "req_1"})
            case Fails():
                return _error(answer)
            case Sends():
                return web.Response(text=answer.body, content_type=answer.content_type)
            case Hangs():
                await self._hang()
            case Cuts():
                assert request.transport
                request.transport.abort()
        return web.Response()

    async def _hang(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.hung_up.set()


@contextmanager
def messages_api() -> Iterator[MessagesApi]:
    """The server on a free port, in a thread of its own."""
    api, loop = MessagesApi(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="messages-api", daemon=True)
    thread.start()

    def wait_for(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE_SECONDS)

    runner = wait_for(_start(api))
    try:
        yield api
    finally:
        wait_for(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_SECONDS)
        loop.close()


async def _start(api: MessagesApi) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/v1/messages", api.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    api.base_url = f"http://{host}:{port}"
    return runner


def _message(says: Says) -> dict[str, Any]:
    text = says.content if isinstance(says.content, str) else json.dumps(says.content)
    thought = {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": says.model,
        "content": [thought, {"type": "text", "text": text}],
        "stop_reason": says.stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": says.input_tokens,
            "output_tokens": says.output_tokens,
            "cache_read_input_tokens": says.cache_read,
            "cache_creation_input_tokens": says.cache_write,
        },
    }


def _error(fails: Fails) -> web.Response:
    error = {"type": fails.type, "message": fails.message}
    body = {"type": "error", "error": error, "request_id": "req_1"}
    return web.json_response(body, status=fails.status, headers=fails.headers)


def _refusal(request: web.Request, body: dict[str, Any]) -> Fails | None:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return Fails(401, "authentication_error", "invalid api key")
    if body.get("model") not in MODELS:
        return Fails(404, "not_found_error", f"model: {body.get('model')}")
    problem = _problem(request, body)
    return Fails(400, "invalid_request_error", problem) if problem else None


def _problem(request: web.Request, body: dict[str, Any]) -> str:
    model = body["model"]
    config = body.get("output_config", {})
    if request.headers.get("anthropic-version") != "2026-10-21":
        return "anthropic-version: header is required"
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        return "max_tokens: Input should be greater than or equal to 1"
    if "temperature" in body and model not in OLD_MODELS:
        return "`temperature` is deprecated for this model."
    if body.get("tool_choice", {}).get("type") in ("tool", "any"):
        return "Thinking may not be enabled when tool_choice forces tool use."
    if "effort" in config and model in NO_EFFORT:
        return "output_config.effort: This model does not support effort."
    if body["messages"][0]["role"] != "user":
        return "messages: first message must use the user role"
    blocks = [*body.get("system", ()), *(b for m in body["messages"] for b in m["content"])]
    if not all(block["type"] == "text" and block["text"].strip() for block in blocks):
        return "messages: text content blocks must be non-empty"
    return _form_problem(config.get("format", {}).get("schema"))


def _form_problem(schema: Any) -> str:
    if not isinstance(schema, dict):
        return ""
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        return "output_config.format.schema: additionalProperties must be false"
    if RANGES & set(schema):
        return f"output_config.format.schema: {RANGES & set(schema)} is not supported"
    below = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    return next((problem for each in below if (problem := _form_problem(each))), "")
