"""Waiting for other processes, by looking again until a deadline."""

import time
from collections.abc import Callable

from tradingfarm.kernel.clock import SystemClock


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """True as soon as `condition` holds, False when it still does not after `seconds`."""
    clock, deadline = SystemClock(), time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        clock.sleep(pause)
    return True
