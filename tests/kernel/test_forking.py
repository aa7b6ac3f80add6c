"""A process that is forked rings its own doorbells, whatever its parent was doing just then.

Only the thread that forks lives on in the child; a lock that another one held would stay held.
"""

import multiprocessing
import threading
from collections.abc import Callable

import pytest

from tradingfarm.kernel.live import announcer
from tradingfarm.kernel.wake import Doorbell, ringer

PATIENCE_SECONDS = 10.0
RINGING: tuple[tuple[object, Callable[[], None]], ...] = (
    (announcer, lambda: announcer.put(["stream:farm"])),
    (ringer, lambda: ringer.put(Doorbell("agents.think", "7"))),
)


@pytest.mark.parametrize(("bells", "ring"), RINGING, ids=["pages", "workers"])
def test_a_forked_process_does_not_wait_for_a_thread_that_it_does_not_have(
    bells: object, ring: Callable[[], None]
) -> None:
    child = multiprocessing.get_context("fork").Process(target=ring)
    with _lock_of(bells):
        child.start()

    child.join(PATIENCE_SECONDS)
    hung = child.exitcode is None
    if hung:
        child.kill()
        child.join()

    assert not hung
    assert child.exitcode == 0


def _lock_of(bells: object) -> threading.Lock:
    """Held here as the thread that rings would hold it."""
    lock: threading.Lock = vars(bells)["_lock"]
    return lock
