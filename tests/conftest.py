"""One embedded PostgreSQL and Valkey for the whole run, and no network but this machine's own.

Django's settings read the environment when they load, so that must be complete before. Therefore
pytest's ini file does not name DJANGO_SETTINGS_MODULE: it is set here, with the rest, and the
workers of a distributed run inherit it.
"""

import contextlib
import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from coverage import Coverage
from psycopg.errors import DeadlockDetected

from tradingfarm.processes.home import take_home
from tradingfarm.processes.servers import Servers, start_servers

# Two busy cores make any time limit on an example a matter of luck.
hypothesis.settings.register_profile("farm", deadline=None)
hypothesis.settings.load_profile("farm")

FLUSHES = 5
ROWS = frozenset({"db", "transactional_db", "live_server", "campaign"})
"""Fixtures of tests that need the database, where no mark says so."""
FAST_BUT_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers that DATABASE_URL and REDIS_URL do not name; stop them at the end."""
    if hasattr(config, "workerinput"):
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # the processes that tests start: untraced
        return
    path = Path(tempfile.mkdtemp(prefix="farm-tests-"))
    path.chmod(0o711)  # root's servers run as another account
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, path, ignore_errors=True)
        home = take_home(path=path)
        stack.callback(home.release)
        servers = start_servers(
            home=home, environment=os.environ, postgres_settings=FAST_BUT_FORGETFUL
        )
        stack.callback(_stop, servers)
        os.environ.update(servers.addresses)
        os.environ.update(
            DJANGO_SETTINGS_MODULE="tradingfarm.settings",
            FARM_HOME=str(path),
            FARM_PROFILE="embedded",
            SECRET_KEY="known to everybody, good for tests alone",
            AGENT_RISK_MULTIPLIER="1",  # what tests set a limit to is what they meet
        )
        config.add_cleanup(stack.pop_all().close)
    # pytest-django looked for settings before they were named here; the workers of a distributed
    # run inherit the name and are set up by it.
    django.setup()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick tests first, which need no database: what they prove is known within minutes.

    They are the traced ones, and what is computed once in a process must be computed in them.
    """
    items.sort(key=_needs_rows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Do not trace tests of rows and pages: they would take half as long again.

    Coverage is asked of domain/ alone, and the tests of that need no database.
    """
    tracing = Coverage.current()
    if tracing is None or not _needs_rows(item):
        return (yield)
    tracing.stop()
    try:
        return (yield)
    finally:
        tracing.start()


def _needs_rows(item: pytest.Item) -> bool:
    asked = ROWS.intersection(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


def _stop(servers: Servers) -> None:
    servers.stop()
    if servers.folder:
        shutil.rmtree(servers.folder.path, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def empties_patiently() -> Iterator[None]:
    """A web process that still reads may cross the emptying of all tables; it is then tried again.

    PostgreSQL ends one of two that wait for each other, and that may be ours.
    """
    from django.db import OperationalError  # noqa: PLC0415 - after the settings
    from django.db.backends.base.operations import BaseDatabaseOperations  # noqa: PLC0415 - after the settings

    empty = BaseDatabaseOperations.execute_sql_flush

    def again(self: BaseDatabaseOperations, sql_list: Any) -> None:
        for _ in range(FLUSHES):
            try:
                return empty(self, sql_list)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return empty(self, sql_list)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", again)
        yield


@pytest.fixture(scope="session", autouse=True)
def hashes_quickly() -> Iterator[None]:
    """A password takes 0.4 s to hash, on purpose, and half of the tests make somebody with one.

    One round instead of a million: a process that a test starts can still tell the password.
    """
    from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: PLC0415 - after the settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(scope="session", autouse=True)
def looks_for_static_files_once() -> Iterator[None]:
    """Every test client is a new server, and looking for 200 files takes as long as a page."""
    from whitenoise.middleware import WhiteNoiseMiddleware  # noqa: PLC0415 - after the settings

    look, known = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def once(self: WhiteNoiseMiddleware) -> None:
        if not known:
            look(self)
            known.update(self.files)
        self.files.update(known)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Fail whatever reaches for another machine, by address or by name."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _local_only(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _local_names_only(socket.getaddrinfo))
        yield


def _local_only(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            pytest.fail(f"A test tried to connect to {address}.")
        return connect(self, address)

    return guarded


def _local_names_only(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *args: Any, **options: Any) -> Any:
        if host and not _is_address(host) and not _is_local(host):
            pytest.fail(f"A test tried to look up {host!r}.")
        return look_up(host, *args, **options)

    return guarded


def _is_local(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in ("", "localhost") or (_is_address(name) and _address(name).is_loopback)


def _is_address(host: str | bytes) -> bool:
    try:
        _address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(host.partition("%")[0])
