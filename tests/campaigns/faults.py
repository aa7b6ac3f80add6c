"""The real sender against an exchange that fails on purpose: make campaign NAME=faults

Every kind of fault meets market, limit and stop orders, entries and exits, for many seeds. The
judge is the exchange's own log.
"""

import argparse
import contextlib
import json
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

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
from tests.campaigns.faults_outcomes import Outcome, outcome_from, summed
from tests.campaigns.faults_plans import ORDERS, Plan, plans
from tests.campaigns.judge import Breach
from tradingfarm.kernel.vault import new_key

SEEDS, SHORT_SEEDS = 20, 1
LEAST_FAULTS = 24
CHUNK = 12
PLANTED = ("", "resend", "fee", "forget", "leak")
PROGRAM = "import django; django.setup(); from tests.campaigns.faults_teller import main; main()"
LIVE = {
    "LOG_LEVEL": "ERROR",
    "EXCHANGE_KEYS": f"campaign:{new_key()}",
    "ENABLE_AGENT_TRADING": "true",
    "AGENT_TRADING_MODE": "live",
}


def main() -> int:
    options = arguments("faults", __doc__ or "")
    options.add_argument("--seeds", type=int, help="Stories of each fault and order kind.")
    options.add_argument("--only", default="", help="One fault alone.")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options.add_argument(
        "--planted", choices=PLANTED, default="", help="Break the sender; it must then fail."
    )
    chosen = options.parse_args()
    return conclude("faults", chosen, lambda findings: attack(chosen, findings))


def attack(options: argparse.Namespace, findings: Findings) -> None:
    """Tell every story; whatever the exchange's log has otherwise is a breach."""
    seeds = options.seeds or (SHORT_SEEDS if options.short else SEEDS)
    stories = [
        each for each in plans(seed=options.seed, seeds=seeds) if options.only in ("", each.fault)
    ]
    total = Outcome()
    with ground() as base, databases(base.database, options.processes) as addresses:
        for outcome in _work(base, addresses, stories, options):
            total = summed(total, outcome)
            say(f"{total.stories} of {len(stories)} stories, {len(total.breaches)} breaches")
    findings.breaches += total.breaches
    findings.figures |= _figures(total, stories, options)
    findings.breaches += _untried(total, stories)


def _work(
    base: Ground,
    addresses: list[str],
    stories: list[Plan],
    options: argparse.Namespace,
) -> Iterator[Outcome]:
    """The outcomes as they come, from a program for each database."""
    chunks: Queue[list[Plan]] = Queue()
    for first in range(0, len(stories), CHUNK):
        chunks.put(stories[first : first + CHUNK])
    count, outcomes = chunks.qsize(), Queue[Outcome | CampaignFailed]()
    with contextlib.ExitStack() as stack:
        for number, address in enumerate(addresses):
            own = replace(base, environment={**base.environment, "DATABASE_URL": address, **LIVE})
            told = (f"--seed={options.seed + number}", f"--planted={options.planted}")
            arguments = (stack.enter_context(program(own, PROGRAM, *told)), chunks, outcomes)
            threading.Thread(target=_drive, args=arguments, daemon=True).start()
        for _ in range(count):
            outcome = outcomes.get()
            if isinstance(outcome, CampaignFailed):
                raise outcome
            yield outcome


def _drive(teller: Any, chunks: "Queue[list[Plan]]", outcomes: "Queue[Any]") -> None:
    """Hand one program chunk after chunk until none is left, or until it falls."""
    while not chunks.empty():
        with contextlib.suppress(Empty):
            chunk = chunks.get_nowait()
            named = [(plan.fault, plan.order, plan.seed) for plan in chunk]
            try:
                teller.stdin.write(f"{json.dumps(named)}\n")
                teller.stdin.flush()
                outcomes.put(outcome_from(json.loads(teller.stdout.readline())))
            except (OSError, ValueError) as error:
                outcomes.put(CampaignFailed(f"A program of stories fell: {error!r}"))
                return


@contextlib.contextmanager
def databases(address: str, count: int) -> Iterator[list[str]]:
    """A copy of the migrated database for each process: its sender owns every account there."""
    source = urlsplit(address).path.removeprefix("/")
    names = [f"{source}_{os.getpid()}_{number}" for number in range(count)]
    # Not from the database that is copied: nobody may be connected to that one.
    elsewhere = urlsplit(address)._replace(path="/template1").geturl()
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        for name in names:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(source)
                )
            )
    try:
        yield [urlsplit(address)._replace(path=f"/{name}").geturl() for name in names]
    finally:
        with psycopg.connect(elsewhere, autocommit=True) as connection:
            for name in names:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(name)))


def _untried(total: Outcome, stories: list[Plan]) -> list[Breach]:
    """Faults that met no order of a kind have shown nothing of it."""
    meant = {f"{plan.fault}/{plan.order}" for plan in stories}
    return [
        Breach("untried", f"{name} met no request")
        for name in sorted(meant - {name for name, count in total.hits.items() if count})
    ]


def _figures(
    total: Outcome, stories: list[Plan], options: argparse.Namespace
) -> dict[str, object]:
    kinds = len({plan.fault for plan in stories})
    if not options.only and kinds < LEAST_FAULTS:
        raise CampaignFailed(f"Only {kinds} kinds of faults are left.")
    return {
        "planted": options.planted,
        "faults": kinds,
        "order_kinds": len(ORDERS),
        "stories": total.stories,
        "stories_hit": sum(total.hits.values()),
        "exits": sum(plan.is_exit for plan in stories),
        "restarts": sum(plan.restarts for plan in stories),
        "posts": total.posts,
        "orders": dict(sorted(total.states.items())),
        "hours_told": round(total.seconds / 3600, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
