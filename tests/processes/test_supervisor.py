import io
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.processes.owners import owner
from tradingfarm.processes.identity import identify
from tradingfarm.processes.logs import Terminal
from tradingfarm.processes.register import ProcessRegister
from tradingfarm.processes.runs import ChildFailed, FarmDidNotGetReady, Hooks
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.spawning import Child
from tradingfarm.processes.supervisor import Supervisor
from tradingfarm.processes.waiting import wait_until

WAITS = "while :; do sleep 0.05; done"
needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's prctl and /proc")


def shell(name: str, script: str, **options) -> Child:
    environment = {"PATH": "/usr/bin:/bin"}
    return Child(name=name, argv=("/bin/sh", "-c", script), env=environment, **options)


class Farm:
    """A supervisor whose terminal can be read, and that stops when `until` holds."""

    def __init__(self, path: Path, *children: Child, until=lambda farm: False, **options) -> None:
        self.stream = io.StringIO()
        self.until = until
        self.ready: list[float] = []
        self.register_file = path / "processes.json"
        self.supervisor = Supervisor(
            children=children,
            register=ProcessRegister(self.register_file),
            terminal=Terminal(stream=self.stream, environment={}),
            hooks=Hooks(on_ready=self.ready.append, on_tick=self._look),
            **options,
        )

    def run(self, for_seconds=20.0):
        return self.supervisor.run(for_seconds=for_seconds)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def pid(self, name: str) -> int:
        found = [re.fullmatch(rf"{name} +\| pid (\d+)", line) for line in self.lines]
        return next(int(match[1]) for match in reversed(found) if match)

    def _look(self) -> None:
        if self.until(self):
            self.supervisor.stop()


def test_every_line_carries_the_name_of_its_child(tmp_path):
    web = shell("web", f"echo one; echo two >&2; printf 'three'; {WAITS}")
    farm = Farm(tmp_path, web, until=lambda farm: len(farm.lines) == 2)

    farm.run()

    assert farm.lines == ["web      | one", "web      | two", "web      | three"]


def test_a_child_starts_when_those_before_it_are_ready_and_stops_before_them(tmp_path):
    said = "echo start {0}; trap 'sleep {1}; echo stop {0}; exit' TERM; " + WAITS
    marker = tmp_path / "ready"
    first = shell(
        "first",
        said.format("first", 0).replace("trap", f"(sleep 0.3; touch {marker}) & trap", 1),
        ready=lambda pid: marker.exists(),
    )
    second = shell("second", said.format("second", 0.2), after=("first",))
    third = shell("third", said.format("third", 0.4), after=("second",))
    farm = Farm(
        tmp_path, third, second, first, until=lambda farm: "third    | start third" in farm.lines
    )

    farm.run()

    words = [line.partition("| ")[2] for line in farm.lines]
    assert words == [
        *("start first", "start second", "start third"),
        *("stop third", "stop second", "stop first"),
    ]


def test_ready_is_announced_once_with_the_seconds_since_the_process_began(tmp_path):
    farm = Farm(tmp_path, shell("web", WAITS), shell("beat", WAITS))

    report = farm.run(for_seconds=0.3)

    assert farm.ready == [report.ready_seconds]
    assert report.ready_seconds > 0
    assert report.restarts == {"web": 0, "beat": 0}


def test_the_probe_is_asked_about_the_process_that_runs(tmp_path):
    asked: list[int] = []

    def probe(pid: int) -> bool:
        asked.append(pid)
        return len(asked) == 3

    farm = Farm(tmp_path, shell("web", f"echo pid $$; {WAITS}", ready=probe))

    farm.run(for_seconds=0.1)

    assert asked == [farm.pid("web")] * 3


def test_a_child_that_dies_starts_again_after_a_growing_wait_and_is_counted(tmp_path):
    engine = shell("engine", "exit 3")
    farm = Farm(tmp_path, engine, until=lambda farm: len(farm.lines) == 4)
    began_at = time.monotonic()

    report = farm.run()

    assert farm.lines == [
        f"farm     | engine ended (3); starts again in {wait} s" for wait in (0.2, 0.4, 0.8, 1.6)
    ]
    assert time.monotonic() - began_at >= 0.2 + 0.4 + 0.8
    assert report.restarts == {"engine": 3}


def test_a_child_that_is_killed_lives_again(tmp_path):
    killed: list[int] = []

    def kill_once(farm: Farm) -> bool:
        if farm.lines and not killed:
            killed.append(farm.pid("sender"))
            os.kill(killed[0], signal.SIGKILL)
        return len(farm.lines) == 3

    farm = Farm(tmp_path, shell("sender", f"echo pid $$; {WAITS}"), until=kill_once)

    report = farm.run()

    assert farm.lines[1] == "farm     | sender ended (-9); starts again in 0.2 s"
    assert farm.pid("sender") != killed[0]
    assert report.restarts == {"sender": 1}
    assert report.stopped_cleanly


def test_a_server_that_dies_is_started_again_and_outlives_the_run(tmp_path):
    register = ProcessRegister(tmp_path / "servers.json")
    log = tmp_path / "server.log"
    server = Slot(child=shell("server", f"echo pid $$; {WAITS}", log=log), register=register)
    server.start()
    first = server.process
    assert first
    os.kill(first.pid, signal.SIGKILL)
    farm = Farm(
        tmp_path, shell("web", WAITS), servers=[server], until=lambda farm: server.restarts
    )

    report = farm.run()

    assert server.is_running
    assert server.process is not first
    assert report.restarts == {"server": 1, "web": 0}
    server.stop()


