"""An app that lets a running farm's processes be struck at named places from outside.

A place is armed by a file of its own in a folder; the process that passes it takes the file away
and kills itself. Without a file nothing happens.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from django.apps import AppConfig

from tests.campaigns.places import FARM
from tests.campaigns.points import install

FOLDER = "CAMPAIGN_ARMED_FOLDER"


class Armed(AppConfig):
    """Only in the settings of a campaign."""

    name = "tests.campaigns"
    label = "armed"

    def ready(self) -> None:
        folder = os.environ.get(FOLDER)
        for number, point in enumerate(FARM if folder else ()):
            if point.needs.value in sys.argv:
                install(point, _striking(Path(str(folder)) / str(number)))


def _striking(armed: Path) -> Callable[[], None]:
    def strike() -> None:
        try:
            armed.unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

    return strike
