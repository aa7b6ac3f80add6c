from typing import Any

from celery import shared_task

from tradingfarm.kernel.clock import SystemClock
from triggers import services


@shared_task(name="triggers.fire_due")
def fire_due(**_: Any) -> None:
    """Runs every five seconds: time triggers on wall time."""
    services.fire_due(now=SystemClock().now())


@shared_task(name="triggers.fire_unheld")
def fire_unheld(**_: Any) -> None:
    """Runs every five seconds: price triggers of feeds that no engine holds."""
    services.fire_unheld(now=SystemClock().now())
