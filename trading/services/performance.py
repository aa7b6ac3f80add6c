"""Snapshots of performance: what pages show of it, so that none of them reads its history.

One row for each market day of an account, and of each agent that has traded on it. `as_of` is the
moment at which that day ends by the account's present time zone: like a candle, a row says what
was known by then. The running day's row is written anew each time, so the same rows come of one
snapshot a minute as of one a day.

The newest rows also keep where they stand, and the next snapshot reads what came since: fills and
splits in the order of booking, equity snapshots, deposits. Never more.

- An account's curve has a point for each day: its last EquitySnapshot, or what it is worth now.
  Before the first one stand the deposits that it was opened with.
- An agent's curve is the money that it was allotted and its P&L. That money is the value in its
  permission, or its part of the account's equity, else an equal part, all as it was before the
  agent's first fill. How the P&L of a day is known says `trading.domain.measured_days`.
- A deposit has wall time only. It counts from the snapshot on that saw it first; where that one
  saw several days together, from the day whose change of equity is nearest to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from trading.domain.book import HUNDRED
from trading.domain.ceilings import equal_part
from trading.domain.kept_courses import kept, measured_of
from trading.domain.measured_days import Allotment, Known, Measured, Scope, Told, measured
from trading.models import Account, PerformanceSnapshot, Permission
from trading.selectors.booked import Cursor, booked_since
from trading.selectors.marks import Marks, marks_since
from trading.selectors.performance import NEWEST, STATE
from tradingfarm.kernel.money import ZERO

DOLLARS = frozenset({"USD", "USDT", "USDC"})
"""Models are paid in dollars; an account in another currency has no P&L net of them."""


@dataclass(frozen=True)
class Standing:
    """Where the newest snapshot left everybody, and the rows of that snapshot."""

    known: Known
    cursor: Cursor
    last_movement: int
    rows: Sequence[PerformanceSnapshot]


def snapshot_performance(
    *,
    account_id: UUID,
    now: datetime,
    at: datetime,
    model_costs: Mapping[UUID, Decimal] | None = None,
) -> int:
    """Bring the account's snapshots up to market time `now`; returns how many rows were written.

    Nine statements, however many agents there are and however long they have been trading.
    `model_costs` is what the models of the account's agents were paid so far, in dollars, by the
    agent's id; None where nobody knows. `at` is wall time. Doing it again changes nothing; of two
    at once either one's rows stand, and the next snapshot goes on from them. Raises
    Account.DoesNotExist, and Oversold when the fills are impossible.
    """
    account = Account.objects.get(id=account_id)
    permissions = {each.id: each for each in Permission.objects.filter(account=account)}
    before = _standing(account)
    entries, cursor = booked_since(account=account, cursor=before.cursor)
    marks = marks_since(
        account=account,
        course=before.known.get(None, Measured()).course,
        last_movement=before.last_movement,
        now=now,
    )
    newest = replace(
        marks.days[-1], model_costs=_costs(account, permissions.values(), model_costs)
    )
    known, told = measured(
        _begun(before, marks),
        marks=(*marks.days[:-1], newest),
        entries=entries,
        allotment=_allotment(permissions),
    )
    after = replace(before, known=known, cursor=cursor, last_movement=marks.last_movement)
    rows = [*_ended(before, marks), *_rows(account, after, told, at=at)]
    PerformanceSnapshot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account", "permission", "as_of"],
        update_fields=["at", "figures"],
    )
    return len(rows)


def _standing(account: Account) -> Standing:
    """Where the newest snapshot left everybody: one query."""
    of_account = PerformanceSnapshot.objects.filter(account=account)
    newest = of_account.filter(permission=None).order_by(*NEWEST).values("as_of")
    rows = list(of_account.filter(as_of=newest[:1]))
    states = {row.permission_id: row.figures[STATE] for row in rows}
    cursor = states[None]["cursor"] if rows else {"fill": 0, "split": 0, "movement": 0}
    return Standing(
        known={scope: measured_of(state) for scope, state in states.items()},
        cursor=Cursor(cursor["fill"], cursor["split"]),
        last_movement=cursor["movement"],
        rows=rows,
    )


def _begun(before: Standing, marks: Marks) -> Known:
    """Everybody, with the account's course begun."""
    account = before.known.get(None, Measured())
    return {**before.known, None: replace(account, course=marks.course)}


def _costs(
    account: Account,
    permissions: Iterable[Permission],
    model_costs: Mapping[UUID, Decimal] | None,
) -> dict[Scope, Decimal]:
    """What models were paid, by scope: agents that only vote count for the account."""
    if model_costs is None or account.base_currency not in DOLLARS:
        return {}
    costs: dict[Scope, Decimal] = {
        permission.id: model_costs.get(permission.agent_id, ZERO) for permission in permissions
    }
    return {**costs, None: sum(model_costs.values(), ZERO)}


def _allotment(permissions: Mapping[UUID, Permission]) -> Allotment:
    """The money of each agent, by what its permission says today."""
    equal = equal_part(agents=sum(each.active for each in permissions.values()))

    def allotted(permission_id: UUID, equity: Decimal) -> Decimal:
        permission = permissions[permission_id]
        value: Decimal | None = permission.agent_allocation_value
        part: Decimal | None = permission.agent_allocation_pct
        return equity * (equal if part is None else part) / HUNDRED if value is None else value

    return allotted


def _rows(
    account: Account, after: Standing, told: Iterable[Told], *, at: datetime
) -> list[PerformanceSnapshot]:
    """The rows to write, in the order in which everybody writes them, so that nobody waits for
    one who waits.
    """
    course = after.known[None].course
    newest = course.day if course else None
    return [
        PerformanceSnapshot(
            account=account,
            permission_id=each.scope,
            as_of=each.day,
            at=at,
            figures={**each.figures, STATE: _state(after, each.scope)}
            if each.day == newest
            else dict(each.figures),
        )
        for each in sorted(told, key=lambda each: (each.day, str(each.scope or "")))
    ]


def _ended(before: Standing, marks: Marks) -> list[PerformanceSnapshot]:
    """The rows of the newest snapshot, if its day is over, without what only the newest keep."""
    ended = [row for row in before.rows if row.as_of < marks.days[0].day]
    for row in ended:
        del row.figures[STATE]
        row.pk = None  # written by the statement of the others, and found by its day as they are
    return sorted(ended, key=lambda row: str(row.permission_id or ""))


def _state(after: Standing, scope: Scope) -> dict[str, Any]:
    state = kept(after.known[scope])
    if scope is not None:
        return state
    movement = {"movement": after.last_movement}
    return state | {"cursor": {"fill": after.cursor.fill, "split": after.cursor.split} | movement}
