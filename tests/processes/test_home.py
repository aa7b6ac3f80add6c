import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradingfarm.processes.home import (
    FarmIsRunning,
    HomeIsUnusable,
    running_addresses,
    take_home,
)
from tradingfarm.processes.identity import (
    ProcessIdentity,
    command_line,
    identify,
    is_running,
    seconds_since_process_start,
)
from tradingfarm.processes.register import Entry, ProcessRegister
from tradingfarm.processes.waiting import wait_until


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as process:
        yield process
        process.kill()


def entry_of(process: subprocess.Popen[bytes], **changes) -> Entry:
    identity = identify(pid=process.pid)
    fields = {"name": "old", "identity": identity, "stop_signal": 15, "grace_seconds": 5.0}
    return Entry(**(fields | changes))


def test_a_home_that_is_held_cannot_be_taken_again(tmp_path):
    home = take_home(path=tmp_path)

    with pytest.raises(FarmIsRunning, match=f"process {os.getpid()}"):
        take_home(path=tmp_path)

    home.release()
    take_home(path=tmp_path).release()


def test_a_released_home_holds_no_lock_and_no_addresses(tmp_path):
    home = take_home(path=tmp_path)
    home.publish({"REDIS_URL": "unix:///x"})

    home.release()

    assert list(tmp_path.iterdir()) == []


def test_commands_find_the_addresses_only_while_the_farm_runs(tmp_path):
    home = take_home(path=tmp_path)
    home.publish({"REDIS_URL": "unix:///x"})

    during = running_addresses(path=tmp_path)
    home.release()
    (tmp_path / "addresses.json").write_text('{"REDIS_URL": "left by a killed farm"}')
    afterwards = running_addresses(path=tmp_path)

    assert during == {"REDIS_URL": "unix:///x"}
    assert afterwards == {}
    assert running_addresses(path=tmp_path / "nowhere") == {}


def test_addresses_are_for_the_owner_alone(tmp_path):
    home = take_home(path=tmp_path)

    home.publish({"DATABASE_URL": "postgresql://user:password@host/name"})

    assert (tmp_path / "addresses.json").stat().st_mode & 0o777 == 0o600
    home.release()


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(HomeIsUnusable, match="Set FARM_HOME"):
        take_home(path=tmp_path / "file")


def test_leftovers_of_an_earlier_farm_are_stopped(tmp_path, sleeper):
    ProcessRegister(tmp_path / "processes.json").add(entry_of(sleeper))
    said: list[str] = []

    take_home(path=tmp_path, say=said.append).release()

    assert said == [f"stopping old of an earlier run (process {sleeper.pid})"]
    assert sleeper.wait(timeout=5) == -15


def test_a_leftover_that_does_not_listen_is_killed(tmp_path):
    script = "trap '' TERM; echo deaf; while :; do sleep 0.05; done"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True
    ) as deaf:
        assert deaf.stdout
        deaf.stdout.readline()
        register = ProcessRegister(tmp_path / "processes.json")
        register.add(entry_of(deaf, grace_seconds=0.2))

        register.end_leftovers(say=lambda line: None)

        assert deaf.wait(timeout=5) == -9


def test_a_process_that_got_an_old_pid_is_never_touched(tmp_path, sleeper):
    earlier = ProcessIdentity(pid=sleeper.pid, started="at another time")
    register = ProcessRegister(tmp_path / "processes.json")
    register.add(entry_of(sleeper, identity=earlier))

    register.end_leftovers(say=lambda line: None)

    assert sleeper.poll() is None


def test_a_home_that_was_copied_does_not_stop_the_original(tmp_path, sleeper):
    original, copy = tmp_path / "processes.json", tmp_path / "copy.json"
    ProcessRegister(original).add(entry_of(sleeper))
    copy.write_text(original.read_text())

    ProcessRegister(copy).end_leftovers(say=lambda line: None)

    assert sleeper.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"file": 1}'])
def test_a_register_that_makes_no_sense_lists_nothing(tmp_path, content):
    (tmp_path / "processes.json").write_text(content)

    assert ProcessRegister(tmp_path / "processes.json").entries == ()


def test_a_register_is_read_as_it_was_written(tmp_path, sleeper):
    path = tmp_path / "processes.json"
    entry = entry_of(sleeper)

    ProcessRegister(path).add(entry)

    assert ProcessRegister(path).entries == (entry,)
    ProcessRegister(path).remove(name="old")
    assert not path.exists()


def test_a_process_is_known_by_pid_and_start(sleeper):
    identity = identify(pid=sleeper.pid)

    assert identity
    assert is_running(identity)
    assert wait_until(lambda: command_line(pid=sleeper.pid) == "sleep 100", seconds=5)
    sleeper.kill()
    assert wait_until(lambda: not is_running(identity), seconds=5)  # a zombie does not run
    sleeper.wait()
    assert identify(pid=sleeper.pid) is None
    assert command_line(pid=sleeper.pid) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="measured from the kernel's own record")
def test_the_age_of_a_process_counts_from_before_python_began():
    program = (
        "from tradingfarm.processes.identity import seconds_since_process_start as age; "
        "import time; print(age() - time.process_time())"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )

    assert -0.05 < float(done.stdout) < 60
    assert seconds_since_process_start() > 0
