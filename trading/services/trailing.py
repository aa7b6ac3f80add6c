"""Trailing stops that follow the price up: one statement stores all that rose in a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection

from tradingfarm.kernel.statements import Values

# No lock of an account: nothing here loosens, a row that a transaction holds is left to the next
# step, and one whose percent was changed meanwhile is left as it is until it has been read again.
RAISE = """
WITH rise AS (
  SELECT * FROM unnest(%(ids)s::uuid[], %(percents)s::numeric[], %(highs)s::numeric[],
                       %(prices)s::numeric[]) AS r(id, percent, highest, price)
), mine AS (
  SELECT p.id, r.highest, greatest(r.price, p.price) AS price
  FROM trading_protection p JOIN rise r ON r.id = p.id
  WHERE p.state = 'ARMED' AND p.trailing_pct = r.percent AND p.highest < r.highest
  ORDER BY p.id FOR NO KEY UPDATE OF p SKIP LOCKED
)
UPDATE trading_protection p SET highest = mine.highest, price = mine.price
FROM mine WHERE p.id = mine.id RETURNING p.id
"""


@dataclass(frozen=True)
class Rise:
    """A trailing stop after a new high: the percent that it was reckoned with, and both prices."""

    protection_id: UUID
    percent: Decimal
    highest: Decimal
    price: Decimal


def raise_stops(*, rises: Sequence[Rise]) -> set[UUID]:
    """Store all of them by one statement; returns those that rose. None ever falls."""
    values: Values = {
        "ids": [rise.protection_id for rise in rises],
        "percents": [rise.percent for rise in rises],
        "highs": [rise.highest for rise in rises],
        "prices": [rise.price for rise in rises],
    }
    with connection.cursor() as cursor:
        cursor.execute(RAISE, values)
        return {row[0] for row in cursor.fetchall()}
