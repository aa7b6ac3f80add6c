#!/usr/bin/env python
"""Django's command line for the farm: `python manage.py farm` starts everything."""

import os
import sys

from django.core.management import execute_from_command_line

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.start import join_farm, start_farm, to_stderr


def main(argv: list[str]) -> int:
    """Start or find the embedded servers where none is configured, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")
    if argv[1:2] != ["farm"]:
        join_farm(environ=os.environ)
        execute_from_command_line(argv)
        return 0
    try:
        started = start_farm(argv=argv[2:], environ=os.environ, say=to_stderr)
    except FarmError as error:
        to_stderr(error.message)
        return 1
    try:
        execute_from_command_line(argv)
    finally:
        started.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