def test_a_child_that_never_lives_long_enough_to_be_ready_ends_the_farm(tmp_path):
    web = shell("web", "echo cannot; exit 1", ready=lambda pid: False)
    farm = Farm(tmp_path, web, shell("beat", f"echo pid $$; {WAITS}"))

    with pytest.raises(FarmDidNotGetReady, match="web died 5 times"):
        farm.run()

    assert farm.lines.count("web      | cannot") == 5
    assert identify(pid=farm.pid("beat")) is None


def test_a_farm_that_is_not_ready_in_time_says_who_is_not(tmp_path):
    web = shell("web", WAITS, ready=lambda pid: False)
    farm = Farm(tmp_path, web, shell("beat", WAITS), ready_timeout_seconds=0.3)

    with pytest.raises(FarmDidNotGetReady, match=r"Not ready after 0\.3 s: web\."):
        farm.run()


def test_a_task_that_ends_well_lets_the_next_child_start(tmp_path):
    task = shell("task", "echo done", restart=False)
    web = shell("web", f"echo up; {WAITS}", after=("task",))
    farm = Farm(tmp_path, web, task)

    report = farm.run(for_seconds=0.3)

    assert farm.lines == ["task     | done", "web      | up"]
    assert report.restarts == {"web": 0, "task": 0}


def test_a_task_that_fails_ends_the_farm(tmp_path):
    farm = Farm(tmp_path, shell("task", "exit 4", restart=False), shell("web", WAITS))

    with pytest.raises(ChildFailed, match="task ended with status 4"):
        farm.run()


def test_a_child_cannot_wait_for_one_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match="web waits for ghost"):
        Farm(tmp_path, shell("web", WAITS, after=("ghost",)))


@pytest.mark.parametrize(
    ("script", "status"),
    [(WAITS, -15), (f"trap 'exit 143' TERM; {WAITS}", 143), (f"trap 'exit 0' TERM; {WAITS}", 0)],
)
def test_what_the_stop_signal_explains_is_a_clean_stop(tmp_path, script, status):
    farm = Farm(tmp_path, shell("web", script))

    report = farm.run(for_seconds=0.3)

    assert report.statuses == {"web": status}
    assert report.stopped_cleanly


def test_a_child_that_fails_at_the_stop_makes_it_unclean(tmp_path):
    farm = Farm(tmp_path, shell("web", f"trap 'exit 7' TERM; {WAITS}"))

    report = farm.run(for_seconds=0.3)

    assert report.unclean == ["web"]
    assert farm.lines == ["farm     | web stopped with status 7"]


def test_a_child_that_does_not_stop_is_killed_after_its_grace(tmp_path):
    deaf = shell("deaf", f"trap '' TERM; {WAITS}", grace_seconds=0.3)
    farm = Farm(tmp_path, deaf)

    report = farm.run(for_seconds=0.3)

    assert report.statuses == {"deaf": -9}
    assert farm.lines[0] == "farm     | deaf does not stop; killed"


@needs_proc
def test_a_stop_leaves_no_process_behind_not_even_a_grandchild(tmp_path):
    script = f"(trap '' TERM; {WAITS}) & echo pid $!; {WAITS}"
    farm = Farm(tmp_path, shell("web", script), until=lambda farm: farm.lines)

    farm.run()

    assert wait_until(lambda: identify(pid=farm.pid("web")) is None, seconds=5)
    assert not farm.register_file.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_farm_cleanly(tmp_path, number):
    with owner("supervisor", tmp_path) as supervisor:
        supervisor.tell()

        supervisor.send(number)
        last = supervisor.finish()

    assert last == {"statuses": {"second": 0, "first": 0}, "clean": True}
    assert not (tmp_path / "farm.lock").exists()


def test_a_second_signal_hurries(tmp_path):
    with owner("supervisor", tmp_path, "--deaf") as supervisor:
        supervisor.tell()
        began_at = time.monotonic()

        supervisor.send(signal.SIGINT)
        wait_until(lambda: False, seconds=0.5)
        supervisor.send(signal.SIGINT)
        last = supervisor.finish()

    assert last == {"statuses": {"second": -9, "first": -9}, "clean": False}
    assert time.monotonic() - began_at < 10


@needs_proc
def test_children_die_with_a_supervisor_that_is_killed(tmp_path):
    with owner("supervisor", tmp_path) as supervisor:
        supervisor.tell()
        entries = ProcessRegister(tmp_path / "processes.json").entries

        supervisor.kill()

        pids = [entry.identity.pid for entry in entries]
        assert len(pids) == 2
        assert wait_until(lambda: not any(identify(pid=pid) for pid in pids), seconds=10)


def test_the_next_start_ends_the_children_of_a_killed_supervisor(tmp_path):
    with owner("supervisor", tmp_path, "--orphans") as supervisor:
        supervisor.tell()
        pids = [
            entry.identity.pid for entry in ProcessRegister(tmp_path / "processes.json").entries
        ]
        supervisor.kill()
    assert all(identify(pid=pid) for pid in pids)

    with owner("supervisor", tmp_path) as following:
        told = [following.tell() for _ in range(3)]
        left = [pid for pid in pids if identify(pid=pid)]

    assert [line.get("said", "")[:15] for line in told] == [
        "stopping second",
        "stopping first ",
        "",
    ]
    assert left == []
