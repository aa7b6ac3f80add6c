"""What PostgreSQL did for a query: the kind of plan, the rows it read, what it went through."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection
from django.db.transaction import atomic

Node = Mapping[str, Any]
LARGE = 1_000
SIZES = """
SELECT child.relname, coalesce(parent.relname, child.relname), child.reltuples
FROM pg_class AS child
LEFT JOIN pg_inherits ON inhrelid = child.oid
LEFT JOIN pg_class AS parent ON parent.oid = inhparent
WHERE child.relkind = 'r' AND child.relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Scan:
    """A sequential scan of a large table, with the condition that no index served."""

    table: str
    rows: int
    condition: str
    is_chosen: bool
    """An index would serve, but the planner reads the table: it wants most of it."""


@dataclass(frozen=True)
class Plan:
    """`kind` names the costliest branch, `rows_read` counts what the scans looked at."""

    kind: str
    rows_read: int
    scans: tuple[Scan, ...]


Tables = Mapping[str, tuple[str, int]]
"""The rows of each table or partition, and the name of the whole table."""


def tables() -> Tables:
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return {own: (name, int(rows)) for own, name, rows in cursor.fetchall()}


def explain(sql: str, params: object, known: Tables) -> Plan | None:
    """The plan of a query, which is carried out once more. None for what is no query."""
    if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return None
    top = _planned("ANALYZE, FORMAT JSON", sql, params)
    nodes = list(_nodes(top))
    scanned = [node for node in nodes if _is_large_scan(node, known)]
    unavoidable = _unavoidable(sql, params) if scanned else set()
    return Plan(
        kind=" > ".join(_costliest(top)[-3:]),
        rows_read=sum(_read(node) for node in nodes),
        scans=tuple(_scan(node, known, unavoidable) for node in scanned),
    )


def _planned(how: str, sql: str, params: object) -> Node:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({how}) {sql}", cast("Any", params))
        (answer,) = cursor.fetchone()
    plan: Node = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    return plan


def _unavoidable(sql: str, params: object) -> set[str]:
    """The tables that are read through even where the planner is told to do all it can not to.

    Walking through a whole index and looking at every row is no better, and counts as well.
    """
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        nodes = _nodes(_planned("FORMAT JSON", sql, params))
        return {
            node["Relation Name"]
            for node in nodes
            if "Relation Name" in node and not {"Index Cond", "Recheck Cond"} & node.keys()
        }


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _costliest(node: Node) -> list[str]:
    children = node.get("Plans", ())
    rest = _costliest(max(children, key=_milliseconds)) if children else []
    return [node["Node Type"], *rest]


def _milliseconds(node: Node) -> float:
    return float(node["Actual Total Time"] * node["Actual Loops"])


def _read(node: Node) -> int:
    if "Relation Name" not in node:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


def _is_large_scan(node: Node, known: Tables) -> bool:
    return node["Node Type"] == "Seq Scan" and known[node["Relation Name"]][1] > LARGE


def _scan(node: Node, known: Tables, unavoidable: set[str]) -> Scan:
    name, rows = known[node["Relation Name"]]
    chosen = node["Relation Name"] not in unavoidable
    return Scan(name, rows, str(node.get("Filter", ""))[:160], chosen)
