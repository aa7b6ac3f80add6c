"""Processes of a lane: forked, struck at a point or left alone, and waited for."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from django.db import connections

from trading.loop.sender import SendingLoop
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.processes.spawning import dies_with_us

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.02
BAD_END = 70
logger = logging.getLogger(__name__)


class Victim:
    """A child process that does one thing. It dies with its parent."""

    def __init__(self, act: Callable[[], None]) -> None:
        connections.close_all()
        sys.stdout.flush()
        obey = dies_with_us(signal.SIGKILL)
        self.pid = os.fork()
        self._status: int | None = None
        self.is_stopped = False
        if self.pid == 0:
            _be(act, obey)

    @property
    def status(self) -> int | None:
        """None while it runs; negative is the signal that it died of."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and os.WIFSTOPPED(status):
                self.is_stopped = True
            elif pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def freezes(self, *, seconds: float) -> bool:
        """Wait until it has stopped at its point; whether it has."""
        give_up_at = time.monotonic() + seconds
        while self.status is None and not self.is_stopped and time.monotonic() < give_up_at:
            time.sleep(PAUSE_SECONDS)
        return self.is_stopped

    def ends(self, *, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        give_up_at = time.monotonic() + seconds
        while self.status is None and time.monotonic() < give_up_at:
            time.sleep(PAUSE_SECONDS)
        return self.status is not None

    def signal(self, number: signal.Signals) -> None:
        """Nothing when it has ended already."""
        if self.status is None:
            os.kill(self.pid, number)

    def stop(self) -> int:
        """In good order, or else not; its exit status."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        if not self.ends(seconds=PATIENCE_SECONDS):
            self.signal(signal.SIGKILL)
            self.ends(seconds=PATIENCE_SECONDS)
        return self._status if self._status is not None else BAD_END


def _be(act: Callable[[], None], obey: Callable[[], None]) -> None:
    """The child's whole life."""
    status = BAD_END
    try:
        # A group of its own: the kernel wakes the stopped members of one that its shell has left.
        os.setpgid(0, 0)
        obey()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        act()
        status = 0
    except BaseException:
        logger.exception("A process of the campaign fell by itself.")
    finally:
        os._exit(status)


def run_sender() -> None:
    """The sender as `manage.py sender` runs it, until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    SendingLoop(clock=SystemClock(), stopping=stopping.is_set).run()
