"""Measures decisions; `bench.decision` starts this beside its servers, and this starts workers."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID, uuid5

import psycopg
from django.db import connection

from bench.decision import arguments
from bench.votes import from_votes_to_order
from tests.factories import (
    ACCOUNT_ID,
    NOW,
    Desk,
    make_desk,
    make_instrument,
    make_permission,
    make_quote,
    wall,
)
from trading.domain.states import OrderState
from trading.models import Account, Order, Permission
from trading.services.assessments import STORE
from trading.services.decisions import decide
from trading.services.orders import end_order
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.prepared import numbered
from tradingfarm.kernel.statements import Values

LOCK = "SELECT cash FROM trading_account WHERE id = $1 FOR NO KEY UPDATE"
JOURNAL = """, told AS (SELECT pg_notify('farm_orders', '') FROM approved)
SELECT journal_append(%(streams)s::text[], %(kinds)s::text[], %(actors)s::text[],
  %(subjects)s::text[], %(ats)s::timestamptz[], %(as_ofs)s::timestamptz[],
  string_to_array(%(texts)s, chr(30))),
  (SELECT count(*) FROM told)
"""
BARE = STORE.partition("SELECT pg_notify")[0].rstrip() + JOURNAL
WORKER = "import django; django.setup(); from bench.decision_costs import worker; worker()"
WARM, PAIRS, EXECUTIONS, SECONDS = 50, 600, 120, 6.0
STEP = timedelta(seconds=1)
"""Market time between an agent's decisions: the limit of a new account, sixty a minute."""
APART = 3_000
"""A crowd's quantities begin so far above those of the one before it, on the same account."""


class Captured(Exception):
    """A decision was taken far enough to know all that it writes; nothing of it is stored."""


