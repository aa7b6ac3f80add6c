import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from trading.loop import SendingLoop
from tradingfarm.kernel.clock import SystemClock


class Command(BaseCommand):
    help = "Send approved orders, ingest fills, recover what a crash left. Runs until stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        SendingLoop(clock=SystemClock(), stopping=stopping.is_set).run()
