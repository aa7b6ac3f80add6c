"""Many clients race for the limits of one account: `make campaign NAME=race ARGS="--short"`.

The judge is the paper exchange: at every instant at which it took an order or made a trade, the
entries, the value held and at work, and the cash must be within the account's limits.
"""

import argparse
import json
import sys
from collections import Counter
from typing import Any

import psycopg

from tests.campaigns.arena import (
    CampaignFailed,
    Findings,
    arguments,
    conclude,
    ground,
    program,
    say,
    tail,
)
from tests.campaigns.judge import Breach, Kind, judge, percentile
from tests.campaigns.limits import Walk, World, walk
from tests.campaigns.rounds import ALONE, STYLES, Round, Style, lasts, sectors
from tests.campaigns.tables import connect, count, deadlocks, read_tables
from tests.campaigns.used import overblocked
from tradingfarm.processes.waiting import wait_until

SETTLE_SECONDS = 60.0
TRIES = 300
CHECK_VIOLATION = "23514"
RACERS = "import django; django.setup(); from tests.campaigns.racers import main; main()"
ON_THEIR_WAY = """
SELECT count(*) FROM trading_order
WHERE account_id = %s AND state IN ('APPROVED', 'SUBMITTING', 'UNKNOWN')
"""
AT_WORK = """
SELECT count(*) FROM trading_order WHERE account_id = %s
  AND state IN ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""
WAITERS = 32


class Race:
    """The clients' program, the sender and the judge's connection, through all rounds."""

    def __init__(
        self,
        *,
        clients: Any,
        judge_connection: psycopg.Connection,
        seed: int,
        findings: Findings,
    ) -> None:
        self._clients = clients
        self._connection = judge_connection
        self._seed = seed
        self.findings = findings
        self.milliseconds: list[float] = []
        self.approved = 0
        self.denials: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.rounds: list[dict[str, object]] = []

    def run(self, opened: Round) -> dict[str, Any]:
        """One round, attacked, settled and judged; what its clients saw."""
        tally = self._attack(opened)
        query = ON_THEIR_WAY if opened.style.rests else AT_WORK
        settled = wait_until(
            lambda: count(self._connection, query, opened.account_id) == 0,
            seconds=SETTLE_SECONDS,
            pause=0.1,
        )
        tables = read_tables(self._connection, opened.account_id)
        unsent = len(tables.orders) - len(tables.paper_orders)
        whose = {order.client_order_id: order.permission for order in tables.orders}
        world = World(lasts(self._seed), sectors(), whose)
        walked = walk(
            tables.paper_orders, tables.paper_trades, caps=opened.style.caps, world=world
        )
        judged = [
            each for each in judge(tables) if not (opened.style.rests and each.kind == Kind.STUCK)
        ]
        breaches = [
            *walked.breaches,
            *judged,
            *overblocked(opened.name, opened.style, walked, unsent=unsent),
        ]
        if not settled:
            breaches.append(Breach("stuck", f"{opened.name}: not at rest"))
        self.findings.breaches += breaches
        self.rounds.append(_figures(opened, tally, walked, breaches))
        say(f"{opened.name}: {json.dumps(self.rounds[-1])}")
        return tally

    def count(self, tally: dict[str, Any]) -> None:
        """Let a round's clients count for the figures of the whole race."""
        self.milliseconds += tally["milliseconds"]
        self.approved += tally["approved"]
        self.denials.update(tally["denials"])
        self.errors.update(tally["errors"])

    def _attack(self, opened: Round) -> dict[str, Any]:
        told = {
            "number": opened.number,
            "style": opened.style.name,
            "clients": opened.clients,
            "workers": opened.workers,
            "seed": opened.seed,
            "least": opened.least,
            "tries": opened.tries,
        }
        self._clients.stdin.write(f"{json.dumps(told)}\n")
        self._clients.stdin.flush()
        line = self._clients.stdout.readline()
        if not line:
            raise CampaignFailed(f"The clients ended with {self._clients.wait()}; see above.")
        return dict(json.loads(line))


