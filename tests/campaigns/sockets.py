"""Sockets that are cut again and again: `make campaign NAME=sockets ARGS="--short"`.

Two hundred readers, half of them pages and half of them streams of events, listen while agents
talk. Each is cut off twenty times, at moments of its own, without a goodbye, and comes back with
the last place that it had; Valkey is killed three times and stays away for a while. At the end
every reader must have been told everything, in order.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random

import django
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.campaigns.arena import (
    CampaignFailed,
    Findings,
    Ground,
    arguments,
    conclude,
    ground,
    say,
    tail,
)
from tests.campaigns.judge import Breach, percentile
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.children import web_command
from tradingfarm.processes.ports import HOST, answers_healthy
from tradingfarm.processes.waiting import wait_until

PORT = 8973
READERS = 200
VALKEY_AWAY_SECONDS = 4.0
SETTLE_SECONDS = 30.0
MARK = re.compile(r'id="live-mark"[^>]*data-since="(\d+)" data-seq="(\d+)"')
MESSAGE = re.compile(r'id="message-([0-9a-f-]{36})"')


@dataclass
class Listener:
    """One reader: where it stands, what it was told, and what was wrong with that."""

    address: str
    is_page: bool
    seq: int = 0
    cuts: int = 0
    refused: int = 0
    messages: set[str] = field(default_factory=set)
    disorder: list[str] = field(default_factory=list)

    def hear(self, text: str) -> None:
        since, seq = self._places(text)
        if since > self.seq:
            self.disorder.append(f"after {self.seq} came {since + 1}: {since - self.seq} missed")
        if seq < self.seq and not self.is_page:
            self.disorder.append(f"after {self.seq} came {seq} again")
        self.seq = max(self.seq, seq)

    def _places(self, text: str) -> tuple[int, int]:
        if self.is_page:
            self.messages.update(MESSAGE.findall(text))
            found = MARK.search(text)
            if found is None:
                raise CampaignFailed("A page was sent parts without a mark.")
            return int(found[1]), int(found[2])
        event = json.loads(text)
        if event["kind"] == "agent.message":
            self.messages.add(json.loads(event["entry"])["payload"]["message"])
        return event["seq"] - 1, event["seq"]


class Crowd:
    """All readers on one loop, until they are told to end."""

    def __init__(
        self, *, listeners: list[Listener], cookie: str, cuts: int, chance: Random
    ) -> None:
        self.listeners = listeners
        self.cuts = cuts
        self._headers = {"Cookie": cookie, "Origin": f"http://{HOST}:{PORT}"}
        self._chance = chance
        self._ended = False

    async def listen(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            for listener in self.listeners:
                group.create_task(self._live(listener, seconds))

    async def _live(self, listener: Listener, seconds: float) -> None:
        began = time.monotonic()
        moments = sorted(self._chance.uniform(0.5, seconds) for _ in range(self.cuts))
        while not self._ended:
            until = began + moments[listener.cuts] if listener.cuts < self.cuts else None
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                async with self._opened(listener) as socket:
                    await self._read(listener, socket, until)
            if until is not None and time.monotonic() >= until:
                listener.cuts += 1

    @contextlib.asynccontextmanager
    async def _opened(self, listener: Listener) -> AsyncIterator[ClientConnection]:
        socket = await connect(
            f"{listener.address}&since={listener.seq}",
            additional_headers=self._headers,
            compression=None,
            open_timeout=20,
        )
        try:
            yield socket
        finally:
            socket.transport.abort()  # no goodbye: the line is cut

    async def _read(
        self, listener: Listener, socket: ClientConnection, until: float | None
    ) -> None:
        while not self._ended:
            left = 1.0 if until is None else min(until - time.monotonic(), 1.0)
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    listener.hear(str(await socket.recv()))
            except TimeoutError:
                continue
            except ConnectionClosed:
                listener.refused += 1
                return

    def end(self) -> None:
        self._ended = True


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    os.environ["SOCKETS_PER_SESSION"] = "1000"  # all of them are one person's
    with ground() as place:
        os.environ.update(place.environment)
        django.setup()
        with place.process("web", *web_command(PORT)):
            if not wait_until(lambda: answers_healthy(port=PORT), seconds=60):
                raise CampaignFailed("The web process does not answer.")
            _talk(options, place, findings)
        if findings.breaches:
            for line in tail(place.home.path / "logs" / "web.log", lines=60):
                say(line)


def _talk(options: argparse.Namespace, place: Ground, findings: Findings) -> None:
    from tests.campaigns.talking import Talk  # noqa: PLC0415 - after the settings

    talk, chance = Talk(), stream(options.seed, "sockets")
    listeners = [
        Listener(f"ws://{HOST}:{PORT}{talk.page_socket}", True)
        if number % 2
        else Listener(f"ws://{HOST}:{PORT}{talk.events_socket}", False)
        for number in range(options.readers)
    ]
    crowd = Crowd(listeners=listeners, cookie=talk.cookie, cuts=options.cuts, chance=chance)
    thread = threading.Thread(target=lambda: asyncio.run(crowd.listen(options.seconds)))
    thread.start()
    said = _speak(talk, place, options, chance)
    _settle(listeners, talk.stream, said, options)
    crowd.end()
    thread.join(timeout=60)
    _judge(findings, listeners, said, _head(talk.stream), options)


def _speak(talk, place: Ground, options: argparse.Namespace, chance: Random) -> set[str]:
    """Messages for the whole time, and Valkey killed at three moments of it."""
    began, said = time.monotonic(), set()
    kills = [options.seconds * part for part in (0.2, 0.5, 0.8)]
    valkey, away_until = place.server("valkey"), None
    while (passed := time.monotonic() - began) < options.seconds:
        if kills and passed >= kills[0]:
            kills.pop(0)
            say(f"{passed:.0f} s: Valkey is killed; {len(said)} messages so far")
            valkey.kill()
            away_until = passed + VALKEY_AWAY_SECONDS
        if away_until is not None and passed >= away_until:
            away_until = None
            valkey.note_death()
            valkey.restart()
        said.add(str(talk.speak()))
        time.sleep(chance.uniform(0, 2 * options.pause))
    if away_until is not None:
        valkey.note_death()
        valkey.restart()
    return said


def _settle(
    listeners: list[Listener], name: str, said: set[str], options: argparse.Namespace
) -> None:
    head = _head(name)
    wait_until(
        lambda: all(
            listener.seq >= head and listener.cuts >= options.cuts for listener in listeners
        ),
        seconds=SETTLE_SECONDS,
        pause=0.2,
    )


def _head(name: str) -> int:
    from tradingfarm.kernel.journal import heads_of  # noqa: PLC0415 - after the settings

    return heads_of([name]).get(name, 0)


def _judge(
    findings: Findings,
    listeners: list[Listener],
    said: set[str],
    head: int,
    options: argparse.Namespace,
) -> None:
    missed = [len(said - listener.messages) for listener in listeners]
    behind = [listener for listener in listeners if listener.seq != head]
    disorder = [text for listener in listeners for text in listener.disorder]
    findings.figures |= {
        "readers": len(listeners),
        "messages": len(said),
        "events": head,
        "cuts": sum(listener.cuts for listener in listeners),
        "closed_by_server": sum(listener.refused for listener in listeners),
        "valkey_kills": 3,
        "missed": sum(missed),
        "out_of_order": len(disorder),
        "behind": len(behind),
        "cuts_p50": percentile([listener.cuts for listener in listeners], 0.5),
    }
    findings.breaches += [Breach("out-of-order", text) for text in disorder]
    findings.breaches += [
        Breach("missed", f"{listener.address} was not told {count} messages")
        for listener, count in zip(listeners, missed, strict=True)
        if count
    ]
    findings.breaches += [
        Breach("behind", f"{listener.address} ended at {listener.seq} of {head}")
        for listener in behind
    ]
    uncut = [listener for listener in listeners if listener.cuts < options.cuts]
    findings.breaches += [
        Breach("failed", f"a reader was cut {listener.cuts} times only") for listener in uncut
    ]


def main() -> int:
    parser = arguments("sockets", __doc__ or "")
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--cuts", type=int, default=20, help="How often each reader is cut off.")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--pause", type=float, default=0.05, help="Seconds between messages.")
    options = parser.parse_args()
    options.seconds = options.seconds or (150.0 if options.short else 600.0)
    return conclude("sockets", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
