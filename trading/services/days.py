"""The trading day of an account: its counters begin anew with each date in the account's zone.

No midnight job resets anything. The engine rolls a feed's accounts before it stores the first
quotes of a new day, so that the gap of the night counts for the new day; a decision rolls what was
missed.
"""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from trading.selectors.books import LockedAccount
from tradingfarm.kernel.statements import Values

# A clock that steps back never re-opens a day: only a later date rolls.
ROLL_ACCOUNTS = """
UPDATE trading_account a SET
  day = (%(now)s AT TIME ZONE a.time_zone)::date,
  day_start_equity = a.cash + coalesce((
    SELECT sum(coalesce(p.quantity * q.last, p.cost))
    FROM trading_position p LEFT JOIN market_quote q
      ON q.instrument_id = p.instrument_id AND q.feed_id = a.feed_id
    WHERE p.account_id = a.id AND p.quantity > 0), 0)
WHERE {which} AND (a.day IS NULL OR a.day < (%(now)s AT TIME ZONE a.time_zone)::date)
RETURNING a.id, a.day, a.day_start_equity
"""
ROLL_PERMISSIONS = """
UPDATE trading_permission m SET day = a.day, entries_today = 0, day_start_pnl = coalesce((
    SELECT sum(s.realised + coalesce(s.quantity * q.last, s.cost) - s.cost)
    FROM trading_positionshare s
    JOIN trading_position p ON p.id = s.position_id
    LEFT JOIN market_quote q ON q.instrument_id = p.instrument_id AND q.feed_id = a.feed_id
    WHERE s.permission_id = m.id), 0)
FROM trading_account a WHERE a.id = m.account_id AND a.id = ANY(%(accounts)s)
"""


def roll_days(*, feed_name: str, now: datetime) -> int:
    """Begin the day of market time `now` on every account of the feed; returns how many rolled.

    Runs inside the caller's transaction, before the new day's first quotes are stored.
    """
    return len(_roll("a.feed_id = %(feed)s", {"now": now, "feed": feed_name}))


def roll_account(*, account: LockedAccount, now: datetime) -> LockedAccount:
    """The locked account, on the day of `now`. Does nothing on the day that it is on already."""
    if not account.day_has_ended:
        return account
    rows = _roll("a.id = %(account)s", {"now": now, "account": account.id})
    _, day, equity = rows[0]
    return replace(account, day=day, day_start_equity=equity)


def _roll(which: str, values: Values) -> list[tuple[UUID, date, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(ROLL_ACCOUNTS.format(which=which), values)
        rows: list[tuple[UUID, date, Decimal]] = cursor.fetchall()
        if rows:
            cursor.execute(ROLL_PERMISSIONS, {"accounts": [row[0] for row in rows]})
    return rows
