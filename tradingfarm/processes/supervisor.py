"""Runs the farm's processes: order, readiness, logs, new starts after a death, a clean stop."""

import contextlib
import selectors
import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from tradingfarm.processes.identity import seconds_since_process_start
from tradingfarm.processes.logs import Terminal
from tradingfarm.processes.register import ProcessRegister
from tradingfarm.processes.runs import ChildFailed, FarmDidNotGetReady, Hooks, RunReport
from tradingfarm.processes.slots import Slot
from tradingfarm.processes.spawning import Child

TICK_SECONDS = 0.1
DEATHS_BEFORE_READY = 5
READY_TIMEOUT_SECONDS = 120.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Owns its children; servers were started before, are watched, and outlive the run."""

    def __init__(
        self,
        *,
        children: Sequence[Child],
        register: ProcessRegister,
        terminal: Terminal,
        servers: Sequence[Slot] = (),
        hooks: Hooks | None = None,
        ready_timeout_seconds: float = READY_TIMEOUT_SECONDS,
    ) -> None:
        _require_known(children)
        self._slots = [Slot(child=child, register=register) for child in children]
        self._servers = list(servers)
        self._terminal = terminal
        self._hooks = hooks or Hooks()
        self._ready_timeout_seconds = ready_timeout_seconds
        self._stops_asked = 0
        self._done: set[str] = set()
        self._report = RunReport()

    def run(self, *, for_seconds: float | None = None) -> RunReport:
        """Run until a signal, `stop`, or `for_seconds` after ready; then stop the children.

        Only from the main thread. Raises FarmDidNotGetReady or ChildFailed, after the stop.
        """
        with self._signals_caught():
            try:
                self._supervise(for_seconds)
            finally:
                self._stop_children()
                self._count_restarts()
        return self._report

    def stop(self) -> None:
        """Ask the run to end; a second time, to end at once."""
        self._stops_asked += 1

    def _supervise(self, for_seconds: float | None) -> None:
        began_at = look_at = time.monotonic()
        end_at = float("inf")
        while not self._stops_asked and time.monotonic() < end_at:
            self._start_due()
            self._read_output(TICK_SECONDS)
            self._bury_dead()
            if time.monotonic() < look_at:
                continue
            look_at = time.monotonic() + TICK_SECONDS
            if self._report.ready_seconds is None and self._ask_ready(began_at):
                self._announce_ready()
                end_at = time.monotonic() + for_seconds if for_seconds is not None else end_at
            self._hooks.on_tick()

    def _start_due(self) -> None:
        for slot in self._servers + self._slots:
            if slot.process or slot.child.name in self._done or time.monotonic() < slot.due_at:
                continue
            if slot.backoff.deaths:
                slot.restart()
            elif self._may_start(slot.child):
                slot.start()

    def _may_start(self, child: Child) -> bool:
        ready = {slot.child.name for slot in self._slots if slot.is_ready}
        return set(child.after) <= ready

    def _read_output(self, seconds: float) -> None:
        """Pass on what children say, waiting up to `seconds` for it."""
        with selectors.DefaultSelector() as selector:
            for slot in self._slots:
                if slot.output is not None:
                    selector.register(slot.output, selectors.EVENT_READ, slot)
            for key, _ in selector.select(seconds):
                self._show(key.data, key.data.read_lines())

    def _show(self, slot: Slot, lines: Sequence[str]) -> None:
        for line in lines:
            self._terminal.write(name=slot.child.name, line=line, colour=slot.child.colour)

    def _say(self, line: str) -> None:
        self._terminal.write(name="farm", line=line)

    def _bury_dead(self) -> None:
        for slot in self._servers + self._slots:
            if slot.process and not slot.is_running:
                self._bury(slot)

    def _bury(self, slot: Slot) -> None:
        self._show(slot, slot.read_lines() + slot.close_output())
        status, name = slot.note_death(), slot.child.name
        if slot.child.restart:
            self._say(f"{name} ended ({status}); starts again in {slot.backoff.wait_seconds:g} s")
        elif status == 0:
            self._done.add(name)
            slot.is_ready = True
        else:
            raise ChildFailed(f"{name} ended with status {status}. Its last lines are above.")
        if not slot.is_ready and slot.backoff.deaths >= DEATHS_BEFORE_READY:
            raise FarmDidNotGetReady(
                f"{name} died {slot.backoff.deaths} times before it was ready. "
                "Its last lines are above."
            )

    def _ask_ready(self, began_at: float) -> bool:
        waiting = [slot.child.name for slot in self._slots if not slot.ask_ready()]
        if waiting and time.monotonic() - began_at > self._ready_timeout_seconds:
            raise FarmDidNotGetReady(
                f"Not ready after {self._ready_timeout_seconds:g} s: {', '.join(waiting)}."
            )
        return not waiting

    def _announce_ready(self) -> None:
        self._report.ready_seconds = seconds_since_process_start()
        self._hooks.on_ready(self._report.ready_seconds)

    def _stop_children(self) -> None:
        """Those that lean on others first; who leans on nobody else stops at the same time."""
        while running := [slot for slot in self._slots if slot.process]:
            leant_on = {name for slot in running for name in slot.child.after}
            wave = [slot for slot in reversed(running) if slot.child.name not in leant_on]
            self._stop_wave(wave or running)

    def _stop_wave(self, wave: Sequence[Slot]) -> None:
        asked_at, killed = time.monotonic(), set[str]()
        for slot in wave:
            slot.ask_to_stop()
        while any(slot.process for slot in wave):
            self._read_output(TICK_SECONDS / 2)
            for slot in (slot for slot in wave if slot.process):
                if not slot.is_running:
                    self._note_stop(slot)
                elif self._is_impatient(slot, asked_at) and slot.child.name not in killed:
                    self._say(f"{slot.child.name} does not stop; killed")
                    slot.kill()
                    killed.add(slot.child.name)

    def _is_impatient(self, slot: Slot, asked_at: float) -> bool:
        return self._stops_asked > 1 or time.monotonic() - asked_at > slot.child.grace_seconds

    def _note_stop(self, slot: Slot) -> None:
        self._show(slot, slot.read_lines() + slot.close_output())
        status = slot.note_death()
        self._report.statuses[slot.child.name] = status
        if not slot.ended_cleanly(status):
            self._report.unclean.append(slot.child.name)
            self._say(f"{slot.child.name} stopped with status {status}")

    def _count_restarts(self) -> None:
        for slot in self._servers + self._slots:
            self._report.restarts[slot.child.name] = slot.restarts

    @contextlib.contextmanager
    def _signals_caught(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()
        if self._stops_asked == 1:
            self._say("stopping; once more to hurry")


def _require_known(children: Sequence[Child]) -> None:
    names = {child.name for child in children}
    for child in children:
        if unknown := set(child.after) - names:
            raise ValueError(
                f"{child.name} waits for {', '.join(sorted(unknown))}: no such child."
            )
