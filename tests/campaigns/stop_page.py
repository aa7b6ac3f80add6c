"""STOP from the page without Valkey, under 64 busy senders: `make campaign NAME=stop_page`.

A web process as the farm starts it, the real sender, and 64 clients that buy, claim and send
without end on one account. Valkey is killed and stays dead; worker, beat and engine never ran. A
signed-in person posts the form of the stop, keep, cancel and flatten in turn. From the commit
that halts the account on, nothing may be claimed but exits of the stop itself, and what is left
must be what was chosen. Then the person lets the account trade again, through the page as well.
"""

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass

from tests.campaigns.arena import Findings, arguments, conclude, ground, say, tail
from tests.campaigns.choices import judge_choice, liquidations
from tests.campaigns.judge import Breach, in_flight, percentile, sent_after
from tests.campaigns.rows import Tables
from tests.campaigns.stage import Stage, Stopped, kill_valkey, press_stop, stage
from tests.campaigns.tables import count, one, read_tables
from trading.domain.states import StopMode
from tradingfarm.kernel.randomness import stream

WITHIN_MS = 250.0
"""What the product promises from the click to the point after which no entry is sent."""
BUSY, BUSY_SECONDS, WATCH_SECONDS, DONE_SECONDS = 128, 60.0, 1.0, 90.0
MODES = (StopMode.KEEP, StopMode.CANCEL, StopMode.FLATTEN)
NOT_YET_BUSY = "SELECT (count(*) < %s)::int FROM trading_paperorder"
UNFINISHED = "SELECT count(*) FROM trading_stoprun WHERE account_id = %s AND step <> 'DONE'"
RUN = "SELECT id, mode FROM trading_stoprun WHERE account_id = %s AND epoch = %s"
PLACED = "SELECT count(*) FROM trading_paperorder"
MOVING = """
SELECT count(*) FROM trading_order WHERE account_id = %s AND NOT (client_order_id = ANY(%s))
  AND state IN ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""
AT_REST = """
SELECT client_order_id FROM trading_order
WHERE account_id = %s AND order_type = 'limit' AND state = 'OPEN'
"""
NOT_READY = "SELECT count(*) FROM trading_account WHERE id = %s AND NOT is_ready"
RESTING, READY_SECONDS = 2, 30.0
BARE = """
SELECT s.id::text FROM trading_positionshare s JOIN trading_position p ON p.id = s.position_id
WHERE p.account_id = %s AND s.quantity > 0 AND NOT EXISTS (
  SELECT FROM trading_protection x
  WHERE x.share_id = s.id AND x.kind = 'stop_loss' AND x.state = 'ARMED')
