"""An embedded Valkey: a unix socket, no TCP port, nothing on disk. It carries wake-ups only."""

import socket
from pathlib import Path

from tradingfarm.processes.binaries import valkey_program
from tradingfarm.processes.embedded import EmbeddedServer, ServerPlace
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.spawning import Child

SOCKET = "valkey.sock"
READY_SECONDS = 15.0
# What is queued may be lost by design, so nothing is saved; what is queued is never thrown out.
SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "no",
    "maxmemory": "512mb",
    "maxmemory-policy": "noeviction",
    "unixsocketperm": "700",
}


def prepare_valkey(*, place: ServerPlace) -> EmbeddedServer:
    """A Valkey to be started. Raises ServersImpossible."""
    path = place.folder.sockets / SOCKET
    settings = SETTINGS | {"unixsocket": str(path), "dir": str(place.folder.sockets)}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    child = Child(
        name="valkey",
        argv=(str(valkey_program(folder=place.folder)), *options),
        env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
        colour="34",
        grace_seconds=5,
        account=place.folder.account,
        log=place.logs / "valkey.log",
    )
    return EmbeddedServer(
        slot=Slot(child=child, register=place.register),
        variable="REDIS_URL",
        url=f"unix://{path}?db=0",
        answers=lambda: answers_ping(path=path),
        ready_seconds=READY_SECONDS,
        log=place.logs / "valkey.log",
    )


def answers_ping(*, path: Path) -> bool:
    """Whether a server behind this socket answers PING within a second."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
