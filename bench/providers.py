"""Many executions that wait on models: our shape, and a client for each call.

    python -m bench.providers

prints one JSON line. A server in another process speaks the Messages API and answers after a
while. Both ask it the same number of questions from as many threads, as a Celery worker does: ours
through AnthropicProvider on the shared loop; the other with a new client of the SDK in every call,
which is what one writes first. What counts is the ratio of the two in one run, in questions a
second and in processor time for each, not how fast this machine is.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import anthropic
from aiohttp import web

from agents.domain.asking import ProviderRequest
from agents.domain.states import Purpose, Role
from agents.loop.background import submit
from agents.providers.anthropic.provider import AnthropicProvider
from agents.providers.anthropic.requests import body_of

KEY, MODEL = "sk-ant-bench", "claude-sonnet-5-5"
ANSWER_AFTER_SECONDS = 1.0
QUESTIONS = 300
THREADS = 100
REPLY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": '{"choice": "approve", "reason": "Fine."}'}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 5_000, "output_tokens": 50},
}
QUESTION = ProviderRequest(
    purpose=Purpose.VOTE,
    role=Role.RISK,
    model=MODEL,
    system="You are the risk manager.",
    prompt="Vote on the proposal.",
    context=json.dumps({"prices": ["12.34"] * 2_000}),
    proposal='{"symbol":"AAPL"}',
    max_tokens=1_000,
)


def serve(pipe: Connection) -> None:
    """Answer every request after a while; says the address first."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(ANSWER_AFTER_SECONDS)
        return web.json_response(REPLY)

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/v1/messages", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send("http://{}:{}".format(*runner.addresses[0][:2]))
        await asyncio.Event().wait()

    asyncio.run(run())


def ask_shared(provider: AnthropicProvider) -> str:
    return submit(provider.answer(QUESTION)).result().text


def ask_alone(base_url: str) -> str:
    body: dict[str, Any] = body_of(QUESTION, model=MODEL)
    with anthropic.Anthropic(api_key=KEY, base_url=base_url, max_retries=0) as client:
        message: Any = client.messages.create(**body)
        return str(message.content[0].text)


def measure(ask: Callable[[], str]) -> dict[str, float]:
    """Questions a second, milliseconds over the server's own, processor time for a question."""

    def timed(_: int) -> float:
        began = time.perf_counter()
        if json.loads(ask())["choice"] != "approve":
            raise SystemExit("An answer is not the one that was sent.")
        return time.perf_counter() - began

    ask()  # imports and connections of the first question are no part of it
    began, processor = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        took = sorted(pool.map(timed, range(QUESTIONS)))
    seconds = time.perf_counter() - began
    over = [(each - ANSWER_AFTER_SECONDS) * 1_000 for each in took]
    return {
        "per_s": round(QUESTIONS / seconds, 1),
        "over_p50_ms": round(over[len(over) // 2], 1),
        "over_p95_ms": round(over[len(over) * 95 // 100], 1),
        "cpu_ms": round((time.process_time() - processor) / QUESTIONS * 1_000, 2),
    }


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    server.start()
    try:
        base_url = ours.recv()
        provider = AnthropicProvider(api_key=KEY, base_url=base_url, default_model=MODEL)
        shared = measure(partial(ask_shared, provider))
        submit(provider.close()).result()
        alone = measure(partial(ask_alone, base_url))
    finally:
        server.terminate()
        server.join()
    cost = Decimal(str(alone["cpu_ms"])) / Decimal(str(shared["cpu_ms"]))
    print(
        json.dumps(
            {
                "bench": "providers",
                "questions": QUESTIONS,
                "threads": THREADS,
                "ideal_per_s": THREADS / ANSWER_AFTER_SECONDS,
                "shared": shared,
                "client_for_each": alone,
                "ratio_per_s": round(shared["per_s"] / alone["per_s"], 2),
                "ratio_cpu": float(round(cost, 2)),
            }
        )
    )


if __name__ == "__main__":
    main()
