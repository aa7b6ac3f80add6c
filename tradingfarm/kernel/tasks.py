from typing import Any

from celery import shared_task
from celery.signals import beat_init, worker_ready

from tradingfarm.kernel import heartbeats
from tradingfarm.kernel.clock import SystemClock


@shared_task(name="tradingfarm.heartbeat")
def say_alive(**_: Any) -> None:
    """Runs every five seconds: proves that beat, the broker and a worker work together."""
    heartbeats.beat(process="worker", now=SystemClock().now())


@worker_ready.connect
def _worker_is_ready(**_: Any) -> None:
    heartbeats.beat(process="worker", now=SystemClock().now())


@beat_init.connect
def _beat_is_ready(**_: Any) -> None:
    heartbeats.beat(process="beat", now=SystemClock().now())
