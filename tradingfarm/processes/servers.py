"""PostgreSQL and Valkey for a farm: those of the environment, or embedded ones."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tradingfarm.processes.accounts import server_account
from tradingfarm.processes.embedded import EmbeddedServer, ServerPlace
from tradingfarm.processes.folders import ServerFolder, prepare_folder
from tradingfarm.processes.home import FarmHome, explaining_full_disk
from tradingfarm.processes.postgres import prepare_postgres
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.valkey import prepare_valkey

ADDRESSES = ("REDIS_URL", "DATABASE_URL")


@dataclass(frozen=True)
class Servers:
    """The servers that were started, perhaps none. As a context it stops them at the end."""

    running: tuple[EmbeddedServer, ...]
    folder: ServerFolder | None
    seconds: float

    @property
    def addresses(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of the embedded ones."""
        return {server.variable: server.url for server in self.running}

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What a supervisor has to watch."""
        return tuple(server.slot for server in self.running)

    def stop(self) -> dict[str, int]:
        """Stop the servers, the last one first; their exit statuses. Twice does no harm."""
        statuses = {slot.child.name: slot.stop() for slot in reversed(self.slots)}
        if self.folder:
            self.folder.forget_sockets()
        return statuses

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_servers(
    *,
    home: FarmHome,
    environment: Mapping[str, str],
    postgres_settings: Mapping[str, str] | None = None,
) -> Servers:
    """Start what the environment does not name by DATABASE_URL or REDIS_URL. Main thread only.

    Raises ServersImpossible, ServerDidNotStart, DiskIsFull or DataOfAnotherVersion; then nothing
    is left running.
    """
    began_at = time.monotonic()
    missing = [name for name in ADDRESSES if not environment.get(name)]
    folder: ServerFolder | None = None
    running: tuple[EmbeddedServer, ...] = ()
    with explaining_full_disk(home.path):
        if missing:
            folder = prepare_folder(home=home.path, account=server_account())
            running = _start(_preparations(home, folder, missing, postgres_settings or {}))
        servers = Servers(running=running, folder=folder, seconds=time.monotonic() - began_at)
        given = {name: environment[name] for name in ADDRESSES if name not in missing}
        home.publish(given | servers.addresses)
    return servers


def _preparations(
    home: FarmHome, folder: ServerFolder, missing: Sequence[str], settings: Mapping[str, str]
) -> list[Callable[[], EmbeddedServer]]:
    """Valkey first: it gets ready while PostgreSQL's data are made."""
    place = ServerPlace(folder=folder, register=home.register, logs=home.path / "logs")
    known: dict[str, Callable[[], EmbeddedServer]] = {
        "REDIS_URL": lambda: prepare_valkey(place=place),
        "DATABASE_URL": lambda: prepare_postgres(place=place, settings=settings),
    }
    return [known[name] for name in missing]


def _start(preparations: Sequence[Callable[[], EmbeddedServer]]) -> tuple[EmbeddedServer, ...]:
    """Start all before waiting for any. If one fails, the others are stopped again."""
    with contextlib.ExitStack() as undo:
        running = []
        for prepare in preparations:
            server = prepare()
            server.slot.start()
            undo.callback(server.slot.stop)
            running.append(server)
        for server in running:
            server.wait()
        undo.pop_all()
    return tuple(running)
