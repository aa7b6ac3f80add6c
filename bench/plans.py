"""What PostgreSQL did for a query: the kind of plan, the rows it read, what it went through."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection

Node = Mapping[str, Any]
LARGE = 1_000
SIZES = """
SELECT child.relname, coalesce(parent.relname, child.relname),
       sum(child.reltuples) OVER (PARTITION BY coalesce(parent.relname, child.relname))
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


@dataclass(frozen=True)
class Plan:
    """`kind` names the costliest branch, `rows_read` counts what the scans looked at."""

    kind: str
    rows_read: int
    scans: tuple[Scan, ...]


Tables = Mapping[str, tuple[str, int]]
"""The name and the rows of each table by its own or its partition's name."""


def tables() -> Tables:
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return {own: (name, int(rows)) for own, name, rows in cursor.fetchall()}


def explain(sql: str, params: object, known: Tables) -> Plan | None:
    """The plan of a query, which is carried out once more. None for what is no query."""
    if not sql.lstrip().upper().startswith(("SELECT", "WITH")):
        return None
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", cast("Any", params))
        (answer,) = cursor.fetchone()
    top = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    nodes = list(_nodes(top))
    return Plan(
        kind=" > ".join(_costliest(top)[-3:]),
        rows_read=sum(_read(node) for node in nodes),
        scans=tuple(scan for node in nodes if (scan := _scan(node, known))),
    )


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


def _scan(node: Node, known: Tables) -> Scan | None:
    if node["Node Type"] != "Seq Scan":
        return None
    name, rows = known.get(node["Relation Name"], (node["Relation Name"], 0))
    return Scan(name, rows, str(node.get("Filter", ""))) if rows > LARGE else None
