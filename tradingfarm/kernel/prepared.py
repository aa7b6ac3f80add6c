"""Statements of the hot path: planned once for each connection, not at every decision.

Planning the gate's two large statements takes longer than carrying them out, and quoting a long
journal entry into the text longer than appending it. Elsewhere Django fills values into the text
of a statement, which cannot be prepared.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg.rows import namedtuple_row

from tradingfarm.kernel.statements import Values

Row = Any
"""A named tuple: its fields are the columns of the statement."""
NAMED = re.compile(r"%\((\w+)\)s")


class PreparedCursor(psycopg.RawCursor[Row]):
    """Sends values beside the statement, which the server keeps for the next time."""

    keeps = True

    def execute(self, statement: str, values: Values, **options: Any) -> "PreparedCursor":  # type: ignore[override]  # values have names here
        text, names = numbered(statement)
        super().execute(text, [values[name] for name in names], **options, prepare=self.keeps)
        return self


@cache
def numbered(statement: str) -> tuple[str, tuple[str, ...]]:
    """A statement with $1, $2 and so on for its named values, and their names in that order.

    Once for each statement: psycopg would take the long ones apart at every execution.
    """
    names = tuple(dict.fromkeys(NAMED.findall(statement)))
    places = {name: f"${place}" for place, name in enumerate(names, start=1)}
    return NAMED.sub(lambda found: places[found[1]], statement), names


@contextmanager
def prepared() -> Iterator[CursorWrapper]:
    """A cursor whose statements are prepared and whose rows have names.

    For code with a transaction open. Django's wrappers see its statements as any others.
    """
    with PreparedCursor(connection.connection, row_factory=namedtuple_row) as opened:
        cursor, logged = cast("CursorWrapper", opened), connection.queries_logged
        # Of a statement that the server keeps, Django's log of queries would not know the text.
        opened.keeps = not logged
        yield connection.make_debug_cursor(cursor) if logged else connection.make_cursor(cursor)
