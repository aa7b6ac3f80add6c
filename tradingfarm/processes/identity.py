"""Which process is meant. A pid alone may belong to somebody else by the time it is used."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tradingfarm.processes.waiting import wait_until

_LINUX = sys.platform == "linux"
_LOADED_AT = time.monotonic()
_STATE, _START_TICK = 0, 19  # places in /proc/PID/stat, counted after the command's name


@dataclass(frozen=True)
class ProcessIdentity:
    """A pid and an opaque mark of when that process started, good across reboots."""

    pid: int
    started: str


def identify(*, pid: int) -> ProcessIdentity | None:
    """The process that has `pid` now; None when there is none, or only a zombie."""
    started = _started_on_linux(pid) if _LINUX else _started_by_ps(pid)
    return ProcessIdentity(pid, started) if started else None


def is_running(identity: ProcessIdentity) -> bool:
    """Whether exactly this process still runs; a later one with the same pid does not count."""
    return identify(pid=identity.pid) == identity


def command_line(*, pid: int) -> str:
    """The command and its arguments, joined by spaces; empty when there is no such process."""
    if not _LINUX:
        return _ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def end(identity: ProcessIdentity, *, stop_signal: int, grace_seconds: float) -> None:
    """Ask the process to stop, and kill it and its group if it still runs after the grace.

    Does nothing when that process is gone, whoever has its pid now.
    """
    if not is_running(identity):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(identity.pid, stop_signal)
    if wait_until(lambda: not is_running(identity), seconds=grace_seconds):
        return
    kill_group(identity.pid)
    wait_until(lambda: not is_running(identity), seconds=5)


def kill_group(pid: int) -> None:
    """SIGKILL for everybody in the group that this process leads or led. Gone already is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses for zombies
        os.killpg(pid, signal.SIGKILL)


def seconds_since_process_start() -> float:
    """How long this process has been running. Elsewhere than on Linux: since this file loaded."""
    if not _LINUX:
        return time.monotonic() - _LOADED_AT
    tick = int(_stat(os.getpid())[_START_TICK])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - tick / os.sysconf("SC_CLK_TCK")


def _started_on_linux(pid: int) -> str:
    try:
        fields = _stat(pid)
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, IndexError):
        return ""
    return "" if fields[_STATE] in "ZX" else f"{boot}:{fields[_START_TICK]}"


def _stat(pid: int) -> list[str]:
    # The name stands in brackets and may itself hold spaces and brackets.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _started_by_ps(pid: int) -> str:
    state, _, started = _ps(pid, "stat=,lstart=").partition(" ")
    return "" if state.startswith("Z") else started.strip()


def _ps(pid: int, columns: str) -> str:
    answer = subprocess.run(
        ["ps", "-o", columns, "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
