"""One market day of an account and of each agent on it: from what was known to what is stored.

An agent's curve is the money that it was allotted and its P&L, so its returns are measured against
that money. It begins at the account's last point before its first fill. What its positions were
worth is known at each moment of which a snapshot was made. At the end of a day on which none was
made, the value of all the account's positions is known, and is divided between their owners by
what these had cost: exactly, while one agent holds them all.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.daily_curves import Close, Course, begun, reached
from trading.domain.figures import Figures, Money, figures
from trading.domain.track_records import Entry, TrackRecord, continued
from tradingfarm.kernel.money import ZERO

Scope = UUID | None
"""Whose performance: an agent's, by its permission, or that of the whole account."""


@dataclass(frozen=True)
class Part:
    """What an agent, or everybody together, holds and has made, net of fees.

    What has no price is worth its cost.
    """

    value: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO

    def __add__(self, other: "Part") -> "Part":
        return Part(
            value=self.value + other.value,
            cost=self.cost + other.cost,
            realised=self.realised + other.realised,
            fees=self.fees + other.fees,
        )


@dataclass(frozen=True)
class Mark:
    """What an account was worth at the newest known moment of a market day.

    `day` is the moment at which that day ends. `parts` are None where only the whole is known.
    """

    day: datetime
    moment: datetime
    equity: Decimal
    cash: Decimal
    paid_in: Decimal = ZERO
    parts: Mapping[Scope, Part] | None = None
    model_costs: Mapping[Scope, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """How far a scope was measured. An agent without a fill has no course yet."""

    record: TrackRecord = field(default_factory=TrackRecord)
    course: Course | None = None
    allotted: Decimal = ZERO


@dataclass(frozen=True)
class Told:
    """The figures of a scope on a market day, which is named by its end."""

    day: datetime
    scope: Scope
    figures: Figures


Known = Mapping[Scope, Measured]
Allotment = Callable[[UUID, Decimal], Decimal]
"""The money of an agent, by its permission, of an account that is worth so much."""


def measured(
    known: Known, *, marks: Sequence[Mark], entries: Sequence[Entry], allotment: Allotment
) -> tuple[Known, tuple[Told, ...]]:
    """Everybody at the last of the marks, and the figures of each on each of the days.

    To a mark belongs what was booked until its moment, to the last one all the rest. Raises
    Oversold and OutOfOrder.
    """
    told: list[Told] = []
    rest = deque(entries)
    for mark in marks:
        booked = []
        while rest and (mark is marks[-1] or rest[0].moment <= mark.moment):
            booked.append(rest.popleft())
        known, found = _measure(known, mark, booked, allotment)
        told += found
    return known, tuple(told)


def _measure(
    known: Known, mark: Mark, entries: Sequence[Entry], allotment: Allotment
) -> tuple[Known, list[Told]]:
    found = _with_records(known, entries)
    parts = {scope: _part(scope, found, mark) for scope in found}
    found[None] = _account(found[None], mark, parts[None])
    for scope in found:
        if scope is not None:
            found[scope] = _agent(scope, found, mark, parts[scope], allotment)
    return found, [
        Told(mark.day, scope, _figures(each.course, each.record, mark, scope, parts[scope]))
        for scope, each in found.items()
        if each.course is not None
    ]


def _with_records(known: Known, entries: Sequence[Entry]) -> dict[Scope, Measured]:
    """Everybody with the entries in their track records, the account first."""
    booked = {None: [(entry.moment, entry.whole) for entry in entries]} | {
        scope: [(entry.moment, entry.parts[scope]) for entry in entries if scope in entry.parts]
        for scope in _agents(known, entries)
    }
    before = {scope: known.get(scope, Measured()) for scope in booked}
    return {
        scope: replace(each, record=continued(each.record, booked[scope]))
        for scope, each in before.items()
    }


def _agents(known: Known, entries: Iterable[Entry]) -> list[UUID]:
    named = {scope for entry in entries for scope in entry.parts}
    return sorted({scope for scope in known if scope is not None} | named)


def _part(scope: Scope, found: Known, mark: Mark) -> Part:
    record = found[scope].record
    if mark.parts is not None:
        return mark.parts.get(scope, Part())
    invested, of_all = mark.equity - mark.cash, found[None].record.cost
    value = invested * record.cost / of_all if of_all else ZERO
    return Part(value, record.cost, record.realised, record.fees)


def _account(before: Measured, mark: Mark, part: Part) -> Measured:
    close = Close(
        day=mark.day,
        moment=mark.moment,
        equity=mark.equity,
        invested=mark.equity - mark.cash,
        pnl=_money(part).pnl,
    )
    return replace(before, course=reached(before.course, close, paid_in=mark.paid_in))


def _agent(scope: UUID, found: Known, mark: Mark, part: Part, allotment: Allotment) -> Measured:
    agent, account = found[scope], found[None].course
    if not agent.record.fills or account is None:
        return agent
    if agent.course is None:
        agent = _allotted(agent, account, lambda equity: allotment(scope, equity))
    pnl = _money(part).pnl
    close = Close(mark.day, mark.moment, agent.allotted + pnl, part.value, pnl)
    return replace(agent, course=reached(agent.course, close))


def _allotted(
    agent: Measured, account: Course, allotment: Callable[[Decimal], Decimal]
) -> Measured:
    """The agent with its money, at the account's last point before its first day."""
    if account.before is None:
        return replace(agent, allotted=allotment(account.curve.equity))
    allotted, moment = allotment(account.before.equity), account.before.moment
    # Its day is over: whatever day comes next is another one.
    opening = Course(day=moment, curve=begun(moment=moment, equity=allotted))
    return replace(agent, allotted=allotted, course=opening)


def _figures(course: Course, record: TrackRecord, mark: Mark, scope: Scope, part: Part) -> Figures:
    money = _money(part, mark.model_costs.get(scope))
    return figures(course=course, record=record, money=money)


def _money(part: Part, model_cost: Decimal | None = None) -> Money:
    return Money(part.realised, part.value - part.cost, part.fees, model_cost)
