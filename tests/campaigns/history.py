"""What a farm decided and traded up to a moment of market time, as one comparable mapping."""

from datetime import datetime

import psycopg

EXECUTIONS = """
SELECT e.id, e.cause_key, e.as_of, e.state, e.context_id, d.outcome, d.hash, d.quantity,
  d.approvals, d.rejections, d.abstentions
FROM agents_execution e LEFT JOIN agents_decision d ON d.execution_id = e.id
WHERE e.as_of <= %s
"""
ORDERS = """
SELECT o.id, o.client_order_id, o.as_of, o.side, o.quantity, o.source, o.state, o.stop_loss,
  o.take_profit, o.reason
FROM trading_order o WHERE o.as_of <= %s
"""
TRADES = """
SELECT t.trade_id, t.as_of, t.quantity, t.price, t.fee FROM trading_papertrade t
WHERE t.as_of <= %s
"""
PARTS = {"execution": EXECUTIONS, "order": ORDERS, "trade": TRADES}


def read_history(connection: psycopg.Connection, *, until: datetime) -> dict[str, object]:
    """Every execution with its decision, every order and every trade up to `until`, by its id."""
    return {
        f"{part} {key}": tuple(str(value) for value in values)
        for part, query in PARTS.items()
        for key, *values in connection.execute(query, [until]).fetchall()
    }


def counted(history: dict[str, object]) -> dict[str, int]:
    """How many of each part there are."""
    names = [key.split()[0] for key in history]
    return {f"{part}s": names.count(part) for part in PARTS}


def prices(history: dict[str, object]) -> dict[str, object]:
    """Of every trade the price alone."""
    place = 2
    return {
        key: value[place]
        for key, value in history.items()
        if key.startswith("trade ") and isinstance(value, tuple)
    }
