"""Reads an account's tables as they are, by plain SQL: nothing of the farm is trusted here."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from tests.campaigns.rows import Fill, Order, PaperOrder, PaperTrade, Share, Tables
from trading.domain.ledger import Lot

Row = TypeVar("Row")

PAPER_ORDERS = """
SELECT id AS number, client_order_id, instrument_key AS instrument, side, quantity, worst_price,
  fee_rate, state, placed_at
FROM trading_paperorder WHERE account_key = %s ORDER BY id
"""
PAPER_TRADES = """
SELECT t.id AS number, o.client_order_id, t.trade_id, o.instrument_key AS instrument, o.side,
  t.quantity, t.price, t.fee, t.at
FROM trading_papertrade t JOIN trading_paperorder o ON o.id = t.order_id
WHERE o.account_key = %s ORDER BY t.id
"""
ORDERS = """
SELECT client_order_id, intent_key, source, instrument_id AS instrument, side, quantity, state,
  permission_id AS permission, decision_id AS decision, filled_quantity, reserved_cash,
  attempt_at AS claimed_at
FROM trading_order WHERE account_id = %s ORDER BY approved_at, id
"""
FILLS = """
SELECT f.id AS number, o.client_order_id, f.trade_id, f.quantity, f.price, f.fee
FROM trading_fill f JOIN trading_order o ON o.id = f.order_id
WHERE f.account_id = %s ORDER BY f.id
"""
SHARES = """
SELECT p.instrument_id AS instrument, s.permission_id AS permission, s.quantity,
  s.reserved_quantity AS reserved
FROM trading_positionshare s JOIN trading_position p ON p.id = s.position_id
WHERE p.account_id = %s ORDER BY s.id
"""
POSITIONS = """
SELECT instrument_id, quantity, cost, realised, fees FROM trading_position WHERE account_id = %s
"""
FROM_AT_WORK = """
FROM trading_order WHERE state IN
  ('APPROVED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
"""
AT_WORK = f"SELECT count(*) {FROM_AT_WORK}"
STATES_AT_WORK = f"SELECT DISTINCT state {FROM_AT_WORK}"


def connect(url: str) -> psycopg.Connection:
    """A connection of the judge's own, in UTC."""
    return psycopg.connect(url, autocommit=True, options="-c TimeZone=UTC")


def read_accounts(connection: psycopg.Connection) -> dict[UUID, str]:
    """The name of every paper account, by id."""
    rows = connection.execute("SELECT id, name FROM trading_account WHERE kind = 'paper'")
    return {key: str(name) for key, name in rows.fetchall()}


def read_tables(connection: psycopg.Connection, account: UUID) -> Tables:
    """Everything that is stored of one account, in one snapshot."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        name, cash, reserved = one(
            connection, "SELECT name, cash, reserved FROM trading_account WHERE id = %s", account
        )
        movements = connection.execute(
            "SELECT amount FROM trading_cashmovement WHERE account_id = %s", [account]
        )
        positions = connection.execute(POSITIONS, [account]).fetchall()
        return Tables(
            account=name,
            cash=cash,
            reserved=reserved,
            movements=[amount for (amount,) in movements.fetchall()],
            positions={key: Lot(*numbers) for key, *numbers in positions},
            shares=rows(connection, Share, SHARES, account),
            orders=rows(connection, Order, ORDERS, account),
            fills=rows(connection, Fill, FILLS, account),
            paper_orders=rows(connection, PaperOrder, PAPER_ORDERS, account),
            paper_trades=rows(connection, PaperTrade, PAPER_TRADES, account),
        )


def rows(
    connection: psycopg.Connection, kind: type[Row], query: str, *values: object
) -> Sequence[Row]:
    """All rows of a query whose columns are named as the fields of `kind`."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, values).fetchall()


def one(connection: psycopg.Connection, query: str, *values: object) -> tuple[Any, ...]:
    """The only row of a query. Raises LookupError when there is none."""
    row = connection.execute(query, values).fetchone()
    if row is None:
        raise LookupError(f"No row for: {query}")
    return row


def count(connection: psycopg.Connection, query: str, *values: object) -> int:
    """The only number of a query."""
    return int(one(connection, query, *values)[0])


def orders_at_work(connection: psycopg.Connection) -> int:
    """Orders of all accounts that have not ended."""
    return count(connection, AT_WORK)


def states_at_work(connection: psycopg.Connection) -> set[str]:
    """The states of all orders that have not ended."""
    return {str(state) for (state,) in connection.execute(STATES_AT_WORK).fetchall()}


def deadlocks(connection: psycopg.Connection) -> int:
    """Deadlocks that the server has broken in this database since it was made."""
    return count(
        connection, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
