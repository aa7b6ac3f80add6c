"""What an embedded server is to the rest: something that starts, answers and has an address."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.folders import ServerFolder
from tradingfarm.processes.home import DiskIsFull
from tradingfarm.processes.register import ProcessRegister
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.waiting import wait_until

_NO_SPACE = ("No space left on device", "Check free disk space")


class ServerDidNotStart(FarmError):
    """An embedded server ended or stayed silent while starting."""

    def __init__(self, *, name: str, log: Path, tail: str) -> None:
        super().__init__(f"The embedded {name} did not start. Its log, {log}, ends with:\n{tail}")


@dataclass(frozen=True)
class ServerPlace:
    """Where a server lives, is written down, and leaves its log."""

    folder: ServerFolder
    register: ProcessRegister
    logs: Path


@dataclass(frozen=True)
class EmbeddedServer:
    """A server of ours, prepared. `variable` is the setting that takes `url`."""

    slot: Slot
    variable: str
    url: str
    answers: Callable[[], bool]
    ready_seconds: float
    log: Path

    def wait(self) -> None:
        """Wait until the started server answers. Raises ServerDidNotStart or DiskIsFull."""
        slot = self.slot
        wait_until(lambda: not slot.is_running or self.answers(), seconds=self.ready_seconds)
        slot.is_ready = slot.is_running and self.answers()
        if slot.is_ready:
            return
        slot.stop()
        tail = log_tail(log=self.log)
        if tells_of_full_disk(tail):
            raise DiskIsFull(path=self.log.parent)
        raise ServerDidNotStart(name=slot.child.name, log=self.log, tail=tail)


def tells_of_full_disk(text: str) -> bool:
    """Whether a server's words mean that the disk is full."""
    return any(words in text for words in _NO_SPACE)


def log_tail(*, log: Path, lines: int = 12) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
