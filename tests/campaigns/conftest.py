"""Tiny campaigns, each on a new database of the tests' server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.campaigns.arena import ROOT

SECONDS = 240
Ended = tuple[int, Mapping[str, Any]]


@pytest.fixture
def campaign() -> Iterator[Callable[..., Ended]]:
    """Carries out a campaign by its name, with options: its exit status, and its line."""
    address, name = os.environ["DATABASE_URL"], f"campaign_{os.getpid()}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield partial(_carry_out, urlsplit(address)._replace(path=f"/{name}").geturl())
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


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
