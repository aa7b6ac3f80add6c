"""Tiny races: the gate as it is stands, and each planted bug is caught."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.campaigns.arena import ROOT


@pytest.fixture
def database() -> Iterator[str]:
    """A new database on the server of the tests: a race begins with an empty one."""
    address = os.environ["DATABASE_URL"]
    name = f"race_{os.getpid()}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlsplit(address)._replace(path=f"/{name}").geturl()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def race(database: str, *options: str) -> tuple[int, Mapping[str, Any]]:
    """Its exit status and its line."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.race", "--short", *options],
        env=os.environ | {"DATABASE_URL": database},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_the_gate_keeps_its_limits(database):
    status, line = race(database, "--clients=8", "--rounds=1")

    assert (status, line["breaches"], line["deadlocks"]) == (0, 0, 0), line
    assert [each["entries"] for each in line["rounds"]] == [60, 50]


def test_a_gate_without_its_lock_is_caught(database):
    status, line = race(database, "--clients=12", "--rounds=1", "--planted=no-lock")

    assert status == 1
    assert line["breaches_by_kind"]["entries"] == 1, line


def test_a_gate_that_blocks_too_early_is_caught(database):
    status, line = race(database, "--clients=2", "--rounds=1", "--planted=tight")

    assert status == 1
    assert line["breaches_by_kind"] == {"overblocked": 2}, line
