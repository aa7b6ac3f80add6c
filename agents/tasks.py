"""Doorbells of the agents: which execution to think about, and a sweep for those nobody heard.

Measuring how they did is upkeep: it has no name of theirs, so that it waits in no queue of theirs.
"""

import itertools
import os
import socket
from typing import Any
from uuid import UUID

from celery import shared_task

from agents.loop.asking import Runtime
from agents.loop.thinking import think as think_through
from agents.selectors.executions import waiting
from agents.services.endings import TASK
from agents.services.measuring import measure_due
from agents.services.sessions import stop_losers
from agents.worlds import provider_named
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.wake import ring

CLAIMS = itertools.count(1)
LONGEST_HOST = 30


@shared_task(name=TASK)
def think(*, row_id: str, **_: Any) -> None:
    """Bring one execution to its end, if it waits. Ringing twice or late harms nothing."""
    owner = f"{socket.gethostname()[:LONGEST_HOST]}:{os.getpid()}:{next(CLAIMS)}"
    runtime = Runtime(clock=SystemClock(), provider_named=provider_named, owner=owner)
    think_through(execution_id=UUID(row_id), runtime=runtime)


@shared_task(name="agents.sweep")
def sweep(**_: Any) -> None:
    """Ring for every execution that waits unheard or whose lease was lost; stop who lost a lot."""
    stop_losers(at=SystemClock().now())
    for execution_id in waiting(at=SystemClock().now()):
        ring(TASK, row_id=execution_id)


@shared_task(name="performance.measure")
def measure(**_: Any) -> None:
    """Runs every minute: how accounts and agents did, where something is new."""
    measure_due(at=SystemClock().now())
