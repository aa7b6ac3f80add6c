"""Emergency stops of a running farm without Valkey: `make campaign NAME=stop ARGS="--short"`.

Each round kills Valkey, and goes on killing it while `manage.py emergency_stop --flatten` works,
and somebody buys without end meanwhile, so that the halt meets busy senders.
From the commit that halts the account on, nothing may be claimed but exits of the stop itself;
afterwards the account is flat, found twice. Then it is released, and the farm trades on.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from uuid import UUID

from tests.campaigns.arena import ROOT, CampaignFailed, Findings, arguments, conclude, say
from tests.campaigns.farms import Farm, demo_farm
from tests.campaigns.judge import (
    Breach,
    Kind,
    by_state,
    in_flight,
    judge,
    not_flat,
    percentile,
    sent_after,
)
from tests.campaigns.rows import Tables
from tests.campaigns.tables import connect, one, read_accounts, read_tables
from tradingfarm.kernel.randomness import stream
from tradingfarm.processes.home import running_addresses
from tradingfarm.processes.spawning import dies_with_us

POSITION_SECONDS = 180.0
BUSY, BUSY_SECONDS = 20, 60.0
"""So many orders of the pressure are at the exchange when a stop is asked for."""
STOP_SECONDS = 150.0
WATCH_SECONDS = 3.0
FLAT_TWICE = 2
HELD = "SELECT count(*) FROM trading_position WHERE account_id = %s AND quantity > 0"
EPOCH = "SELECT epoch, clock_timestamp() FROM trading_account WHERE id = %s"
RUN = "SELECT step, confirmations, at FROM trading_stoprun WHERE account_id = %s AND epoch = %s"
FLAT = """
SELECT count(*) FROM journal_event
WHERE stream = %s AND kind = 'account.flat' AND at >= %s
"""
PRESSURE = "import django; django.setup(); from tests.campaigns.pressure import main; main()"
PRESSED = """
SELECT count(*) FROM trading_paperorder p JOIN trading_order o USING (client_order_id)
WHERE o.account_id = %s AND o.source = 'person'
"""
RELEASE = """
import sys
import django
django.setup()
from uuid import UUID
from trading.services.emergency import release_halt
from tradingfarm.kernel.clock import SystemClock
released = release_halt(account_id=UUID(sys.argv[1]), actor="campaign", at=SystemClock().now())
sys.exit(0 if released else 1)
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
    held_before: int
    confirmations: int
    pressure: dict[str, int]

    @property
    def in_flight(self) -> int:
        """Orders that were on their way at the halt."""
        return in_flight(self.tables, self.halt.at)


@contextlib.contextmanager
def pressure(farm: Farm, account: UUID, number: int) -> Iterator[dict[str, int]]:
    """Somebody buys without end meanwhile; afterwards, what came of it."""
    tally: dict[str, int] = {}
    with subprocess.Popen(
        [sys.executable, "-c", PRESSURE, str(account), str(number)],
        env=farm.settings,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=dies_with_us(signal.SIGKILL),
    ) as process:
        try:
            yield tally
            tally |= json.loads(process.communicate(timeout=60)[0])
        finally:
            process.kill()


@contextlib.contextmanager
def valkey_down(farm: Farm) -> Iterator[list[int]]:
    """Valkey is killed, and killed again whenever its supervisor brings it back."""
    killed, done = [], threading.Event()

    def keep_down() -> None:
        while not done.is_set():
            pid = farm.kill("valkey")
            if pid is not None and pid not in killed:
                killed.append(pid)
            done.wait(0.02)

    killer = threading.Thread(target=keep_down)
    killer.start()
    try:
        yield killed
    finally:
        done.set()
        killer.join()


def stop_once(farm: Farm, account: UUID, number: int) -> Round:
    """Stop and flatten the account while Valkey is down. Raises CampaignFailed."""
    before, pressed = int(one(farm.database, EPOCH, account)[0]), farm.count(PRESSED, account)
    with valkey_down(farm) as killed, pressure(farm, account, number) as tally:
        farm.wait(lambda: bool(killed), 10, "Valkey to be killed")
        busy_at = pressed + BUSY
        farm.wait(lambda: farm.count(PRESSED, account) >= busy_at, BUSY_SECONDS, "busy senders")
        held, began = farm.count(HELD, account), time.monotonic()
        halt = _command(farm, account, before)
        seconds = time.monotonic() - began
        time.sleep(WATCH_SECONDS)
        tables = read_tables(farm.database, account)
    _, confirmations, _ = one(farm.database, RUN, account, halt.epoch)
    return Round(halt, tables, seconds, held, confirmations, tally)


def _command(farm: Farm, account: UUID, before: int) -> Halt:
    """Run `emergency_stop --flatten` to its end, and watch for the commit of its epoch."""
    watched: list[Halt] = []
    with connect(running_addresses(path=farm.home)["DATABASE_URL"]) as watching:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "emergency_stop", "--flatten", "--reason=campaign"],
            env=farm.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
        )
        try:
            while process.poll() is None and not watched:
                epoch, seen_at = one(watching, EPOCH, account)
                if epoch > before:
                    asked_at = one(watching, RUN, account, epoch)[2]
                    watched.append(Halt(seen_at, epoch, (seen_at - asked_at).total_seconds()))
                time.sleep(0.001)
            status = process.wait(timeout=STOP_SECONDS)
        finally:
            process.kill()
    if status != 0 or not watched:
        raise CampaignFailed(f"emergency_stop ended with {status}.")
    return watched[0]


def judged(farm: Farm, account: UUID, done: Round) -> list[Breach]:
    """What the round did that it must not, by the exchange's tables and by its own."""
    breaches = [*judge(done.tables), *sent_after(done.tables, done.halt.at)]
    breaches += not_flat(done.tables)
    _, _, asked_at = one(farm.database, RUN, account, done.halt.epoch)
    journaled = farm.count(FLAT, f"account:{account}", asked_at)
    if min(done.confirmations, journaled) < FLAT_TWICE:
        breaches.append(Breach(Kind.NOT_FLAT, f"Found flat {done.confirmations} times."))
    return breaches


def release(farm: Farm, account: UUID) -> None:
    """Let the account trade again, as a person would. Raises CampaignFailed."""
    done = subprocess.run(
        [sys.executable, "-c", RELEASE, str(account)], env=farm.settings, cwd=ROOT, check=False
    )
    if done.returncode != 0:
        raise CampaignFailed("The account could not be released.")


def carry_out(options: argparse.Namespace) -> Findings:
    """Several rounds on one farm."""
    findings, rounds = Findings(), []
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
    return findings


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
    return conclude("stop", options, lambda: carry_out(options))


if __name__ == "__main__":
    sys.exit(main())
