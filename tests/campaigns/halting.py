"""One emergency stop of a crowded account, whose runner is killed in the midst of it."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

from tests.campaigns.arena import ROOT, CampaignFailed, Ground
from tests.campaigns.judge import in_flight
from tests.campaigns.rows import Tables
from tests.campaigns.stage import EPOCH, Crowded
from tests.campaigns.tables import connect, count, one, read_tables
from tradingfarm.processes.waiting import wait_until

KILL_WITHIN = {"HALTED": 0.05, "CANCELING": 4.0, "SETTLING": 0.05, "FLATTENING": 0.3}
"""Seconds from the step in which the runner is to die, at most."""
STEPS, LATE_STEPS, DONE = tuple(KILL_WITHIN), ("SETTLING", "FLATTENING"), "DONE"
WATCH_SECONDS, DONE_SECONDS = 2.0, 180.0
COMMAND_SECONDS = 60.0
RUN = "SELECT step, confirmations, at FROM trading_stoprun WHERE account_id = %s AND epoch = %s"
UNFINISHED = "SELECT count(*) FROM trading_stoprun WHERE account_id = %s AND step <> 'DONE'"
RESTING = """
SELECT count(*) FROM trading_paperorder WHERE state = 'OPEN' AND order_type = 'limit'
"""
AT_WORK = """
SELECT count(*) FROM trading_order
WHERE state IN ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""


@dataclass(frozen=True)
class Halt:
    """When the halting commit was there: `at` is the database's clock just after it was seen."""

    at: datetime
    epoch: int
    seconds_to_commit: float


@dataclass(frozen=True)
class Round:
    """One stop and what it left."""

    halt: Halt
    tables: Tables
    seconds: float
    open_before: int
    killed_in: str
    sender_killed: bool
    confirmations: int
    asked_at: datetime
    tally: Mapping[str, int]

    @property
    def in_flight(self) -> int:
        """Orders that were on their way at the halt."""
        return in_flight(self.tables, self.halt.at)


def stop_once(base: Ground, on: Crowded, *, chance: Random, kills_sender: bool) -> Round:
    """Stop and flatten the account; kill whoever carries it out. Raises CampaignFailed."""
    open_before = count(on.judging, RESTING)
    before = int(one(on.judging, EPOCH, on.account)[0])
    target = chance.choice(STEPS)
    began, runner = time.monotonic(), _runner(base)
    try:
        halt = _watch(on, runner, before)
        tally = _rest_soon(on) if target in LATE_STEPS else {}
        killed_in = _await_step(on, halt, target, chance)
        if runner.poll() is not None:
            raise CampaignFailed(f"The runner ended with {runner.returncode} before its death.")
    finally:
        runner.kill()
        runner.wait()
    if kills_sender:
        _kill_sender(on)
    tally = tally or _rest_soon(on)
    on.wait(UNFINISHED, on.account, seconds=DONE_SECONDS, what="the end of the stop")
    on.wait(AT_WORK, seconds=DONE_SECONDS, what="the last orders")
    seconds = time.monotonic() - began
    _, confirmations, asked_at = one(on.judging, RUN, on.account, halt.epoch)
    return Round(
        halt=halt,
        tables=read_tables(on.judging, on.account),
        seconds=seconds,
        open_before=open_before,
        killed_in=killed_in,
        sender_killed=kills_sender,
        confirmations=confirmations,
        asked_at=asked_at,
        tally=tally,
    )


def _rest_soon(on: Crowded) -> dict[str, int]:
    """The crowd goes on for a while after the halt; what it did all in all."""
    time.sleep(WATCH_SECONDS)
    return on.tell("rest")


def _await_step(on: Crowded, halt: Halt, target: str, chance: Random) -> str:
    """Until the run is at this step or beyond it, and then a little; the step it is at."""

    def step() -> str:
        return str(one(on.judging, RUN, on.account, halt.epoch)[0])

    reached = (*STEPS[STEPS.index(target) :], DONE)
    if not wait_until(lambda: step() in reached, seconds=DONE_SECONDS, pause=0.01):
        raise CampaignFailed(f"The stop did not reach {target}.")
    time.sleep(chance.uniform(0.0, KILL_WITHIN[target]))
    return step()


def _runner(base: Ground) -> subprocess.Popen[bytes]:
    """The command that asks for the stop and carries it out."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "emergency_stop", "--flatten", "--reason=campaign"],
        env={**base.environment, "LOG_LEVEL": "ERROR"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )


def _watch(on: Crowded, runner: subprocess.Popen[bytes], before: int) -> Halt:
    """See the commit of its epoch from a connection of our own."""
    give_up_at = time.monotonic() + COMMAND_SECONDS
    with connect(on.database) as watching:
        while runner.poll() is None and time.monotonic() < give_up_at:
            epoch, seen_at = one(watching, EPOCH, on.account)
            if epoch > before:
                asked_at = one(watching, RUN, on.account, epoch)[2]
                return Halt(seen_at, epoch, (seen_at - asked_at).total_seconds())
            time.sleep(0.001)
    raise CampaignFailed(f"No epoch was committed; emergency_stop: {runner.poll()}.")


def _kill_sender(on: Crowded) -> None:
    """The other one that goes on with the stop; another sender is started at once."""
    assert on.sender.process is not None
    on.sender.process.send_signal(signal.SIGKILL)
    on.sender.process.wait()
    on.sender.start()
