"""Which locks of an account code takes, in their order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from trading.services.barrier import STOP


@contextmanager
def locks_taken() -> Iterator[list[str]]:
    """The barrier of the stop when it is owned, and rows, as they are asked for."""
    taken: list[str] = []

    def watched(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        keys = params.values() if isinstance(params, dict) else params
        if "pg_advisory_xact_lock(" in sql and STOP in keys:
            taken.append("barrier")
        if "FOR NO KEY UPDATE" in sql:
            taken.append("row")
        return execute(sql, params, *rest)

    with connection.execute_wrapper(watched):
        yield taken
