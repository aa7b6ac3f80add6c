"""Where STOP is pressed: a web process, the sender, 64 busy clients, and no Valkey."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.campaigns.arena import ROOT, CampaignFailed, Ground
from tests.campaigns.farms import free_port
from tests.campaigns.tables import connect, count, one
from tests.campaigns.visitor import Visitor
from trading.domain.states import StopMode
from tradingfarm.processes.children import farm_children
from tradingfarm.processes.identity import identify
from tradingfarm.processes.ports import answers_healthy
from tradingfarm.processes.register import ProcessRegister
from tradingfarm.processes.waiting import wait_until

POOL = "12"
CROWD = "import django; django.setup(); from tests.campaigns.crowd import main; main()"
CANCEL = "UPDATE trading_paperorder SET state = 'CANCELED' WHERE client_order_id = ANY(%s)"
EPOCH = "SELECT epoch, clock_timestamp() FROM trading_account WHERE id = %s"


@dataclass(frozen=True)
class Stopped:
    """One stop as it was seen from outside: seconds are counted from the start of the POST."""

    mode: StopMode
    seen_at: datetime
    epoch: int
    to_commit: float
    to_answer: float


class Stage:
    """What a round needs: the page, the crowd, and a connection of the judge's own."""

    def __init__(self, *, visitor: Visitor, crowd: Any, database: str, account: UUID) -> None:
        self.visitor = visitor
        self.crowd = crowd
        self.database = database
        self.account = account
        self.judging = connect(database)

    def tell(self, line: str) -> dict[str, Any]:
        return tell(self.crowd, line)

    def cancel(self, names: list[str]) -> None:
        """Take orders from the exchange, as it would by itself."""
        self.judging.execute(CANCEL, [names])

    def address(self, what: str) -> str:
        return f"/accounts/{self.account}/{what}/"

    def wait(self, query: str, *values: object, seconds: float, what: str) -> None:
        """Until the query counts nothing. Raises CampaignFailed."""
        if not wait_until(
            lambda: count(self.judging, query, *values) == 0, seconds=seconds, pause=0.05
        ):
            raise CampaignFailed(f"After {seconds:g} s still waiting for {what}.")


def tell(crowd: Any, line: str) -> dict[str, Any]:
    """One order to the crowd, and its answer. Raises CampaignFailed."""
    crowd.stdin.write(f"{line}\n")
    crowd.stdin.flush()
    answer = crowd.stdout.readline()
    if not answer:
        raise CampaignFailed(f"The crowd ended with {crowd.wait()}; see above.")
    return dict(json.loads(answer))


@contextlib.contextmanager
def stage(base: Ground) -> Iterator[Stage]:
    """A web process, the sender and the crowd; all gone afterwards."""
    port = free_port()
    web = replace(base, environment={**base.environment, "DATABASE_POOL_SIZE": POOL})
    child = farm_children(
        python=sys.executable, root=ROOT, port=port, env={}, heartbeat=lambda name, pid: True
    )[0]
    with (
        subprocess.Popen(
            [sys.executable, "-c", CROWD],
            # Each of its doorbells is dropped, as it should be; that needs not be said each time.
            env={**base.environment, "LOG_LEVEL": "ERROR"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as crowd,
        web.process("web", *child.argv[1:]),
        base.process("sender", "manage.py", "sender"),
    ):
        try:
            told = tell(crowd, "prepare")
            if not wait_until(lambda: answers_healthy(port=port), seconds=60, pause=0.1):
                raise CampaignFailed("The web process does not answer.")
            visitor = Visitor(port=port, cookies={told["cookie"]: told["key"]})
            yield Stage(
                visitor=visitor,
                crowd=crowd,
                database=base.database,
                account=UUID(told["account"]),
            )
        finally:
            crowd.terminate()


def kill_valkey(base: Ground) -> None:
    """SIGKILL; nobody starts it again."""
    for entry in ProcessRegister(base.home.path / "processes.json").entries:
        if entry.name == "valkey" and identify(pid=entry.identity.pid) == entry.identity:
            os.kill(entry.identity.pid, signal.SIGKILL)
            return
    raise CampaignFailed("There is no Valkey to kill.")


def press_stop(on: Stage, mode: StopMode) -> Stopped:
    """Post the form and watch for the commit. Raises CampaignFailed."""
    before = int(one(on.judging, EPOCH, on.account)[0])
    on.visitor.get(f"{on.address('stop')}?more=1")
    seen: list[tuple[float, datetime, int]] = []
    watching = threading.Thread(target=_watch, args=(on, before, seen))
    watching.start()
    began = time.monotonic()
    on.visitor.post(on.address("stop"), mode=mode.value, confirm="Crowd", reason="campaign")
    answered = time.monotonic()
    watching.join()
    if not seen:
        raise CampaignFailed("The page answered, and no epoch was committed.")
    committed, seen_at, epoch = seen[0]
    return Stopped(mode, seen_at, epoch, committed - began, answered - began)


def _watch(on: Stage, before: int, seen: list[tuple[float, datetime, int]]) -> None:
    give_up = time.monotonic() + 30
    with connect(on.database) as connection:
        while time.monotonic() < give_up:
            epoch, seen_at = one(connection, EPOCH, on.account)
            if epoch > before:
                seen.append((time.monotonic(), seen_at, epoch))
                return
            time.sleep(0.001)
