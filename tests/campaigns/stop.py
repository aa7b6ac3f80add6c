"""Emergency stops of a running farm without Valkey: `make campaign NAME=stop ARGS="--short"`.

Each round kills Valkey, and goes on killing it while `manage.py emergency_stop --flatten` works,
and somebody buys without end meanwhile, so that the halt meets busy senders.
From the commit that halts the account on, nothing may be claimed but exits of the stop itself;
afterwards the account is flat, found twice. Then it is released, and the farm trades on.
"""

import argparse
import sys
import time
from collections import Counter
from random import Random
from uuid import UUID

from tests.campaigns.arena import Findings, arguments, conclude, say
from tests.campaigns.farms import Farm, demo_farm
from tests.campaigns.halting import HELD, RUN, Round, release, stop_once
from tests.campaigns.judge import (
    Breach,
    Kind,
    by_state,
    judge,
    not_flat,
    percentile,
    sent_after,
)
from tests.campaigns.tables import one, read_accounts
from tradingfarm.kernel.randomness import stream

POSITION_SECONDS = 180.0
FLAT_TWICE = 2
FLAT = """
SELECT count(*) FROM journal_event
WHERE stream = %s AND kind = 'account.flat' AND at >= %s
"""


def judged(farm: Farm, account: UUID, done: Round) -> list[Breach]:
    """What the round did that it must not, by the exchange's tables and by its own."""
    breaches = [*judge(done.tables), *sent_after(done.tables, done.halt.at)]
    breaches += not_flat(done.tables)
    _, _, asked_at = one(farm.database, RUN, account, done.halt.epoch)
    journaled = farm.count(FLAT, f"account:{account}", asked_at)
    if min(done.confirmations, journaled) < FLAT_TWICE:
        breaches.append(Breach(Kind.NOT_FLAT, f"Found flat {done.confirmations} times."))
    return breaches


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """Several rounds on one farm."""
    rounds: list[Round] = []
    chance = stream(options.seed, "stop")
    with demo_farm(seed=options.seed) as farm:
        account = next(iter(read_accounts(farm.database)))
        for number in range(options.rounds):
            rounds.append(_round(farm, account, number, chance, findings))
            say(f"round {number + 1} of {options.rounds}: {_line(rounds[-1])}")
        farm.manage("verify_journal")
        ended = farm.stop()
    if ended.status != 0:
        findings.breaches.append(Breach("unclean", f"The farm ended with {ended.status}."))
    findings.figures = _figures(rounds) | {"farm": dict(ended.report)}


def _round(farm: Farm, account: UUID, number: int, chance: Random, findings: Findings) -> Round:
    farm.wait(lambda: farm.count(HELD, account) > 0, POSITION_SECONDS, "open positions")
    time.sleep(chance.uniform(0.0, 2.0))
    done = stop_once(farm, account, number)
    findings.breaches += judged(farm, account, done)
    release(farm, account)
    return done


def _line(done: Round) -> str:
    return (
        f"{done.held_before} positions; halted {done.halt.seconds_to_commit * 1000:.1f} ms after "
        f"it was asked, flat and confirmed {done.confirmations} times in {done.seconds:.1f} s"
    )


def _figures(rounds: list[Round]) -> dict[str, object]:
    milliseconds = [done.halt.seconds_to_commit * 1000 for done in rounds]
    return {
        "rounds": len(rounds),
        "positions_closed": sum(done.held_before for done in rounds),
        "epoch_commit_p50_ms": round(percentile(milliseconds, 0.5), 1),
        "epoch_commit_max_ms": round(max(milliseconds, default=0.0), 1),
        "command_seconds_max": round(max((done.seconds for done in rounds), default=0.0), 1),
        "confirmations": [done.confirmations for done in rounds],
        "in_flight_at_halt": sum(done.in_flight for done in rounds),
        "expired_unsent": by_state(rounds[-1].tables.orders).get("EXPIRED_LOCAL", 0),
        "pressure": dict(sum((Counter(done.pressure) for done in rounds), Counter[str]())),
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("stop", "Emergency stops of a running farm, without Valkey.")
    parser.add_argument("--rounds", type=int, help="How many stops: 3 short, 20 long.")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.short else 20)
    return conclude("stop", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
