"""One child through its lives: started, ready, dead, started again, stopped."""

import os
import signal
import subprocess
import time

from tradingfarm.processes.backoff import Backoff
from tradingfarm.processes.identity import identify, kill_group
from tradingfarm.processes.logs import LineAssembler
from tradingfarm.processes.register import Entry, ProcessRegister
from tradingfarm.processes.spawning import Child, spawn

_PIECE = 65_536


class Slot:
    """Holds the current process of a child and what is known of the earlier ones."""

    def __init__(self, *, child: Child, register: ProcessRegister) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.is_ready = False
        self.backoff = Backoff()
        self.due_at = 0.0  # monotonic; when it may start (again)
        self._register = register
        self._started_at = 0.0
        self._lines = LineAssembler()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def output(self) -> int | None:
        """The descriptor to read the child's output from, while there is one."""
        pipe = self.process.stdout if self.process else None
        return pipe.fileno() if pipe and not pipe.closed else None

    def start(self) -> None:
        """Start the child's process and write it down."""
        self.process = spawn(self.child)
        self._started_at = time.monotonic()
        if self.output is not None:
            os.set_blocking(self.output, False)
        identity = identify(pid=self.process.pid)
        if identity:
            self._register.add(
                Entry(self.child.name, identity, self.child.stop_signal, self.child.grace_seconds)
            )

    def read_lines(self) -> list[str]:
        """Lines that have arrived. Never blocks; closes the pipe at its end."""
        lines: list[str] = []
        while (output := self.output) is not None:
            try:
                piece = os.read(output, _PIECE)
            except BlockingIOError:
                break
            if not piece:
                return lines + self.close_output()
            lines += self._lines.feed(piece)
        return lines

    def close_output(self) -> list[str]:
        """Stop reading, also when a grandchild holds the pipe. Returns a last line without end."""
        if self.process and self.process.stdout:
            self.process.stdout.close()
        return self._lines.finish()

    def ask_ready(self) -> bool:
        """Ask the child's own probe, until it has said yes once."""
        if not self.is_ready and self.process and self.is_running:
            self.is_ready = self.child.ready is None or self.child.ready(self.process.pid)
        return self.is_ready

    def note_death(self) -> int:
        """Take leave of a process that ended: kill its group's rest, plan the next life.

        Returns the exit status, negative for a signal.
        """
        process = self._require_process()
        status = process.wait()
        self.close_output()
        kill_group(process.pid)
        self._register.remove(name=self.child.name)
        now = time.monotonic()
        self.backoff = self.backoff.after_death(lived_seconds=now - self._started_at)
        self.due_at = now + self.backoff.wait_seconds
        self.process = None
        return status

    def restart(self) -> None:
        """Start again after a death, counted."""
        self.restarts += 1
        self.start()

    def ask_to_stop(self) -> None:
        """Send the child's own stop signal."""
        self._require_process().send_signal(self.child.stop_signal)

    def kill(self) -> None:
        """End the child's whole group at once."""
        kill_group(self._require_process().pid)

    def stop(self) -> int:
        """Ask, wait for the grace, kill if need be; for a child that no supervisor watches.

        Returns the exit status; 0 when nothing was running.
        """
        if self.process is None:
            return 0
        self.ask_to_stop()
        try:
            self.process.wait(timeout=self.child.grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.note_death()

    def ended_cleanly(self, status: int) -> bool:
        """Whether a stopped child's status is one that its stop signal explains."""
        return status in clean_statuses(self.child.stop_signal)

    def _require_process(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError(f"{self.child.name} has no process.")
        return self.process


def clean_statuses(stop_signal: signal.Signals) -> tuple[int, int, int]:
    """Statuses of a process that obeyed: 0, killed by the signal, or the shell's 128 + signal."""
    return (0, -stop_signal, 128 + stop_signal)
