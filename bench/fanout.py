"""From the commit of a message to a page in Chromium, alone and among many other sockets.

    make bench NAME=fanout            500 messages each beside 0, 100 and 500 further sockets
    make bench NAME=fanout ARGS="--messages 50 --sockets 0,100"

Both ways run on the same PostgreSQL and Valkey, one after the other, with the same messages: the
farm's (committed, found by the hub, rendered once from the rows, sent to all) and what Channels'
guide shows (the finished text given to `group_send`, every socket its own member of the group).
Prints one JSON line. What counts is the ratio in one run, not how fast this machine is.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import django

from tests.campaigns.arena import ROOT, Ground, ground, say
from tests.campaigns.judge import percentile
from tradingfarm.processes.children import web_command
from tradingfarm.processes.ports import answers_healthy
from tradingfarm.processes.waiting import wait_until

CHROMIUM = Path("/usr/bin/chromium")
PAUSE_SECONDS = 0.075
PORTS = {"farm": 8971, "stock": 8972}
SEEN = """() => {
  window.seen = {};
  new MutationObserver((changes) => {
    const now = performance.timeOrigin + performance.now();
    for (const change of changes)
      for (const node of change.addedNodes)
        if (node.nodeType === 1) {
          if (node.id.startsWith("message-")) window.seen[node.id] ??= now;
          for (const inner of node.querySelectorAll("[id^='message-']")) {
            window.seen[inner.id] ??= now;
          }
        }
  }).observe(document.getElementById("talk-rows"), { childList: true, subtree: true });
}"""
Speak = Callable[[int], tuple[str, float]]
"""Say one message; its id in the page and the moment, Unix seconds, when it was committed."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.fanout")
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--sockets", default="0,100,500")
    options = parser.parse_args()
    crowds = [int(number) for number in options.sockets.split(",")]
    os.environ["SOCKETS_PER_SESSION"] = "1000"  # all of them are one person's
    with ground() as place:
        os.environ.update(place.environment)
        django.setup()
        line = {
            "bench": "fanout",
            "messages": options.messages,
            "farm": _measure_farm(place, crowds, options.messages),
            "stock": _measure_stock(place, crowds, options.messages),
        }
    line["p95_ratio"] = {
        name: round(line["stock"][name]["p95"] / line["farm"][name]["p95"], 2)
        for name in line["farm"]
    }
    print(json.dumps(line))


def _measure_farm(place: Ground, crowds: list[int], messages: int) -> dict[str, Any]:
    from bench.speakers import FarmSpeaker  # noqa: PLC0415 - after the settings

    speaker = FarmSpeaker()
    port = PORTS["farm"]
    found: dict[str, Any] = {}
    with _server(place, "farm", web_command(port)):
        for crowd in crowds:
            url = f"ws://127.0.0.1:{port}{speaker.socket}"
            with _crowd(url, speaker.cookie, crowd):
                found[str(crowd)] = _page(
                    f"http://127.0.0.1:{port}/", speaker.cookie, _linked, speaker.speak, messages
                )
            say(f"farm, {crowd} further sockets: {found[str(crowd)]}")
    return found


def _measure_stock(place: Ground, crowds: list[int], messages: int) -> dict[str, Any]:
    from bench.speakers import StockSpeaker  # noqa: PLC0415 - after the settings

    port = PORTS["stock"]
    command = ("-m", "uvicorn", "bench.stock:application", "--port", str(port))
    quiet = ("--log-level", "warning", "--no-access-log", "--lifespan", "off")
    found: dict[str, Any] = {}
    with _server(place, "stock", (*command, *quiet, "--ws-per-message-deflate", "false")):
        for crowd in crowds:
            with _crowd(f"ws://127.0.0.1:{port}/ws", "", crowd), StockSpeaker() as speaker:
                found[str(crowd)] = _page(
                    f"http://127.0.0.1:{port}/", "", _titled, speaker.speak, messages
                )
            say(f"stock, {crowd} further sockets: {found[str(crowd)]}")
    return found


def _linked(page: Any) -> None:  # noqa: ANN401 - Playwright's page
    page.wait_for_selector("#link-state[data-state='live']", state="attached")


def _titled(page: Any) -> None:  # noqa: ANN401 - Playwright's page
    page.wait_for_function("document.title === 'open'")


def _page(
    url: str, cookie: str, ready: Callable[[Any], None], speak: Speak, messages: int
) -> Mapping[str, Any]:
    """Milliseconds from the commit to the element in the page of one browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - its loop needs a thread

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        page.goto(url)
        ready(page)
        page.evaluate(SEEN)
        spoken = {}
        for number in range(messages):
            key, at = speak(number)
            spoken[key] = at
            time.sleep(PAUSE_SECONDS)
        time.sleep(1)
        seen = page.evaluate("window.seen")
        browser.close()
    return figures(spoken, seen)


def figures(spoken: Mapping[str, float], seen: Mapping[str, float]) -> Mapping[str, Any]:
    waits = sorted(seen[key] - at * 1000 for key, at in spoken.items() if key in seen)
    if not waits:
        raise SystemExit("No message reached the page.")
    return {
        "p50": round(percentile(waits, 0.5), 1),
        "p95": round(percentile(waits, 0.95), 1),
        "max": round(waits[-1], 1),
        "missed": len(spoken) - len(waits),
    }


@contextlib.contextmanager
def _server(place: Ground, name: str, command: tuple[str, ...]) -> Iterator[None]:
    with place.process(name, *command):
        if name == "farm":
            up = wait_until(lambda: answers_healthy(port=PORTS[name]), seconds=60)
        else:
            up = wait_until(lambda: _connects(PORTS[name]), seconds=60)
        if not up:
            raise SystemExit(f"The server {name} does not answer.")
        yield


def _connects(port: int) -> bool:
    async def reach() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    try:
        asyncio.run(reach())
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _crowd(url: str, cookie: str, number: int) -> Iterator[None]:
    if not number:
        yield
        return
    with subprocess.Popen(
        [sys.executable, "-m", "bench.crowd", url, cookie, str(number)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        if not process.stdout or process.stdout.readline().strip() != b"open":
            raise SystemExit("The further sockets cannot be opened.")
        yield
        still_open, _ = process.communicate()  # closes its input, which ends it
        if int(still_open) != number:
            raise SystemExit(f"Of {number} further sockets only {int(still_open)} stayed open.")


if __name__ == "__main__":
    main()
