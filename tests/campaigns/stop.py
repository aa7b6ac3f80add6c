"""Emergency stops under 64 busy senders, without Valkey: `make campaign NAME=stop ARGS="--short"`.

Valkey is killed and stays dead; worker, beat and engine never ran. Each round 64 clients decide,
claim and send without end on one account with 500 orders that rest, and `manage.py emergency_stop
--flatten` is killed while it carries the stop out; in every second round the sender is, too. From
the commit that halts the account on, nothing may be claimed but exits of the stop itself;
afterwards the account is flat, found twice. Then it is released, and the crowd trades on.
"""

import argparse
import sys
import time
from collections import Counter

from tests.campaigns.arena import Findings, Ground, arguments, conclude, ground, say
from tests.campaigns.halting import RESTING, Round, stop_once
from tests.campaigns.judge import Breach, Kind, by_state, judge, not_flat, percentile, sent_after
from tests.campaigns.stage import Crowded, crowded, kill_valkey
from tests.campaigns.tables import count
from tradingfarm.kernel.randomness import stream

WITHIN_MS = 250.0
"""What is promised from the request to the commit after which no entry is claimed."""
FLAT_TWICE = 2
BUSY, BUSY_SECONDS, READY_SECONDS = 64, 240.0, 30.0
"""So many more orders than those that rest are at the exchange when a stop is asked for."""
NOT_YET_BUSY = "SELECT (count(*) < %s)::int FROM trading_paperorder"
NOT_YET_OPEN = f"SELECT (({RESTING}) < %s)::int"
NOT_READY = "SELECT count(*) FROM trading_account WHERE id = %s AND NOT is_ready"
PLACED = "SELECT count(*) FROM trading_paperorder"
FLAT = """
SELECT count(*) FROM journal_event
WHERE stream = %s AND kind = 'account.flat' AND at >= %s
"""


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """All rounds on one account; Valkey dies before the first."""
    rounds: list[Round] = []
    with ground() as base, crowded(base) as on:
        kill_valkey(base)
        for number in range(options.rounds):
            rounds.append(_round(base, on, number, options))
            findings.breaches += judged(on, rounds[-1])
            findings.figures = _figures(rounds)
            say(f"round {number + 1} of {options.rounds}: {_line(rounds[-1])}")
    findings.breaches += _late(rounds)


def _round(base: Ground, on: Crowded, number: int, options: argparse.Namespace) -> Round:
    chance = stream(options.seed, "stop", number)
    on.wait(NOT_READY, on.account, seconds=READY_SECONDS, what="a ready account")
    before = count(on.judging, PLACED)
    on.tell(f"press {number} {options.resting}")
    on.wait(NOT_YET_OPEN, options.resting, seconds=BUSY_SECONDS, what="resting orders")
    busy = before + options.resting + BUSY
    on.wait(NOT_YET_BUSY, busy, seconds=BUSY_SECONDS, what="busy senders")
    # Clients that began together move in step: strike at any phase of it.
    time.sleep(chance.uniform(0.0, 1.5))
    done = stop_once(base, on, chance=chance, kills_sender=number % 2 == 1)
    if (resumed := on.tell("resume")["resumed"]) != "RESUMED":
        raise LookupError(f"The account was not released: {resumed}.")
    return done


def judged(on: Crowded, done: Round) -> list[Breach]:
    """What the round did that it must not, by the exchange's tables and by its own."""
    breaches = [*judge(done.tables), *sent_after(done.tables, done.halt.at)]
    breaches += not_flat(done.tables)
    journaled = count(on.judging, FLAT, f"account:{on.account}", done.asked_at)
    if min(done.confirmations, journaled) < FLAT_TWICE:
        breaches.append(Breach(Kind.NOT_FLAT, f"Found flat {done.confirmations} times."))
    return breaches


def _late(rounds: list[Round]) -> list[Breach]:
    slowest = percentile([done.halt.seconds_to_commit * 1000 for done in rounds], 0.99)
    if slowest <= WITHIN_MS:
        return []
    return [Breach("late", f"The halting commit took {slowest:.0f} ms.")]


def _line(done: Round) -> str:
    killed = "runner and sender" if done.sender_killed else "runner"
    return (
        f"{done.open_before} open; halted {done.halt.seconds_to_commit * 1000:.1f} ms after it "
        f"was asked; {killed} killed in {done.killed_in}; flat, found {done.confirmations} times, "
        f"after {done.seconds:.1f} s; {done.in_flight} in flight; {dict(done.tally)}"
    )


def _figures(rounds: list[Round]) -> dict[str, object]:
    milliseconds = [done.halt.seconds_to_commit * 1000 for done in rounds]
    crowd = sum((Counter(done.tally) for done in rounds), Counter[str]())
    return {
        "rounds": len(rounds),
        "senders": 64,
        "open_before_min": min((done.open_before for done in rounds), default=0),
        "epoch_commit_p50_ms": round(percentile(milliseconds, 0.5), 1),
        "epoch_commit_p99_ms": round(percentile(milliseconds, 0.99), 1),
        "runners_killed": len(rounds),
        "killed_in": dict(Counter(done.killed_in for done in rounds)),
        "senders_killed": sum(done.sender_killed for done in rounds),
        "flat_twice": sum(done.confirmations >= FLAT_TWICE for done in rounds),
        "flat_seconds_max": round(max((done.seconds for done in rounds), default=0.0), 1),
        "in_flight_at_halt": sum(done.in_flight for done in rounds),
        "orders": by_state(rounds[-1].tables.orders) if rounds else {},
        "crowd": dict(crowd),
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("stop", "Emergency stops under 64 busy senders, without Valkey.")
    parser.add_argument("--rounds", type=int, help="How many stops: 3 short, 20 long.")
    parser.add_argument("--resting", type=int, default=500, help="Open orders at each stop.")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.short else 20)
    return conclude("stop", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
