"""Limits on wrong tries lie in the database: they hold over processes, and at the same moment."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client

from tests.pages.farms import make_user
from tests.people.phones import sign_in
from tests.racing import race
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import CacheEntry
from tradingfarm.people.services.upkeep import forget_expired

pytest_plugins = ("tests.people.fixtures",)

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test's own database, for another process."""
    parts = connection.settings_dict
    name, user = quote(str(parts["NAME"])), quote(str(parts["USER"]))
    host = quote(str(parts["HOST"] or parts["OPTIONS"]["host"]), safe="")
    return f"postgresql://{user}@/{name}?host={host}"


def knock(name: str, first: int, number: int) -> list[int]:
    """Wrong tries by a process of its own; the statuses that it was answered."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.people.knocker", name, str(first), str(number)],
        env={**os.environ, "DATABASE_URL": database_url()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    statuses: list[int] = json.loads(done.stdout.splitlines()[-1])
    return statuses


@pytest.mark.django_db(transaction=True)
def test_two_processes_count_together() -> None:
    make_user("ada")

    first, second = knock("ada", 0, 3), knock("ada", 100, 4)

    assert first == [200] * 3
    assert second == [200, 200, 429, 429]
    assert sign_in(Client(), "ada") == 429


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_are_counted_one_by_one() -> None:
    make_user("ada")

    statuses = race(
        8,
        lambda place: sign_in(Client(), "ada", "wrong", REMOTE_ADDR=f"192.0.2.{place}"),
    )

    assert set(statuses) <= {200, 429}
    assert 1 <= statuses.count(200) <= 5


@pytest.mark.django_db
def test_the_cache_is_a_table_that_a_migration_made() -> None:
    cache.set("kept", 42, timeout=60)

    assert CacheEntry.objects.filter(cache_key__endswith="kept").count() == 1
    assert cache.get("kept") == 42


@pytest.mark.django_db
def test_what_has_run_out_is_deleted_every_hour(client: Client) -> None:
    now = SystemClock().now()
    cache.set("long-gone", 1, timeout=-60)
    cache.set("still-here", 1, timeout=60)
    client.session.save()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(1))

    forget_expired(at=now)

    assert [key.rpartition(":")[2] for key in CacheEntry.objects.values_list("pk", flat=True)] == [
        "still-here"
    ]
    assert not Session.objects.filter(session_key="old").exists()
