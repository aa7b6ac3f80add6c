from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.services.keys import rotate_keys
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.errors import FarmError


class Command(BaseCommand):
    help = (
        "Seal every exchange key with the newest of EXCHANGE_KEYS. Put a new key first, restart"
        " the sender, run this, and then take the old key away."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = rotate_keys(actor=f"shell:{getuser()}", at=SystemClock().now())
        except FarmError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{done.sealed} sealed anew, {done.current} were already.")
