from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tradingfarm.kernel.journal import verify
from tradingfarm.kernel.models import JournalStream


class Command(BaseCommand):
    help = "Walk every stream of the journal and name the first broken link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", nargs="?", help="One stream only, such as farm.")

    def handle(self, *args: Any, stream: str | None, **options: Any) -> None:
        streams = JournalStream.objects.order_by("name")
        if stream is not None:
            streams = streams.filter(name=stream)
            if not streams:
                raise CommandError(f"There is no stream {stream!r}.")
        events = 0
        for head in streams:
            if broken := verify(head):
                raise CommandError(f"{broken.stream} breaks at {broken.seq}: {broken.problem}.")
            events += head.seq
        self.stdout.write(f"{events} events in {len(streams)} streams: every link holds.")
