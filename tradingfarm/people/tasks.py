from typing import Any

from celery import shared_task

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.services.upkeep import forget_expired


@shared_task(name="people.forget_expired")
def forget(**_: Any) -> None:
    """Runs every hour; missing it costs a little room on disk."""
    forget_expired(at=SystemClock().now())
