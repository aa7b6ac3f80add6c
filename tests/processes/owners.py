"""Starting `owner_program.py` and reading what it says."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("owner_program.py")
ROOT = PROGRAM.parents[2]
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}


@dataclass
class Owner:
    """A running owner. `tell` waits for its next line."""

    process: subprocess.Popen[str]

    def tell(self) -> dict[str, Any]:
        stdout = self.process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise AssertionError(f"The owner ended with {self.process.wait()} and said nothing.")
        return dict(json.loads(line))

    def finish(self) -> dict[str, Any]:
        """End its input; what it says last."""
        if self.process.stdin:
            self.process.stdin.close()
        last = self.tell()
        self.process.wait(timeout=30)
        return last

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextlib.contextmanager
def owner(
    *arguments: str | Path,
    python: str = sys.executable,
    user: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Owner]:
    """An owner that is certainly gone at the end, and its children with it."""
    process = subprocess.Popen(
        [python, str(PROGRAM), *map(str, arguments)],
        env={**ENVIRONMENT, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd="/",
    )
    with process:
        try:
            yield Owner(process)
        finally:
            process.terminate()


def listening_tcp_inodes() -> set[str]:
    """Inodes of all TCP sockets of this machine that listen."""
    listening = "0A"
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        if Path(f"/proc/net/{table}").exists()
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[9] for row in rows if row[3] == listening}


def socket_inodes(pid: int) -> set[str]:
    """Inodes of the sockets that a process and its children hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    links = [link for process in (str(pid), *children) for link in _open_files(process)]
    return {link.removeprefix("socket:[")[:-1] for link in links if link.startswith("socket:[")}


def _open_files(pid: str) -> list[str]:
    try:
        return [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:  # it was a short session's process, and is gone
        return []
