"""Processes of a farm are killed: `make campaign NAME=kill ARGS="--short"`.

First at every named place (`places.py`): the real sender, or whoever decides or asks for a stop,
dies there, several lanes at once; then worker and engine of a running farm do; and then worker,
sender and engine get SIGKILL at moments of a seeded schedule. Each time the farm must go on by
itself, and the paper exchange's own tables must agree with the farm's: no order placed twice,
none lost, every trade booked once, nothing left reserved.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from tests.campaigns.arena import Findings, arguments, conclude, ground, say
from tests.campaigns.armed_farm import armed_farm, come_back, standing, strike_farm
from tests.campaigns.farms import Farm
from tests.campaigns.judge import Breach, Kind, by_kind, by_state, judge, percentile, stuck
from tests.campaigns.rows import Tables
from tests.campaigns.striking import PLANTS, READY_WITHIN, lanes
from tests.campaigns.tables import read_accounts, read_tables, states_at_work
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.waiting import wait_until

# What each does when an order can be lost or doubled: thinking, sending, matching.
IN_THE_MIDST = {
    "worker": "SELECT count(*) FROM agents_execution WHERE state = 'THINKING'",
    "sender": "SELECT count(*) FROM trading_order WHERE state = 'SUBMITTING'",
    "engine": "SELECT count(*) FROM trading_paperorder WHERE state = 'OPEN'",
}
VICTIMS = tuple(IN_THE_MIDST)
REST_SECONDS = 60.0
FIRST_FILL_SECONDS = 120.0
AIMED, AIM_SECONDS = 0.5, 5.0
STEPS_AFTER = 20
NOT_RESOLVED = "SELECT count(*) FROM trading_order WHERE state = 'UNKNOWN'"
DOUBTED = "SELECT count(*) FROM journal_event WHERE kind = 'order.unknown'"
FILLS = "SELECT count(*) FROM trading_fill"


@dataclass
class Kills:
    """What was done to the farm.

    `aimed` kills struck in the midst of their victim's work; `struck` counts by state the kills
    at which there was an order in it.
    """

    by_process: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    aimed: int = 0
    ready: list[float] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.by_process.total()

    def late(self) -> Iterator[Breach]:
        """Restarts after which it took too long until the farm was ready."""
        for seconds in self.ready:
            if seconds > READY_WITHIN:
                yield Breach("late", f"Ready {seconds:.1f} s after a restart.")


def attack(farm: Farm, *, number: int, chance: Random) -> Kills:
    """Kill one process after the other, each once the farm goes on. Raises CampaignFailed.

    Every second kill, by chance, is aimed: it waits until its victim is in the midst of it and
    strikes within 10 ms.
    """
    kills = Kills()
    for turn, victim in enumerate(victims(number, chance)):
        pause, aims = chance.uniform(0.2, 2.0), chance.random() < AIMED
        offset = chance.uniform(0.0, 0.01)
        time.sleep(pause)
        if aims and _aim(farm, victim):
            kills.aimed += 1
            time.sleep(offset)
        before = standing(farm)
        kills.struck.update(states_at_work(farm.database))
        if farm.kill(victim) is not None:
            kills.by_process[victim] += 1
            kills.ready.append(come_back(farm, [victim], before))
        say(
            f"kill {turn + 1} of {number}: {victim}; ready after {kills.ready[-1]:.1f} s; "
            f"step {before.position}, {farm.count(FILLS)} fills"
        )
    return kills


def victims(number: int, chance: Random) -> list[str]:
    """Whom to kill, in turn: each as often as the others, in an order of chance."""
    turns = [VICTIMS[turn % len(VICTIMS)] for turn in range(number)]
    chance.shuffle(turns)
    return turns


def _aim(farm: Farm, victim: str) -> bool:
    """Wait a little for what the victim must not be disturbed at; whether it is at it."""
    return wait_until(
        lambda: farm.count(IN_THE_MIDST[victim]) > 0, seconds=AIM_SECONDS, pause=0.0005
    )


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


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """The lanes and a farm side by side. A planted bug is in the lanes alone."""
    if options.planted:
        with ground() as base, lanes(base, options) as struck:
            findings.figures = {"planted": options.planted}
        findings.figures |= struck.figures
        findings.breaches += struck.breaches
        return
    _carry_out(options, findings)


def _carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Start, strike, attack, settle, judge, stop."""
    chance = stream(options.seed, "kill")
    with armed_farm(seed=options.seed) as (farm, armed):
        farm.wait(lambda: farm.count(FILLS) > 0, FIRST_FILL_SECONDS, "a first fill")
        with ground() as base, lanes(base, options) as struck:
            inside = strike_farm(farm, armed, turns=options.turns, chance=chance)
        findings.breaches += [*struck.breaches, *inside.breaches]
        findings.figures = struck.figures | inside.figures
        kills = attack(farm, number=options.kills, chance=chance)
        findings.breaches += settle(farm)
        accounts = at_rest(farm)
        doubted = farm.count(DOUBTED)
        farm.manage("verify_journal")
        ended = farm.stop()
    findings.breaches += [breach for tables in accounts for breach in judge(tables)]
    findings.breaches += kills.late()
    restarts = ended.report.get("restarts")
    findings.breaches += _judge_end(ended.status, restarts, kills.total + inside.total)
    findings.figures |= _figures(kills, accounts, findings.breaches)
    findings.figures |= {"doubted": doubted, "restarts": restarts, "farm": dict(ended.report)}


def _judge_end(status: int, restarts: object, kills: int) -> list[Breach]:
    breaches = []
    if status != 0:
        breaches.append(Breach("unclean", f"The farm ended with status {status}."))
    if restarts != kills:
        breaches.append(
            Breach("crashed", f"{restarts} restarts after {kills} kills: one fell by itself.")
        )
    return breaches


def _figures(kills: Kills, accounts: list[Tables], breaches: list[Breach]) -> dict[str, object]:
    found = by_kind(breaches)
    orders = [order for tables in accounts for order in tables.orders]
    return {
        "kills": kills.total,
        "kills_by_process": dict(kills.by_process),
        "kills_aimed": kills.aimed,
        "farm_ready_p50_s": round(percentile(kills.ready, 0.5), 1),
        "farm_ready_max_s": round(max(kills.ready, default=0.0), 1),
        "kills_with_orders_in": dict(sorted(kills.struck.items())),
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
    parser.add_argument("--turns", type=int, help="At each place: 1 short, 8 long.")
    parser.add_argument("--places", default="", help="Only those with this in their names.")
    parser.add_argument("--planted", choices=["", *PLANTS], default="", help="A bug to be found.")
    options = parser.parse_args()
    options.kills = options.kills or (20 if options.short else 200)
    options.turns = options.turns or (1 if options.short else 8)
    return conclude("kill", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
