"""FARM_HOME: the one folder of a farm, held by one farm at a time."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.register import ProcessRegister

NEEDED_BYTES = 300_000_000  # a new database, its write-ahead log and room to work


class FarmIsRunning(FarmError):
    """Another process holds this home."""

    def __init__(self, *, path: Path, pid: str) -> None:
        super().__init__(
            f"A farm is running in {path} already (process {pid}). Stop it with Ctrl-C in its "
            f"terminal or `kill {pid}`, or set FARM_HOME to another folder and PORT to another "
            "port."
        )


class HomeIsUnusable(FarmError):
    """The folder cannot be made or written."""

    def __init__(self, *, path: Path, reason: str) -> None:
        super().__init__(
            f"FARM_HOME={path} cannot be used: {reason}. Set FARM_HOME to a folder that you may "
            "write, on a local disk.",
            permanent=True,
        )


class DiskIsFull(FarmError):
    """There is no room for the farm's data."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            f"The disk that holds {path} is full: a farm needs {NEEDED_BYTES // 1_000_000} MB. "
            "Free some space, or set FARM_HOME to a folder on another disk."
        )


class FarmHome:
    """A home held by this process. The kernel lets go of it when the process dies."""

    def __init__(self, *, path: Path, lock: int) -> None:
        self.path = path
        self.register = ProcessRegister(path / "processes.json")
        self._lock = lock

    def publish(self, addresses: Mapping[str, str]) -> None:
        """Write down what commands in other terminals need to reach the servers of this farm."""
        file = self.path / "addresses.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(dict(addresses)))

    def release(self) -> None:
        """Let another farm in. Leaves neither lock file nor addresses."""
        (self.path / "addresses.json").unlink(missing_ok=True)
        (self.path / "farm.lock").unlink(missing_ok=True)
        os.close(self._lock)


def take_home(*, path: Path, say: Callable[[str], None] = lambda line: None) -> FarmHome:
    """Make the folder if need be, hold it, and stop what an earlier farm left running in it.

    Raises FarmIsRunning, HomeIsUnusable or DiskIsFull. `say` gets a line for each process stopped.
    """
    path = path.expanduser().resolve()
    with explaining_full_disk(path):
        _make_folder(path)
        home = FarmHome(path=path, lock=_take_lock(path))
        home.register.end_leftovers(say=say)
    if shutil.disk_usage(path).free < NEEDED_BYTES:
        home.release()
        raise DiskIsFull(path=path)
    return home


def running_addresses(*, path: Path) -> dict[str, str]:
    """DATABASE_URL and REDIS_URL of the farm that runs in `path`; empty when none runs there."""
    path = path.expanduser().resolve()
    try:
        with (path / "farm.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _published(path / "addresses.json")
    except OSError:
        pass
    return {}


@contextlib.contextmanager
def explaining_full_disk(path: Path) -> Iterator[None]:
    """Turn the system's "no space left" into DiskIsFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskIsFull(path=path) from error
        raise


def _make_folder(path: Path) -> None:
    # The servers of root run as another account, which must be able to pass through.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise HomeIsUnusable(path=path, reason=error.strerror or str(error)) from error


def _take_lock(path: Path) -> int:
    """An open, locked file with our pid in it."""
    file = path / "farm.lock"
    while True:
        lock = _open_lock(file)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise FarmIsRunning(path=path, pid=holder) from None
        if _is_file_of(lock, file):
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            return lock
        os.close(lock)  # its last holder removed the file between our open and our lock


def _open_lock(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except (PermissionError, IsADirectoryError) as error:
        reason = error.strerror or str(error)
        raise HomeIsUnusable(path=file.parent, reason=reason) from error


def _is_file_of(lock: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), file.stat())
    except FileNotFoundError:
        return False


def _published(file: Path) -> dict[str, str]:
    try:
        return {str(name): str(value) for name, value in json.loads(file.read_text()).items()}
    except (OSError, ValueError):
        return {}
