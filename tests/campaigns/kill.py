"""Processes of a running farm are killed: `make campaign NAME=kill ARGS="--short"`.

Worker, sender and engine get SIGKILL at moments of a seeded schedule. The farm must go on by
itself, and the paper exchange's own tables must agree with the farm's: no order placed twice,
none lost, every trade booked once, nothing left reserved.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from tests.campaigns.arena import Findings, arguments, conclude, say
from tests.campaigns.farms import Farm, demo_farm
from tests.campaigns.judge import Breach, Kind, by_kind, by_state, judge, stuck
from tests.campaigns.rows import Tables
from tests.campaigns.tables import orders_at_work, read_accounts, read_tables
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.waiting import wait_until

VICTIMS = ("worker", "sender", "engine")
RESTART_SECONDS = 90.0
REST_SECONDS = 60.0
FIRST_FILL_SECONDS = 120.0
AIMED, AIM_SECONDS = 0.5, 5.0
STEPS_AFTER = 20
NOT_RESOLVED = "SELECT count(*) FROM trading_order WHERE state = 'UNKNOWN'"
DOUBTED = "SELECT count(*) FROM journal_event WHERE kind = 'order.unknown'"
FILLS = "SELECT count(*) FROM trading_fill"


@dataclass
class Kills:
    """What was done to the farm. `aimed` kills waited for an order at work."""

    by_process: Counter[str] = field(default_factory=Counter)
    with_order_at_work: int = 0
    aimed: int = 0

    @property
    def total(self) -> int:
        return self.by_process.total()


def attack(farm: Farm, *, number: int, chance: Random) -> Kills:
    """Kill one process after the other, each once the farm goes on. Raises CampaignFailed.

    Every second kill, by chance, waits for an order at work and strikes within 30 ms.
    """
    kills = Kills()
    for turn, victim in enumerate(victims(number, chance)):
        pause, aims = chance.uniform(0.2, 2.0), chance.random() < AIMED
        offset = chance.uniform(0.0, 0.03)
        time.sleep(pause)
        if aims and _aim(farm):
            kills.aimed += 1
            time.sleep(offset)
        kills.with_order_at_work += orders_at_work(farm.database) > 0
        position = farm.position
        if farm.kill(victim) is not None:
            kills.by_process[victim] += 1
        _await(farm, victim, position)
        say(f"kill {turn + 1} of {number}: {victim}; step {position}, {farm.count(FILLS)} fills")
    return kills


def victims(number: int, chance: Random) -> list[str]:
    """Whom to kill, in turn: each as often as the others, in an order of chance."""
    turns = [VICTIMS[turn % len(VICTIMS)] for turn in range(number)]
    chance.shuffle(turns)
    return turns


def _await(farm: Farm, victim: str, position: int) -> None:
    """Until all are back and the replay has made a step: only then is the farm itself again."""
    farm.wait(lambda: farm.are_up(*VICTIMS), RESTART_SECONDS, f"{victim} to come back")
    farm.wait(lambda: farm.position > position, RESTART_SECONDS, "the replay to go on")


def _aim(farm: Farm) -> bool:
    """Wait for an order at work, a little; whether there is one."""
    return wait_until(lambda: orders_at_work(farm.database) > 0, seconds=AIM_SECONDS, pause=0.002)


def settle(farm: Farm) -> list[Breach]:
    """Let the farm come to itself: the replay goes on and no outcome stays unknown."""
    breaches, before = [], farm.position
    if not wait_until(lambda: farm.position >= before + STEPS_AFTER, seconds=REST_SECONDS):
        breaches.append(Breach("stalled", f"The replay stands at step {farm.position}."))
    if not wait_until(lambda: farm.count(NOT_RESOLVED) == 0, seconds=REST_SECONDS):
        breaches.append(Breach(Kind.STUCK, f"{farm.count(NOT_RESOLVED)} orders stay UNKNOWN."))
    return breaches


def at_rest(farm: Farm) -> list[Tables]:
    """All accounts at a moment when nothing is at work; as they are if there is none in a minute.

    The farm goes on meanwhile: it comes to rest between any two steps of the replay.
    """
    return [_at_rest(farm, account) for account in read_accounts(farm.database)]


def _at_rest(farm: Farm, account: UUID) -> Tables:
    end_at = time.monotonic() + REST_SECONDS
    while True:
        tables = read_tables(farm.database, account)
        if not any(stuck(tables)) or time.monotonic() > end_at:
            return tables
        time.sleep(0.01)


def carry_out(options: argparse.Namespace) -> Findings:
    """Start, attack, settle, judge, stop."""
    findings = Findings()
    chance = stream(options.seed, "kill")
    with demo_farm(seed=options.seed) as farm:
        farm.wait(lambda: farm.count(FILLS) > 0, FIRST_FILL_SECONDS, "a first fill")
        kills = attack(farm, number=options.kills, chance=chance)
        findings.breaches += settle(farm)
        accounts = at_rest(farm)
        doubted = farm.count(DOUBTED)
        farm.manage("verify_journal")
        ended = farm.stop()
    for tables in accounts:
        findings.breaches += judge(tables)
    findings.figures = _figures(kills, accounts, findings.breaches) | {
        "doubted": doubted,
        "restarts": ended.report.get("restarts"),
        "farm": dict(ended.report),
    }
    findings.breaches += _judge_end(ended.status, ended.report.get("restarts"), kills)
    return findings


def _judge_end(status: int, restarts: object, kills: Kills) -> list[Breach]:
    breaches = []
    if status != 0:
        breaches.append(Breach("unclean", f"The farm ended with status {status}."))
    if restarts != kills.total:
        breaches.append(
            Breach(
                "crashed", f"{restarts} restarts after {kills.total} kills: one fell by itself."
            )
        )
    return breaches


def _figures(kills: Kills, accounts: list[Tables], breaches: list[Breach]) -> dict[str, object]:
    found = by_kind(breaches)
    orders = [order for tables in accounts for order in tables.orders]
    return {
        "kills": kills.total,
        "kills_by_process": dict(kills.by_process),
        "kills_aimed": kills.aimed,
        "kills_with_order_at_work": kills.with_order_at_work,
        "orders": by_state(orders),
        "fills": sum(len(tables.fills) for tables in accounts),
        "doubled": found.get(Kind.DOUBLED, 0),
        "lost": found.get(Kind.LOST, 0) + found.get(Kind.FOREIGN, 0),
        "leaked": found.get(Kind.LEAKED, 0),
        "rebuilt": Kind.NOT_REBUILT not in found and Kind.MISBOOKED not in found,
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("kill", "Kill processes of a running farm and judge what is left.")
    parser.add_argument("--kills", type=int, help="How many: 20 short, 200 long.")
    options = parser.parse_args()
    options.kills = options.kills or (20 if options.short else 200)
    return conclude("kill", options, lambda: carry_out(options))


if __name__ == "__main__":
    sys.exit(main())
