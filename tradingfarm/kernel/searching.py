"""What a stream of the journal holds, found by its indexes alone, however many events it has."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

SKEW = timedelta(days=1)
"""By how much the wall times of two events may contradict their order: clocks are set back."""

# Each step jumps to the next kind or actor: as many index probes as there are of them.
KINDS = """
WITH RECURSIVE found AS (
  (SELECT kind FROM journal_event WHERE stream = %(stream)s ORDER BY kind LIMIT 1)
  UNION ALL
  SELECT (SELECT kind FROM journal_event WHERE stream = %(stream)s AND kind > found.kind
          ORDER BY kind LIMIT 1)
  FROM found WHERE found.kind IS NOT NULL
) SELECT kind FROM found WHERE kind IS NOT NULL
"""
ACTORS = """
WITH RECURSIVE found AS (
  (SELECT actor FROM journal_event WHERE stream = %(stream)s ORDER BY actor LIMIT 1)
  UNION ALL
  SELECT (SELECT actor FROM journal_event WHERE stream = %(stream)s AND actor > found.actor
          ORDER BY actor LIMIT 1)
  FROM found WHERE found.actor IS NOT NULL
) SELECT actor FROM found WHERE actor IS NOT NULL
"""
KINDS_OF_ACTORS = """
SELECT asked.actor, did.kind FROM unnest(%(actors)s::text[]) AS asked(actor), LATERAL (
  WITH RECURSIVE found AS (
    (SELECT kind FROM journal_event WHERE stream = %(stream)s AND actor = asked.actor
     ORDER BY kind LIMIT 1)
    UNION ALL
    SELECT (SELECT kind FROM journal_event WHERE stream = %(stream)s AND actor = asked.actor
            AND kind > found.kind ORDER BY kind LIMIT 1)
    FROM found WHERE found.kind IS NOT NULL
  ) SELECT kind FROM found WHERE kind IS NOT NULL
) AS did ORDER BY 1, 2
"""
BOUNDS = """
SELECT
  (SELECT seq FROM journal_event WHERE stream = %(stream)s AND at < %(since)s::timestamptz
   ORDER BY at DESC LIMIT 1),
  (SELECT seq FROM journal_event WHERE stream = %(stream)s AND at >= %(until)s::timestamptz
   ORDER BY at LIMIT 1)
"""


def kinds_in(*, stream: str) -> list[str]:
    """The kinds that a stream has, in order."""
    return [row[0] for row in _rows(KINDS, stream=stream)]


def actors_in(*, stream: str) -> list[str]:
    """The actors that a stream names, in order."""
    return [row[0] for row in _rows(ACTORS, stream=stream)]


def deeds_in(*, stream: str, actors: Sequence[str]) -> list[tuple[str, str]]:
    """What these actors did in a stream, as pairs of actor and kind, in order."""
    return _rows(KINDS_OF_ACTORS, stream=stream, actors=list(actors))


def bounds_of(
    *, stream: str, since: datetime | None, until: datetime | None
) -> tuple[int | None, int | None]:
    """Sequence numbers between which, both left out, all events from `since` to `until` lie.

    Of wall time, `until` left out; None where there is no bound. They are a day wider than asked
    for, so that no clock that was set back by less hides an event.
    """
    ((after, before),) = _rows(
        BOUNDS,
        stream=stream,
        since=since - SKEW if since else None,
        until=until + SKEW if until else None,
    )
    return after, before


def _rows(statement: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
