"""An embedded PostgreSQL 18: a unix socket, no TCP port, data that survive any death."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT
from urllib.parse import quote

import psycopg

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.accounts import ServersImpossible
from tradingfarm.processes.binaries import postgres_programs
from tradingfarm.processes.embedded import EmbeddedServer, ServerPlace, tells_of_full_disk
from tradingfarm.processes.folders import ServerFolder
from tradingfarm.processes.home import DiskIsFull
from tradingfarm.processes.postmaster import STOP_SECONDS, end_owner
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.spawning import Child, dies_with_us

DATABASE = "tradingfarm"
MAJOR = "18"
READY_SECONDS = 90.0  # recovery after a crash may take its time
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "unix_socket_permissions": "0700",
}
# Nothing of the caller's environment: PGDATA and its like must not reach this server.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/"}


class DataOfAnotherVersion(FarmError):
    """The home's database was made by another major version of PostgreSQL."""

    def __init__(self, *, data: Path, version: str) -> None:
        super().__init__(
            f"{data} holds data of PostgreSQL {version}, and this is {MAJOR}. Set FARM_HOME to a "
            "new folder, or serve the old data yourself and set DATABASE_URL.",
            permanent=True,
        )


def prepare_postgres(*, place: ServerPlace, settings: Mapping[str, str]) -> EmbeddedServer:
    """A PostgreSQL to be started: its data are made, and no other server uses them.

    `settings` override SETTINGS. Raises ServersImpossible, DiskIsFull or DataOfAnotherVersion.
    """
    folder, sockets = place.folder, place.folder.sockets
    programs = postgres_programs(folder=folder)
    data = folder.path / "postgres"
    end_owner(data=data)
    _make_data(folder, programs / "initdb", data)
    options = [f"{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
    argv = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets), "-h", ""]
    child = Child(
        name="postgres",
        argv=(*argv, *(part for option in options for part in ("-c", option))),
        env=_ENVIRONMENT,
        colour="34",
        stop_signal=SIGINT,  # "fast": ends sessions and writes a checkpoint
        grace_seconds=STOP_SECONDS,
        account=folder.account,
        log=place.logs / "postgres.log",
    )
    return EmbeddedServer(
        slot=Slot(child=child, register=place.register),
        variable="DATABASE_URL",
        url=database_url(sockets=sockets),
        answers=lambda: _has_database(database_url(sockets=sockets, name="postgres")),
        ready_seconds=READY_SECONDS,
        log=place.logs / "postgres.log",
    )


def database_url(*, sockets: Path, name: str = DATABASE) -> str:
    """The address of a database behind the socket in `sockets`."""
    return f"postgresql://postgres@/{name}?host={quote(str(sockets))}"


def _has_database(url: str) -> bool:
    """Whether the server answers; makes the farm's database if it is missing."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


def _make_data(folder: ServerFolder, initdb: Path, data: Path) -> None:
    """Data appear under their name only when complete; anything else is set aside and redone."""
    if (data / "global" / "pg_control").exists():
        version = (data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise DataOfAnotherVersion(data=data, version=version)
        return
    if data.exists():
        data.replace(_free_name(data))
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    _run_initdb(folder, initdb, folder.own(fresh))
    fresh.replace(data)


def _free_name(data: Path) -> Path:
    names = (data.with_name(f"postgres.incomplete-{number}") for number in range(1, 10_000))
    return next(name for name in names if not name.exists())


def _run_initdb(folder: ServerFolder, initdb: Path, data: Path) -> None:
    account = folder.account
    options = ["-A", "trust", "-U", "postgres", "-E", "utf8", "--locale=C.UTF-8", "-N"]
    done = subprocess.run(
        [initdb, "-D", data, *options],
        env=_ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=dies_with_us(SIGINT),
    )
    if tells_of_full_disk(done.stderr):
        raise DiskIsFull(path=data)
    if done.returncode != 0:
        raise ServersImpossible(f"initdb failed:\n{done.stderr.strip()}")
