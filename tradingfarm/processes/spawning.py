"""Starting a process that dies with the one that started it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tradingfarm.processes.accounts import ServerAccount

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_LOG_BYTES = 5_000_000


@dataclass(frozen=True)
class Child:
    """What to run and how to treat it.

    `ready` is asked with the process id until it says True; without it a child is ready once it
    runs. `after` names children that must be ready first and stop later. A child that is not to be
    restarted has done its work when it ends with status 0; any other end stops the farm.
    `log` is a file for its output; without one the supervisor reads the output itself.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    colour: str = ""
    ready: Callable[[int], bool] | None = None
    after: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10
    restart: bool = True
    cwd: Path = Path("/")
    account: ServerAccount | None = None
    log: Path | None = None


def spawn(child: Child) -> subprocess.Popen[bytes]:
    """Start the child in a session of its own. Call this from the main thread.

    On Linux the child gets its stop signal when the *thread* that started it ends, which for the
    main thread means: when we die, even by SIGKILL.
    """
    if child.log is None:
        return _popen(child, subprocess.PIPE)
    with _open_log(child.log) as log:
        return _popen(child, log)


def dies_with_us(death_signal: int) -> Callable[[], None]:
    """For `preexec_fn`: asks the kernel for `death_signal` when the starting thread is gone."""
    parent = os.getpid()

    def arrange() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel was asked
            os._exit(1)

    return arrange


def _popen(child: Child, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
    account = child.account
    return subprocess.Popen(
        child.argv,
        env=dict(child.env),
        cwd=child.cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=dies_with_us(child.stop_signal),
    )


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