class Capture:
    """What a decision writes: the values of its statement, and the events of its journal."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.statements = 0

    def __call__(
        self, execute: Callable[..., object], sql: str, params: object, *rest: object
    ) -> object:
        self.statements += 1
        if sql == STORE:
            self.values = dict(cast("Values", params))
        if "journal_append" in sql:
            self.values |= dict(cast("Values", params))
            raise Captured
        return execute(sql, params, *rest)


def bought(desk: Desk, key: str, quantity: int) -> UUID:
    """One decision; the order that came of it. The same quantity again is a duplicate."""
    verdict = decide(
        account_id=desk.account.id,
        request=desk.buy(quantity, key=key),
        actor="bench",
        now=NOW + quantity * STEP,
        at=wall(),
    )
    if verdict.order_id is None:
        raise SystemExit(f"The gate denied what is measured: {', '.join(verdict.denials)}.")
    return verdict.order_id


def ended(order_id: UUID) -> None:
    """Let the order go again, so that each decision meets the same book."""
    orders = Order.objects.select_related("account", "instrument")
    with transaction():
        order = orders.get(id=order_id)
        end_order(order=order, state=OrderState.EXPIRED_LOCAL, at=wall())


def captured(desk: Desk, key: str, quantity: int) -> Capture:
    capture = Capture()
    try:
        with connection.execute_wrapper(capture):
            bought(desk, key, quantity)
    except Captured:
        if capture.values["order"] is None:
            denied = ", ".join(capture.values["denials"])
            raise SystemExit(f"The gate denied what is measured: {denied}.") from None
        return capture
    raise SystemExit("The decision wrote no journal.")


@contextmanager
def bare_connection() -> Iterator["psycopg.RawCursor[Any]"]:
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as opened,
        psycopg.RawCursor(opened) as cursor,
    ):
        yield cursor


def bare(cursor: "psycopg.RawCursor[Any]", account_id: UUID, values: dict[str, Any]) -> float:
    """Seconds that the two statements take, from BEGIN to the answer of COMMIT."""
    text, names = numbered(BARE)
    began = time.perf_counter()
    with cursor.connection.transaction():
        cursor.execute(LOCK, [account_id], prepare=True)
        cursor.execute(text, [values[name] for name in names], prepare=True)
    return time.perf_counter() - began


def pairs(desk: Desk, count: int) -> tuple[list[float], list[float], int]:
    """Seconds of decisions and of their bare twins, one after the other; statements of one.

    What the twins write is captured before: a rollback makes psycopg forget what it has prepared.
    """
    ended(bought(desk, "begins the day", 1))
    captures = [captured(desk, f"bare {number}", 2 + number) for number in range(WARM + count)]
    decided, twins, first = [], [], 2 + len(captures)
    with bare_connection() as cursor:
        for number, capture in enumerate(captures):
            began = time.perf_counter()
            order_id = bought(desk, f"decided {number}", first + number)
            decided.append(time.perf_counter() - began)
            ended(order_id)
            twins.append(bare(cursor, desk.account.id, capture.values))
            ended(capture.values["order"])
    return decided[WARM:], twins[WARM:], captures[-1].statements


def make_measured(number: int) -> Desk:
    """A desk as an account in use has it: all limits set, and prices that stay good."""
    desk = make_desk(
        number=number,
        deposit="100000000",
        max_orders_per_minute=10_000,
        max_price_age_seconds=1_000_000,
    )
    make_permission(desk.account, number=1)
    make_quote(desk.instrument, "100", half_spread="0.01", volume="1000000")
    return desk


def worker() -> None:
    """Decide as fast as it goes for some seconds; how many it was is told on stdout.

    Each worker is an agent of its own: orders of one agent in one symbol are duplicates.
    """
    number, account, first = map(int, sys.argv[1:4])
    seconds = float(sys.argv[4])
    desk = _existing(account, number)
    # The first decision of a process reads calendars and prepares statements.
    ended(bought(desk, f"{os.getpid()}:warm", first))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        order_id = bought(desk, f"{os.getpid()}:{len(times)}", first + 1 + len(times))
        times.append(time.perf_counter() - began)
        ended(order_id)
    sys.stdout.write(json.dumps(times) + "\n")


def _existing(account: int, number: int) -> Desk:
    found = Account.objects.get(id=uuid5(ACCOUNT_ID, str(account)))
    permissions = Permission.objects.filter(account=found).order_by("agent_name")
    return Desk(found, permissions[number % permissions.count()], make_instrument())


def shared(place: int) -> int:
    """The account that all workers have in common."""
    return 100


def own(place: int) -> int:
    """An account for each worker."""
    return 200 + place


def crowd(workers: int, account_of: Callable[[int], int], *, seconds: float) -> dict[str, float]:
    """Decisions a second of several processes on these accounts."""
    processes = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                WORKER,
                *map(str, (place, account_of(place), workers // 4 * APART, seconds)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in range(workers)
    ]
    for process in processes:
        _line(process)
    for process in processes:
        if process.stdin is not None:
            process.stdin.write("go\n")
            process.stdin.flush()
    times = [second for process in processes for second in json.loads(_line(process))]
    for process in processes:
        process.wait()
    return {
        "a_second": round(len(times) / seconds, 1),
        "p50_ms": milliseconds(times, 0.5),
        "p99_ms": milliseconds(times, 0.99),
    }


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SystemExit(f"A worker ended with {process.wait()}.")
    return line


def milliseconds(seconds: Sequence[float], part: float) -> float:
    ordered = sorted(seconds)
    return round(ordered[min(int(part * len(ordered)), len(ordered) - 1)] * 1000, 2)


def main() -> None:
    """Measure all of it, one thing after the other."""
    part = 0.1 if arguments().parse_args().short else 1.0
    desk = make_measured(0)
    for number in (100, *range(200, 208)):
        account = make_measured(number)
        for place in range(2, 8):
            make_permission(account.account, number=place)
    decided, twins, statements = pairs(desk, int(PAIRS * part))
    ratio = statistics.median(decided) / statistics.median(twins)
    seconds = SECONDS * max(part, 0.3)
    voted = from_votes_to_order(int(EXECUTIONS * part))
    report = {
        "bench": "decision",
        "ratio_p50": round(ratio, 2),
        "decision_p50_ms": milliseconds(decided, 0.5),
        "decision_p95_ms": milliseconds(decided, 0.95),
        "bare_p50_ms": milliseconds(twins, 0.5),
        "statements": statements,
        "one_account_4": crowd(4, shared, seconds=seconds),
        "one_account_8": crowd(8, shared, seconds=seconds),
        "own_accounts_4": crowd(4, own, seconds=seconds),
        "own_accounts_8": crowd(8, own, seconds=seconds),
        "votes_to_order_p50_ms": milliseconds(voted, 0.5),
        "votes_to_order_p95_ms": milliseconds(voted, 0.95),
    }
    for name, value in report.items():
        print(f"{name:>24}  {value}", file=sys.stderr)
    print(json.dumps(report))