def _figures(
    opened: Round, tally: dict[str, Any], walked: Walk, breaches: list[Breach]
) -> dict[str, object]:
    return {
        "round": opened.style.name,
        "decisions": len(tally["milliseconds"]),
        "approved": tally["approved"],
        "entries": walked.entries,
        "most_notional": f"{walked.most_notional:.2f}",
        "least_cash": f"{walked.least_cash:.2f}",
        "p99_ms": round(percentile(tally["milliseconds"], 0.99), 1),
        "breaches": len(breaches),
    }


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """All rounds of the race, on servers of its own."""
    rounds = _rounds(options)
    with (
        ground(settings={"MAX_AGENTS_PER_ACCOUNT": "8", "AGENT_RISK_MULTIPLIER": "1"}) as base,
        base.process("sender", "manage.py", "sender"),
        program(base, RACERS, f"--seed={options.seed}", f"--planted={options.planted}") as clients,
        connect(base.database) as connection,
    ):
        race = Race(
            clients=clients, judge_connection=connection, seed=options.seed, findings=findings
        )
        alone = race.run(_round(0, ALONE, options, clients=1))
        for opened in rounds:
            race.count(race.run(opened))
        last = _round(len(rounds) + 1, STYLES[0], options, clients=WAITERS)
        waiters = race.run(last) if options.clients >= WAITERS else None
        race.findings.figures = _report(race, alone, waiters, options) | {
            "deadlocks": deadlocks(connection)
        }
        _judge_locks(race)
        if race.findings.breaches:
            say("\n".join(tail(base.home.path / "logs" / "sender.log")))


def _judge_locks(race: Race) -> None:
    if race.findings.figures["deadlocks"] or race.errors["40P01"]:
        race.findings.breaches.append(Breach("deadlock", "PostgreSQL had to break a deadlock."))
    refused = race.errors[CHECK_VIOLATION]
    if refused:
        text = f"The last wall, a constraint of the database, had to refuse {refused} times."
        race.findings.breaches.append(Breach("constraint", text))


def _rounds(options: argparse.Namespace) -> list[Round]:
    return [
        _round(
            number + 1,
            STYLES[number % len(STYLES)],
            options,
            clients=options.clients,
            workers=options.workers,
        )
        for number in range(options.rounds)
    ]


def _round(
    number: int, style: Style, options: argparse.Namespace, *, clients: int, workers: int = 0
) -> Round:
    least = -(-options.proposals // (clients + workers)) if workers else 1
    return Round(number, style, clients, workers, options.seed, least, TRIES)


def _report(
    race: Race, alone: dict[str, Any], waiters: dict[str, Any] | None, options: argparse.Namespace
) -> dict[str, object]:
    return {
        "planted": options.planted,
        "clients": options.clients,
        "workers": options.workers,
        "rounds": race.rounds,
        "decisions": len(race.milliseconds),
        "approved": race.approved,
        "denials": dict(sorted(race.denials.items())),
        "errors": dict(race.errors),
        "p50_ms": round(percentile(race.milliseconds, 0.5), 1),
        "p99_ms": round(percentile(race.milliseconds, 0.99), 1),
        f"p99_ms_of_{WAITERS}": waiters and round(percentile(waiters["milliseconds"], 0.99), 1),
        "alone_p50_ms": round(percentile(alone["milliseconds"], 0.5), 1),
        "alone_p99_ms": round(percentile(alone["milliseconds"], 0.99), 1),
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("race", "Clients race for the limits of one account.")
    parser.add_argument("--clients", type=int, help="How many at once: 32 short, 64 long.")
    parser.add_argument(
        "--workers", type=int, help="With processes of their own: 4 short, 8 long."
    )
    parser.add_argument("--rounds", type=int, help="How many rounds: 13 short, 20 long.")
    parser.add_argument("--proposals", type=int, help="In a round, at least: 150 short, 500 long.")
    parser.add_argument(
        "--planted",
        choices=["", "no-lock", "tight"],
        default="",
        help="Break the clients' gate on purpose; the race must then fail.",
    )
    options = parser.parse_args()
    options.clients = options.clients or (32 if options.short else 64)
    options.workers = options.workers or (4 if options.short else 8)
    options.rounds = options.rounds or (len(STYLES) if options.short else 20)
    options.proposals = options.proposals or (150 if options.short else 500)
    return conclude("race", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
