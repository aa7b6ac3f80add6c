"""One emergency stop of a running farm, under pressure and without Valkey."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tests.campaigns.arena import ROOT, CampaignFailed
from tests.campaigns.farms import Farm
from tests.campaigns.judge import in_flight
from tests.campaigns.rows import Tables
from tests.campaigns.tables import connect, one, read_tables
from tradingfarm.processes.home import running_addresses
from tradingfarm.processes.spawning import dies_with_us

BUSY, BUSY_SECONDS = 20, 60.0
"""So many orders of the pressure are at the exchange when a stop is asked for."""
STOP_SECONDS = 150.0
WATCH_SECONDS = 3.0
HELD = "SELECT count(*) FROM trading_position WHERE account_id = %s AND quantity > 0"
EPOCH = "SELECT epoch, clock_timestamp() FROM trading_account WHERE id = %s"
RUN = "SELECT step, confirmations, at FROM trading_stoprun WHERE account_id = %s AND epoch = %s"
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
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.clock import SystemClock
resumed = resume_account(
    account_id=UUID(sys.argv[1]), actor="campaign", reason="Next round", at=SystemClock().now()
)
sys.exit(0 if resumed is Resumed.RESUMED else 1)
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


def release(farm: Farm, account: UUID) -> None:
    """Let the account trade again, as a person would. Raises CampaignFailed."""
    done = subprocess.run(
        [sys.executable, "-c", RELEASE, str(account)], env=farm.settings, cwd=ROOT, check=False
    )
    if done.returncode != 0:
        raise CampaignFailed("The account could not be released.")