"""


@dataclass(frozen=True)
class Round:
    """One stop, what it left, and what the crowd did meanwhile."""

    stopped: Stopped
    tables: Tables
    to_done: float
    resting: int
    tally: dict[str, int]

    @property
    def in_flight(self) -> int:
        return in_flight(self.tables, self.stopped.seen_at)


def carry_out(options: argparse.Namespace, findings: Findings) -> None:
    """All rounds on one account; Valkey dies in the first."""
    rounds: list[Round] = []
    chance = stream(options.seed, "stop_page")
    with ground() as base, stage(base) as on:
        for number in range(options.rounds):
            before = count(on.judging, PLACED)
            on.wait(NOT_READY, on.account, seconds=READY_SECONDS, what="a ready account")
            on.tell(f"press {number} {RESTING}")
            on.wait(NOT_YET_BUSY, before + BUSY, seconds=BUSY_SECONDS, what="busy senders")
            names = resting_of(on)
            if number == 0:
                kill_valkey(base)
            # Clients that began together move in step: strike at any phase of it.
            time.sleep(chance.uniform(0.0, 1.5))
            done = _round(on, MODES[number % len(MODES)], names, findings)
            rounds.append(done)
            say(f"round {number + 1} of {options.rounds}: {_line(done)}")
        findings.figures = _figures(rounds)
        if findings.breaches:
            say("\n".join(tail(base.home.path / "logs" / "web.log")))
    findings.breaches += _late(rounds)


def resting_of(on: Stage) -> list[str]:
    """Client ids of the orders that rest at the exchange."""
    return [str(name) for (name,) in on.judging.execute(AT_REST, [on.account]).fetchall()]


def _round(on: Stage, mode: StopMode, names: list[str], findings: Findings) -> Round:
    stopped = press_stop(on, mode)
    time.sleep(WATCH_SECONDS)
    tally = on.tell("rest")
    began = time.monotonic()
    on.wait(UNFINISHED, on.account, seconds=DONE_SECONDS, what="the end of the stop")
    kept = names if mode is StopMode.KEEP else []
    on.wait(MOVING, on.account, kept, seconds=DONE_SECONDS, what="the last orders")
    to_done = time.monotonic() - began
    tables = read_tables(on.judging, on.account)
    findings.breaches += _judged(on, stopped, tables, names)
    _let_trade_again(on, kept)
    return Round(stopped, tables, to_done, len(names), tally)


def _judged(on: Stage, stopped: Stopped, tables: Tables, names: list[str]) -> list[Breach]:
    run, mode = one(on.judging, RUN, on.account, stopped.epoch)
    breaches = [*sent_after(tables, stopped.seen_at)]
    bare = [str(share) for (share,) in on.judging.execute(BARE, [on.account]).fetchall()]
    breaches += judge_choice(tables, stopped.mode, resting=names, unprotected=bare)
    if mode != stopped.mode:
        breaches.append(Breach("failed", f"A {stopped.mode} was asked for, the run is {mode}."))
    if stopped.mode is not StopMode.FLATTEN:
        breaches += liquidations(tables, str(run))
    return breaches


def _let_trade_again(on: Stage, kept: list[str]) -> None:
    """Through the page, as a person would; what was kept at the exchange is taken away first."""
    on.visitor.get(on.address("resume"))
    on.visitor.post(on.address("resume"), reason="next round")
    if kept:
        on.cancel(kept)
        on.wait(MOVING, on.account, [], seconds=DONE_SECONDS, what="what was kept")


def _late(rounds: list[Round]) -> list[Breach]:
    middle = percentile([done.stopped.to_commit * 1000 for done in rounds], 0.5)
    if middle <= WITHIN_MS:
        return []
    return [Breach("late", f"Half of the stops took more than {middle:.0f} ms to their commit.")]


def _line(done: Round) -> str:
    stopped = done.stopped
    return (
        f"{stopped.mode}: halted {stopped.to_commit * 1000:.0f} ms after the click, "
        f"answered after {stopped.to_answer * 1000:.0f} ms, "
        f"done {done.to_done:.1f} s after the crowd; {done.in_flight} in flight; {done.tally}"
    )


def _figures(rounds: list[Round]) -> dict[str, object]:
    commits = [done.stopped.to_commit * 1000 for done in rounds]
    answers = [done.stopped.to_answer * 1000 for done in rounds]
    crowd = sum((Counter(done.tally) for done in rounds), Counter[str]())
    decisions = max(crowd.total() - crowd["sent"] - crowd.pop("milliseconds", 0), 1)
    return {
        "rounds": len(rounds),
        "senders": 64,
        "modes": dict(Counter(str(done.stopped.mode) for done in rounds)),
        "click_to_commit_p50_ms": round(percentile(commits, 0.5), 1),
        "click_to_commit_max_ms": round(max(commits, default=0.0), 1),
        "click_to_answer_p50_ms": round(percentile(answers, 0.5), 1),
        "click_to_answer_max_ms": round(max(answers, default=0.0), 1),
        "done_seconds_max": round(max((done.to_done for done in rounds), default=0.0), 1),
        "in_flight_at_halt": sum(done.in_flight for done in rounds),
        "resting_at_halt": sum(done.resting for done in rounds),
        "crowd": dict(crowd),
        "decisions": decisions,
    }


def main() -> int:
    """Parse the options and run."""
    parser = arguments("stop_page", "STOP from the page, without Valkey, under 64 busy senders.")
    parser.add_argument("--rounds", type=int, help="How many stops: 3 short, 60 long.")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.short else 60)
    return conclude("stop_page", options, lambda findings: carry_out(options, findings))


if __name__ == "__main__":
    sys.exit(main())
