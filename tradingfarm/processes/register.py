"""The list of processes that a farm has started, for whoever has to clean up after it."""

import json
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tradingfarm.processes.identity import ProcessIdentity, end, is_running


@dataclass(frozen=True)
class Entry:
    """One process and how it wants to be stopped."""

    name: str
    identity: ProcessIdentity
    stop_signal: int
    grace_seconds: float


class ProcessRegister:
    """Entries in a file that is replaced as a whole. Only the holder of the home writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read(path)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is written down, oldest first."""
        return tuple(self._entries.values())

    def add(self, entry: Entry) -> None:
        """Write a process down, in place of an earlier one of the same name."""
        self._entries[entry.name] = entry
        self._write()

    def remove(self, *, name: str) -> None:
        """Cross out a process that has ended."""
        if self._entries.pop(name, None):
            self._write()

    def end_leftovers(self, *, say: Callable[[str], None]) -> None:
        """Stop what an earlier farm left running, newest first, and empty the list."""
        for entry in reversed(self._entries.values()):
            if is_running(entry.identity):
                say(f"stopping {entry.name} of an earlier run (process {entry.identity.pid})")
                end(
                    entry.identity,
                    stop_signal=entry.stop_signal,
                    grace_seconds=entry.grace_seconds,
                )
        self._entries.clear()
        self._write()

    def _write(self) -> None:
        if not self._entries:
            self._path.unlink(missing_ok=True)
            return
        fresh = self._path.with_suffix(".new")
        rows = [asdict(entry) for entry in self._entries.values()]
        fresh.write_text(json.dumps({"file": str(self._path), "processes": rows}))
        fresh.replace(self._path)


def _read(path: Path) -> dict[str, Entry]:
    """What the file lists. One that makes no sense, or is a copy from elsewhere, lists nothing."""
    try:
        content = json.loads(path.read_text())
        if content["file"] != str(path):
            return {}
        return {row["name"]: _entry(row) for row in content["processes"]}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}


def _entry(row: dict[str, object]) -> Entry:
    identity = row["identity"]
    if not isinstance(identity, dict):
        raise TypeError("An entry names its process by pid and start.")
    return Entry(
        name=str(row["name"]),
        identity=ProcessIdentity(int(identity["pid"]), str(identity["started"])),
        stop_signal=signal.Signals(int(str(row["stop_signal"]))),
        grace_seconds=float(str(row["grace_seconds"])),
    )
