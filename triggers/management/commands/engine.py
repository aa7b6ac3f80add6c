import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tradingfarm.kernel.clock import SystemClock
from triggers.loop.engine import Engine


class Command(BaseCommand):
    help = (
        "The market loop: plays replays, one at a time, and fires triggers and protections."
        " Several engines share the replays that run; two never advance the same one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--feed", metavar="NAME", help="Play only the replay on this feed.")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        Engine(clock=SystemClock(), stopping=stopping.is_set, feed_name=options["feed"]).run()
