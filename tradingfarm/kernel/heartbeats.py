"""What each process of the farm says of itself, so that readiness can be asked of the database."""

import os
from datetime import datetime, timedelta

from tradingfarm.kernel.models import Heartbeat

FRESH = timedelta(seconds=15)


def beat(*, process: str, now: datetime) -> None:
    """Say that `process` (this one) is alive at `now`, wall time."""
    Heartbeat.objects.update_or_create(
        process=process, defaults={"pid": os.getpid(), "at": now, "detail": {}}
    )


def is_alive(*, process: str, pid: int, now: datetime) -> bool:
    """Whether exactly this process id has spoken for `process` within the last 15 seconds."""
    return Heartbeat.objects.filter(process=process, pid=pid, at__gte=now - FRESH).exists()
