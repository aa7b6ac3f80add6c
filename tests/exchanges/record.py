"""The append-only log: one line of JSON for everything that happened, in one sequence."""

import json
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

Event = dict[str, Any]


class Record:
    """Writes each event to the file before the call returns, and keeps it in memory as well.

    `at` is monotonic seconds, comparable between processes of one machine until it restarts;
    `wall` is UTC.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None
        self._lock = threading.Lock()
        self._sequence = 0
        self.events: list[Event] = []

    def write(self, event: str, **fields: object) -> None:
        with self._lock:
            self._sequence += 1
            line = json.dumps(
                {
                    "sequence": self._sequence,
                    "at": time.monotonic(),
                    "wall": datetime.fromtimestamp(time.time_ns() / 1e9, UTC).isoformat(),
                    "event": event,
                    **fields,
                },
                default=plain,
            )
            self.events.append(json.loads(line))
            if self._file:
                self._file.write(line + "\n")
                self._file.flush()

    def since(self, sequence: int) -> list[Event]:
        """Every event after this one that memory still holds."""
        with self._lock:
            return [event for event in self.events if event["sequence"] > sequence]

    def begin(self, **fields: object) -> None:
        """Forget what is in memory and write `begin`; the file keeps everything."""
        with self._lock:
            self.events.clear()
        self.write("begin", **fields)

    def close(self) -> None:
        with self._lock:
            if self._file:
                self._file.close()
            self._file = None


def plain(value: object) -> object:
    """Decimals as digits, sets in order; what else JSON does not know is a mistake."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{value!r} has no place in the log.")
