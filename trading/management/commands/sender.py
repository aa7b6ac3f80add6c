import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from trading.loop.sender import SendingLoop
from tradingfarm.kernel.clock import SystemClock


class Command(BaseCommand):
    help = "Send approved orders, ingest fills, recover what a crash left. Runs until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--exchange", help="Own the accounts of this venue alone; without it, of all."
        )

    def handle(self, *args: Any, exchange: str | None, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        SendingLoop(clock=SystemClock(), stopping=stopping.is_set, exchange=exchange).run()
