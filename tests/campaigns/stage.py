"""Where stops are asked for: the sender, 64 busy clients, no Valkey, and perhaps a web process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
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
from tradingfarm.processes.slots import Slot
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


class Crowded:
    """What a round needs: the crowd, the sender, and a connection of the judge's own."""

    def __init__(
        self, *, crowd: Any, sender: Slot, database: str, told: Mapping[str, str]
    ) -> None:
        self.crowd = crowd
        self.sender = sender
        self.database = database
        self.account = UUID(told["account"])
        self.cookies = {told["cookie"]: told["key"]}
        self.judging = connect(database)

    def tell(self, line: str) -> dict[str, Any]:
        return tell(self.crowd, line)

    def cancel(self, names: list[str]) -> None:
        """Take orders from the exchange, as it would by itself."""
        self.judging.execute(CANCEL, [names])

    def wait(self, query: str, *values: object, seconds: float, what: str) -> None:
        """Until the query counts nothing. Raises CampaignFailed."""
        if not wait_until(
            lambda: count(self.judging, query, *values) == 0, seconds=seconds, pause=0.05
        ):
            raise CampaignFailed(f"After {seconds:g} s still waiting for {what}.")


class Stage(Crowded):
    """With a page, and somebody who is signed in."""

    def __init__(self, *, on: Crowded, port: int) -> None:
        self.__dict__ |= vars(on)
        self.visitor = Visitor(port=port, cookies=on.cookies)

    def address(self, what: str) -> str:
        return f"/accounts/{self.account}/{what}/"


def tell(crowd: Any, line: str) -> dict[str, Any]:
    """One order to the crowd, and its answer. Raises CampaignFailed."""
    crowd.stdin.write(f"{line}\n")
    crowd.stdin.flush()
    answer = crowd.stdout.readline()
    if not answer:
        raise CampaignFailed(f"The crowd ended with {crowd.wait()}; see above.")
    return dict(json.loads(answer))


@contextlib.contextmanager
def crowded(base: Ground) -> Iterator[Crowded]:
    """The sender and the crowd; both gone afterwards."""
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
        base.process("sender", "manage.py", "sender") as sender,
    ):
        try:
            told = tell(crowd, "prepare")
            yield Crowded(crowd=crowd, sender=sender, database=base.database, told=told)
        finally:
            crowd.terminate()


@contextlib.contextmanager
def stage(base: Ground) -> Iterator[Stage]:
    """A web process as well."""
    port = free_port()
    web = replace(base, environment={**base.environment, "DATABASE_POOL_SIZE": POOL})
    child = farm_children(
        python=sys.executable, root=ROOT, port=port, env={}, heartbeat=lambda name, pid: True
    )[0]
    with crowded(base) as on, web.process("web", *child.argv[1:]):
        if not wait_until(lambda: answers_healthy(port=port), seconds=60, pause=0.1):
            raise CampaignFailed("The web process does not answer.")
        yield Stage(on=on, port=port)


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
