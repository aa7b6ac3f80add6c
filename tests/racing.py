"""Many threads, each with a database connection of its own, let go at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

PATIENCE_SECONDS = 60


def race(number: int, action: Callable[[int], Any]) -> list[Any]:
    """What each thread's `action(0 ... number - 1)` returned, or the exception that it raised."""
    start = threading.Barrier(number, timeout=PATIENCE_SECONDS)

    def run(place: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return action(place)
        except Exception as error:  # noqa: BLE001 - the test judges it
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number), timeout=PATIENCE_SECONDS))
