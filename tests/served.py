"""The web process as it runs in a farm: uvicorn with pages and sockets, on the test's database."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection
from django.test import Client

from tradingfarm.people.models import User
from tradingfarm.processes.children import web_command
from tradingfarm.processes.ports import HOST, answers_healthy
from tradingfarm.processes.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0


@dataclass
class Web:
    """A web process that can be stopped and started again at the same address."""

    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sockets(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *web_command(self.port)], cwd=ROOT, env=dict(self.environment)
        )
        assert wait_until(lambda: answers_healthy(port=self.port), seconds=PATIENCE_SECONDS)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
            self.process = None


@contextlib.contextmanager
def served(**environment: str) -> Iterator[Web]:
    """A web process on the database of the running test, which must not be in a transaction."""
    web = Web(_free_port(), os.environ | {"DATABASE_URL": _database()} | environment)
    try:
        web.start()
        yield web
    finally:
        web.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _database() -> str:
    """DATABASE_URL with the name that the test's database has."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return parts._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def cookie_of(person: User) -> str:
    """The cookie of a browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    morsel = client.cookies["tradingfarm"]
    return f"{morsel.key}={morsel.value}"
