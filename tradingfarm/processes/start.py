"""From a bare command to servers that run and settings that can be read, before Django loads."""

import secrets
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, MutableMapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tradingfarm.kernel.vault import new_key
from tradingfarm.processes.home import FarmHome, running_addresses, take_home
from tradingfarm.processes.ports import HOST, parse_port, require_free_port
from tradingfarm.processes.servers import Servers, start_servers

ROOT = Path(__file__).resolve().parent.parent.parent
DEFAULT_PORT = "8000"
FASTEST = 1000
"""Trading days a second; more than any machine plays."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Started:
    """A farm's home and servers, held by this process until `stop`."""

    home: FarmHome
    servers: Servers
    port: int

    def stop(self) -> dict[str, int]:
        """Stop the servers, let go of the home; exit statuses by server."""
        statuses = self.servers.stop()
        self.home.release()
        return statuses


current: ContextVar[Started] = ContextVar("started_farm")
"""The farm of this process, for the command that goes on once Django is loaded."""


def add_farm_arguments(parser: ArgumentParser) -> None:
    """What `manage.py farm` understands."""
    parser.add_argument(
        "--for", dest="seconds", type=float, help="Stop that many seconds after being ready."
    )
    parser.add_argument(
        "--json", action="store_true", help="Print one JSON line at the end, all else to stderr."
    )
    parser.add_argument("--seed", type=int, default=7, help="Of a new demo's paper exchange.")
    parser.add_argument(
        "--speed", type=_speed, default=Decimal(1), help="Trading days a second; 0 has no limit."
    )
    parser.add_argument(
        "--new-replay", action="store_true", help="Begin a new replay on a new paper account."
    )


def start_farm(*, argv: Sequence[str], environ: MutableMapping[str, str], say: Say) -> Started:
    """Take the home, start its servers, and set the embedded profile's environment.

    Reads FARM_HOME and PORT. Raises FarmError with what to do when any of it cannot be had.
    """
    parser = ArgumentParser(prog="manage.py farm", description="Start the whole farm here.")
    add_farm_arguments(parser)
    parser.parse_args(argv)
    port = parse_port(text=environ.get("PORT") or DEFAULT_PORT)
    # The home first: taking it ends what a killed farm left behind, which may hold the port still.
    home = take_home(path=farm_home(environ), say=say)
    try:
        require_free_port(port=port)
        say("starting PostgreSQL and Valkey")
        servers = start_servers(home=home, environment=environ)
    except BaseException:
        home.release()
        raise
    environ.update(servers.addresses)
    _embed(environ, home.path, port)
    started = Started(home=home, servers=servers, port=port)
    current.set(started)
    return started


def join_farm(*, environ: MutableMapping[str, str]) -> None:
    """Let another command reach the farm that runs in FARM_HOME, if nothing else is configured."""
    if environ.get("DATABASE_URL"):
        return
    home = farm_home(environ)
    addresses = running_addresses(path=home)
    if addresses:
        environ.update(addresses)
        _embed(environ, home, parse_port(text=environ.get("PORT") or DEFAULT_PORT))


def farm_home(environ: MutableMapping[str, str]) -> Path:
    return Path(environ.get("FARM_HOME") or ROOT / ".farm").expanduser().resolve()


def _embed(environ: MutableMapping[str, str], home: Path, port: int) -> None:
    environ["FARM_HOME"] = str(home)
    environ["FARM_PROFILE"] = "embedded"
    environ.setdefault("SECRET_KEY", _secret_key(home / "secret_key"))
    environ.setdefault("EXCHANGE_KEYS", _exchange_key(home / "exchange_key"))
    # Two farms on one host share cookies between ports; their sessions must not meet.
    environ.setdefault("SESSION_COOKIE_NAME", f"tradingfarm-{port}")


def _secret_key(file: Path) -> str:
    return _kept(file, lambda: secrets.token_urlsafe(50))


def _exchange_key(file: Path) -> str:
    """What the keys of exchanges are sealed with. Without this file they do not open again."""
    return _kept(file, lambda: f"home:{new_key()}")


def _kept(file: Path, make: Callable[[], str]) -> str:
    """A secret of this home; written whole or not at all, also when we are killed meanwhile."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(make())
        draft.rename(file)
    return file.read_text()


def _speed(text: str) -> Decimal:
    try:
        speed = Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is not a number of days a second.") from None
    if not 0 <= speed <= FASTEST:
        raise ArgumentTypeError(f"choose a speed from 0 (no limit) to {FASTEST} days a second.")
    return speed


def to_stderr(line: str) -> None:
    sys.stderr.write(f"farm    | {line}\n")


def address(*, port: int) -> str:
    """Where a browser on this machine finds the farm."""
    return f"http://{HOST}:{port}/"
