"""Partitions of the table of candles, one for each year of `start` in UTC."""

from datetime import UTC, datetime

from django.db import connection
from django.db.transaction import atomic
from psycopg import sql

EXISTING = """
SELECT child.relname FROM pg_inherits
JOIN pg_class AS child ON child.oid = inhrelid
WHERE inhparent = 'market_candle'::regclass
"""
# Rows that wait in the default partition would forbid the new one, so they move first.
MAKE = (
    "CREATE TABLE {table} (LIKE market_candle INCLUDING ALL)",
    "WITH moved AS (DELETE FROM market_candle_default WHERE start >= {first} AND start < {end}"
    " RETURNING *) INSERT INTO {table} SELECT * FROM moved",
    "ALTER TABLE market_candle ATTACH PARTITION {table} FOR VALUES FROM ({first}) TO ({end})",
)


def make_candle_partitions(*, first_year: int, last_year: int) -> list[int]:
    """Make the partitions that are missing for these years, both included; returns those made.

    Candles that were stored before their year had a partition are moved into it.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute(EXISTING)
        existing = {name for (name,) in cursor.fetchall()}
        missing = [
            year
            for year in range(first_year, last_year + 1)
            if f"market_candle_{year}" not in existing
        ]
        for year in missing:
            for statement in MAKE:
                cursor.execute(_with_year(statement, year))
    return missing


def _with_year(statement: str, year: int) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier(f"market_candle_{year}"),
        first=sql.Literal(datetime(year, 1, 1, tzinfo=UTC)),
        end=sql.Literal(datetime(year + 1, 1, 1, tzinfo=UTC)),
    )
