"""A demo farm as anybody starts it, seen from outside: its processes, its database, its end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.campaigns.arena import (
    ROOT,
    CampaignFailed,
    manage,
    say,
    tail,
    temporary_folder,
)
from tests.campaigns.tables import connect, count
from tradingfarm.processes.home import running_addresses
from tradingfarm.processes.identity import identify
from tradingfarm.processes.register import ProcessRegister
from tradingfarm.processes.spawning import dies_with_us
from tradingfarm.processes.waiting import wait_until

READY_SECONDS = 240.0
STOP_SECONDS = 90.0
SPEAKING = ("worker", "beat", "engine", "sender")
HEARTBEATS = "SELECT process, pid FROM heartbeat"
POSITION = "SELECT coalesce(max(position), 0) FROM market_replay"
# Of the caller's environment, a farm of its own must not see these.
OWN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "FARM_PROFILE")


@dataclass(frozen=True)
class Ended:
    """How a farm ended: its exit status and the line that it printed, empty without one."""

    status: int
    report: Mapping[str, Any]


class Farm:
    """A running farm. Its pids come from the list that its supervisor keeps."""

    def __init__(self, *, home: Path, process: subprocess.Popen[bytes], port: int) -> None:
        self.home = home
        self.port = port
        self.process = process
        self.database: psycopg.Connection

    @property
    def environment(self) -> dict[str, str]:
        """What another command needs in order to find this farm."""
        return _environment(self.home, self.port)

    def wait_until_ready(self) -> None:
        """Until every process has spoken. Raises CampaignFailed when the farm ends instead."""
        self.wait(lambda: bool(running_addresses(path=self.home)), READY_SECONDS, "servers")
        url = running_addresses(path=self.home)["DATABASE_URL"]
        self.database = connect(url)
        self.wait(lambda: self.are_up(*SPEAKING), READY_SECONDS, "its processes")

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Until `condition` holds. Raises CampaignFailed when it does not, or the farm ends."""
        if not wait_until(lambda: self.has_ended or condition(), seconds=seconds, pause=0.05):
            raise CampaignFailed(f"After {seconds:g} s still waiting for {what}.{self._log()}")
        if self.has_ended:
            raise CampaignFailed(f"The farm ended while waiting for {what}.{self._log()}")

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def pid(self, name: str) -> int | None:
        """The process id of a child or server that runs now."""
        for entry in ProcessRegister(self.home / "processes.json").entries:
            if entry.name == name and identify(pid=entry.identity.pid) == entry.identity:
                return entry.identity.pid
        return None

    def are_up(self, *names: str) -> bool:
        """Whether these processes run and have spoken since they were started."""
        try:
            spoken = dict(self.database.execute(HEARTBEATS).fetchall())
        except psycopg.errors.UndefinedTable:
            return False
        return all(
            (pid := self.pid(name)) is not None and spoken.get(name) == pid for name in names
        )

    def kill(self, name: str) -> int | None:
        """SIGKILL; the process id that is gone, None when there was none at this moment."""
        pid = self.pid(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    def manage(self, *command: str, seconds: float = 180) -> str:
        """Run a command against this farm. Raises CampaignFailed when it fails."""
        return manage(*command, environment=self.environment, seconds=seconds)

    def count(self, query: str, *values: object) -> int:
        return count(self.database, query, *values)

    @property
    def position(self) -> int:
        """How many steps of its replay are done."""
        return self.count(POSITION)

    def stop(self) -> Ended:
        """Ctrl-C, as a person would end it."""
        if not self.has_ended:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise CampaignFailed(f"The farm does not stop.{self._log()}") from None
        return Ended(status, _last_line(self.home.parent / "farm.out"))

    def end(self) -> None:
        """Make sure that nothing is left, however the campaign ended."""
        if hasattr(self, "database"):
            self.database.close()
        if not self.has_ended:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=STOP_SECONDS)
        if not self.has_ended:
            self.process.kill()
            self.process.wait()

    def _log(self) -> str:
        return "\n".join(["", *tail(self.home.parent / "farm.log")])


@contextlib.contextmanager
def demo_farm(
    *, seed: int, speed: str = "0", more: Mapping[str, str] | None = None
) -> Iterator[Farm]:
    """A new demo farm, ready, in a folder of its own; gone afterwards with all its processes.

    `more` is added to its environment.
    """
    with temporary_folder() as folder:
        home, port = folder / "home", free_port()
        say("starting a farm ...")
        began = time.monotonic()
        with (folder / "farm.out").open("wb") as out, (folder / "farm.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "manage.py",
                    "farm",
                    "--json",
                    f"--seed={seed}",
                    f"--speed={speed}",
                ],
                env=_environment(home, port) | dict(more or {}),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                start_new_session=True,
                preexec_fn=dies_with_us(signal.SIGTERM),
            )
        farm = Farm(home=home, process=process, port=port)
        try:
            farm.wait_until_ready()
            say(f"the farm is ready after {time.monotonic() - began:.1f} s")
            yield farm
        finally:
            farm.end()


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(home: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    return kept | {"FARM_HOME": str(home), "PORT": str(port)}


def _last_line(path: Path) -> Mapping[str, Any]:
    lines = path.read_text().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError):
        return {}
