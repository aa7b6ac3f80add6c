"""Tiny campaigns, each on a new database of the tests' server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import Connection, sql

from tests.campaigns.arena import ROOT, manage

SECONDS = 240
Ended = tuple[int, Mapping[str, Any]]


@pytest.fixture(scope="session")
def server() -> Iterator[Connection]:
    """The tests' server, for making databases and throwing them away."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def empty_farm(server: Connection) -> Iterator[str]:
    """The name of a database with all tables: copying it takes no time, making them takes long."""
    with _database(server, f"empty_farm_{os.getpid()}", template="template1") as (name, address):
        manage("migrate", "--verbosity=0", environment=os.environ | {"DATABASE_URL": address})
        yield name


@pytest.fixture
def campaign(server: Connection, empty_farm: str) -> Iterator[Callable[..., Ended]]:
    """Carries out a campaign by its name, with options: its exit status, and its line."""
    with _database(server, f"campaign_{os.getpid()}", template=empty_farm) as (_, address):
        yield partial(_carry_out, address)


@contextmanager
def _database(server: Connection, name: str, *, template: str) -> Iterator[tuple[str, str]]:
    """A copy of the database `template`, its name and its address; gone afterwards."""
    parts = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    server.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**parts))
    try:
        yield name, urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    finally:
        server.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**parts))


def _carry_out(database: str, name: str, *options: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.campaigns.{name}", "--short", *options],
        env=os.environ | {"DATABASE_URL": database},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])
