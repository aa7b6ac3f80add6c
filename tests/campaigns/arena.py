"""What every campaign shares: a place of its own, a clean end, one JSON line, a status."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.campaigns.judge import Breach, by_kind
from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.home import FarmHome, take_home
from tradingfarm.processes.servers import start_servers
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.spawning import Child

ROOT = Path(__file__).resolve().parents[2]
SHOWN = 20
DEFAULT_SEED = 1


class CampaignFailed(FarmError):
    """The campaign could not be carried out; that is no proof of anything and counts as failed."""


@dataclass
class Findings:
    """What a campaign measured and what it holds against the farm."""

    figures: dict[str, object] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)


def say(line: str) -> None:
    """Progress, for people."""
    print(line, file=sys.stderr, flush=True)


def arguments(name: str, description: str) -> argparse.ArgumentParser:
    """The options that every campaign has."""
    parser = argparse.ArgumentParser(prog=f"tests.campaigns.{name}", description=description)
    parser.add_argument("--short", action="store_true", help="The version that runs in minutes.")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="Repeats a run's choices.")
    return parser


def conclude(name: str, options: argparse.Namespace, carry_out: Callable[[Findings], None]) -> int:
    """Carry the campaign out, print its one line, and say how it went: 0 without a breach.

    SIGTERM and Ctrl-C end it with everything that it started; what was found until then is kept.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    findings = Findings()
    try:
        carry_out(findings)
    except (FarmError, LookupError, TimeoutError) as error:
        findings.breaches.append(Breach("failed", f"{type(error).__name__}: {error}"))
    except KeyboardInterrupt:
        findings.breaches.append(Breach("failed", "Interrupted."))
    for breach in findings.breaches[:SHOWN]:
        say(f"BREACH {breach.kind}: {breach.text}")
    line = {
        "campaign": name,
        "seed": options.seed,
        "short": options.short,
        **findings.figures,
        "breaches": len(findings.breaches),
        "breaches_by_kind": by_kind(findings.breaches),
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(line), flush=True)
    return 1 if findings.breaches else 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards; root's servers, which are nobody, may pass through."""
    path = Path(tempfile.mkdtemp(prefix="farm-campaign-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True)
class Ground:
    """Embedded servers with a migrated database, and the environment to reach them."""

    home: FarmHome
    environment: Mapping[str, str]
    servers: Sequence[Slot] = ()

    def server(self, name: str) -> Slot:
        """One of the embedded servers. Raises CampaignFailed where another one is used."""
        for slot in self.servers:
            if slot.child.name == name:
                return slot
        raise CampaignFailed(f"This campaign needs a {name} of its own; unset its address.")

    @property
    def database(self) -> str:
        return self.environment["DATABASE_URL"]

    @contextlib.contextmanager
    def process(self, name: str, *arguments: str) -> Iterator[Slot]:
        """A process of the farm that runs meanwhile; its output goes to the home's logs."""
        child = Child(
            name=name,
            argv=(sys.executable, *arguments),
            env=self.environment,
            cwd=ROOT,
            log=self.home.path / "logs" / f"{name}.log",
        )
        slot = Slot(child=child, register=self.home.register)
        slot.start()
        try:
            yield slot
        finally:
            slot.stop()


@contextlib.contextmanager
def program(base: Ground, code: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A program of the campaign's own that is told lines and answers with lines; ended with us.

    Its environment is the farm's, so that `code` can set Django up.
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=base.environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def ground(*, settings: Mapping[str, str] | None = None) -> Iterator[Ground]:
    """Servers of our own (or those that DATABASE_URL and REDIS_URL name), gone afterwards.

    `settings` are variables of the environment in which the campaign's processes differ.
    """
    with temporary_folder() as path, contextlib.ExitStack() as stack:
        home = take_home(path=path)
        stack.callback(home.release)
        say("starting PostgreSQL and Valkey ...")
        servers = stack.enter_context(start_servers(home=home, environment=os.environ))
        environment = {**os.environ, **servers.addresses, **settings_of(path), **(settings or {})}
        manage("migrate", "--verbosity=0", environment=environment)
        yield Ground(home, environment, servers.slots)


def settings_of(home: Path) -> dict[str, str]:
    """What the farm's settings ask for, but its servers."""
    return {
        "DJANGO_SETTINGS_MODULE": "tradingfarm.settings",
        "FARM_HOME": str(home),
        "FARM_PROFILE": "embedded",
        "SECRET_KEY": "known to everybody, good for campaigns alone",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "WARNING",
    }


def manage(*command: str, environment: Mapping[str, str], seconds: float = 180) -> str:
    """Run `manage.py` to its end; what it wrote. Raises CampaignFailed unless it ended with 0."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode != 0:
        raise CampaignFailed(
            f"manage.py {' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}"
        )
    return done.stdout


def tail(path: Path, *, lines: int = 20) -> Sequence[str]:
    """The last lines of a log; none when there is no such file."""
    try:
        return path.read_text(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        return ()
