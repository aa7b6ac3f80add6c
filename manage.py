#!/usr/bin/env python
"""Django's command line for the farm: `python manage.py farm` starts everything."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from tradingfarm.kernel.errors import FarmError
from tradingfarm.processes.start import farm_home, join_farm, start_farm, to_stderr


def main(argv: list[str]) -> int:
    """Start or find the embedded servers where none is configured, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradingfarm.settings")
    if argv[1:2] != ["farm"]:
        join_farm(environ=os.environ)
        return execute(argv)
    try:
        started = start_farm(argv=argv[2:], environ=os.environ, say=to_stderr)
    except FarmError as error:
        to_stderr(error.message)
        return 1
    try:
        return execute(argv)
    finally:
        started.stop()


def execute(argv: list[str]) -> int:
    """Run the command; what is missing in the environment is said in a line, not in a trace."""
    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as error:
        to_stderr(
            f"{error} No farm runs in {farm_home(os.environ)} that could be joined: start it"
        )
        to_stderr("with `make run`, or set DATABASE_URL, REDIS_URL and SECRET_KEY.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
