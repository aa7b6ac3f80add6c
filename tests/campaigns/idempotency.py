"""One thing, asked for again and again at once: make campaign NAME=idempotency

A thousand equal keys, and every message delivered fifty times at the same moment. However often,
there may be one order, one decision, and one order at the exchange, whose tables are the judge.
"""

import argparse
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg

from tests.campaigns.arena import (
    CampaignFailed,
    Findings,
    Ground,
    arguments,
    conclude,
    ground,
    program,
    say,
)
from tests.campaigns.farms import free_port
from tests.campaigns.idempotency_scenes import EFFECTS, Effect, Scene, scenes
from tests.campaigns.judge import Breach, judge
from tests.campaigns.rows import Tables
from tests.campaigns.tables import connect, deadlocks, orders_at_work, read_tables
from tradingfarm.processes.children import web_command
from tradingfarm.processes.ports import answers_healthy
from tradingfarm.processes.waiting import wait_until

PROGRAM = (
    "import django; django.setup(); from tests.campaigns.idempotency_clients import main; main()"
)
LOCK_NOT_HAD = {"55P03", "57014"}
"""Nothing was stored, and asking again is safe."""
SETTLE_SECONDS = 30.0
POOL = "12"
PLANTED = ("", "keys", "no-claim")


def main() -> int:
    options = arguments("idempotency", __doc__ or "")
    options.add_argument("--rounds", type=int, help="How often each scene is played.")
    options.add_argument("--scene", default="", help="One scene alone.")
    options.add_argument(
        "--planted", choices=PLANTED, default="", help="Break the callers; it must then fail."
    )
    chosen = options.parse_args()
    return conclude("idempotency", chosen, lambda findings: attack(chosen, findings))


def attack(options: argparse.Namespace, findings: Findings) -> None:
    """Play every scene on servers of its own and judge its account."""
    rounds = options.rounds or (1 if options.short else 3)
    played = [
        scene
        for scene in scenes(short=options.short, rounds=rounds)
        if options.scene in ("", scene.name)
    ]
    figures: dict[str, Counter[str]] = {}
    with (
        ground() as base,
        base.process("sender", "manage.py", "sender"),
        web(base) as port,
        program(base, PROGRAM, f"--port={port}", f"--planted={options.planted}") as callers,
        connect(base.database) as connection,
    ):
        for scene in played:
            told = _tell(callers, scene)
            tables = _settled(connection, UUID(told["account"]))
            breaches = judged(scene, told, tables)
            findings.breaches += breaches
            figures.setdefault(scene.name, Counter()).update(_figures(told, tables))
            say(f"{scene.name}: {dict(_figures(told, tables))}, {len(breaches)} breaches")
        broken = deadlocks(connection)
    if broken:
        findings.breaches.append(Breach("deadlock", f"PostgreSQL had to break {broken}."))
    findings.figures |= {"planted": options.planted, "rounds": rounds, "deadlocks": broken}
    findings.figures["scenes"] = {name: dict(found) for name, found in figures.items()}


def judged(scene: Scene, told: Mapping[str, Any], tables: Tables) -> list[Breach]:
    """What one scene did more than once, or not at all."""
    effect, name = EFFECTS[scene.name], f"{scene.name} {scene.number}"
    return [
        *judge(tables),
        *_repeated(name, effect, told, tables),
        *_answered(name, scene, effect, told),
    ]


def _repeated(
    name: str, effect: Effect, told: Mapping[str, Any], tables: Tables
) -> Iterator[Breach]:
    posts = len(tables.paper_orders)
    if posts != effect.posts:
        why = f" (denied: {', '.join(told['denials'])})" if told["denials"] else ""
        text = f"{name}: {posts} orders at the exchange, not {effect.posts}{why}"
        yield Breach("repeated", text)
    for what, count in effect.counts.items():
        if told["counts"][what] != count:
            yield Breach("repeated", f"{name}: {told['counts'][what]} {what}, not {count}")


def _answered(
    name: str, scene: Scene, effect: Effect, told: Mapping[str, Any]
) -> Iterator[Breach]:
    answers = told["answers"]
    if sum(answers.values()) != scene.times or "never answered" in answers:
        yield Breach("unanswered", f"{name}: {answers} of {scene.times} calls")
    if effect.is_one and len(answers) != 1:
        yield Breach("contradicted", f"{name}: callers were told {len(answers)} things: {answers}")
    for error, count in told["errors"].items():
        if error not in LOCK_NOT_HAD:
            yield Breach("constraint", f"{name}: {error} had to refuse {count} times")


def _figures(told: Mapping[str, Any], tables: Tables) -> Counter[str]:
    return Counter(
        calls=sum(told["answers"].values()),
        posts=len(tables.paper_orders),
        orders=told["counts"]["orders"],
        decisions=told["counts"]["decisions"],
        waited=sum(told["errors"].values()),
    )


def _settled(connection: psycopg.Connection, account: UUID) -> Tables:
    """The account once nothing is at work any more; what still is, the judge finds."""
    wait_until(lambda: orders_at_work(connection) == 0, seconds=SETTLE_SECONDS, pause=0.1)
    return read_tables(connection, account)


def _tell(callers: Any, scene: Scene) -> dict[str, Any]:
    """One scene to the callers, and what they saw. Raises CampaignFailed."""
    callers.stdin.write(f"{json.dumps(scene.told())}\n")
    callers.stdin.flush()
    line = callers.stdout.readline()
    if not line:
        raise CampaignFailed(f"The callers ended with {callers.wait()}; see above.")
    return dict(json.loads(line))


@contextlib.contextmanager
def web(base: Ground) -> Iterator[int]:
    """The pages, on a port of their own."""
    port = free_port()
    pooled = replace(base, environment={**base.environment, "DATABASE_POOL_SIZE": POOL})
    with pooled.process("web", *web_command(port)):
        if not wait_until(lambda: answers_healthy(port=port), seconds=60, pause=0.1):
            raise CampaignFailed("The web process does not answer.")
        yield port


if __name__ == "__main__":
    sys.exit(main())
