"""How agents and teams did, from snapshots: nothing here looks at fills."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.selectors.costs import Cost, costs_of
from trading.domain.figures import together
from trading.selectors.performance import Snapshot, agents_performance, curve_of
from tradingfarm.kernel.money import ZERO
from tradingfarm.pages.accounts.figures import (
    Figure,
    Group,
    days_of,
    groups_of,
    number,
    percent,
    sums_of,
)
from tradingfarm.pages.accounts.performance import points_of

WIDTH, HEIGHT, EDGE = 120, 36, 3


@dataclass(frozen=True)
class Line:
    """Cumulative P&L as the attribute of an SVG polyline on 120 by 36; `zero` is the axis."""

    points: str
    zero: str
    total: Decimal

    @property
    def way(self) -> str:
        """How it ends: up, down or flat."""
        return "up" if self.total > 0 else "down" if self.total < 0 else "flat"


@dataclass(frozen=True)
class Record:
    """What an agent made on its accounts of one currency.

    `pnl` is net of fees, with that of what is held; `trades` are round trips, and `win_pct` those
    of them that won. `line` is None before the second week.
    """

    trades: int = 0
    pnl: Decimal | None = None
    win_pct: Decimal | None = None
    line: Line | None = None


@dataclass(frozen=True)
class Elsewhere:
    """What the agent made on another account, in that one's currency."""

    account_id: UUID
    account: str
    currency: str
    pnl: Decimal | None


@dataclass(frozen=True)
class AgentPerformance:
    """An agent on one of its accounts; None where it has not traded on any. `days` are those that
    its curve has, and `cost` is what its model was paid for all of its accounts.
    """

    shown: Snapshot | None
    groups: tuple[Group, ...]
    days: int
    began_at: datetime | None
    elsewhere: tuple[Elsewhere, ...]
    cost: Cost


@dataclass(frozen=True)
class TeamPerformance:
    """What a team's agents did together, as far as a sum means something.

    On those of its accounts that have this currency; accounts and agents by name.
    """

    figures: tuple[Figure, ...]
    currency: str
    accounts: tuple[str, ...]
    agents: tuple[str, ...]


def records_of(*, owner_id: int, agent_ids: Collection[UUID]) -> dict[UUID, Record]:
    """The record of each agent that has traded. One query."""
    found: dict[UUID, list[Snapshot]] = defaultdict(list)
    for snapshot in agents_performance(owner_id=owner_id, agent_ids=agent_ids):
        if snapshot.agent_id is not None:
            found[snapshot.agent_id].append(snapshot)
    return {agent: _record(snapshots) for agent, snapshots in found.items()}


def _of_one_currency(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Those in the currency of the first: sums of several would mean nothing."""
    return [each for each in snapshots if each.currency == snapshots[0].currency]


def _record(snapshots: Sequence[Snapshot]) -> Record:
    snapshots = _of_one_currency(snapshots)
    figures = together([snapshot.figures for snapshot in snapshots])
    return Record(
        trades=int(figures["round_trips"] or 0),
        pnl=number(figures, "pnl"),
        win_pct=percent(figures, "win_rate"),
        line=line_of(sums=_weekly(snapshots)),
    )


def _weekly(snapshots: Iterable[Snapshot]) -> list[Decimal]:
    """The P&L of all accounts at the end of each week; one that paused keeps what it had."""
    curves = [dict(snapshot.weeks) for snapshot in snapshots]
    last, sums = [ZERO for _ in curves], []
    for week in sorted({week for curve in curves for week in curve}):
        last = [curve.get(week, before) for curve, before in zip(curves, last, strict=True)]
        sums.append(sum(last, ZERO))
    return sums


def line_of(*, sums: Sequence[Decimal]) -> Line | None:
    """The line from zero through these; None for fewer than two."""
    if len(sums) < 2:
        return None
    sums = [ZERO, *sums]
    low, high = min(sums), max(sums)
    scale = Decimal(HEIGHT - 2 * EDGE) / ((high - low) or 1)
    heights = [HEIGHT - EDGE - (value - low) * scale for value in sums]
    across = Decimal(WIDTH) / (len(sums) - 1)
    points = [f"{place * across:.1f},{height:.1f}" for place, height in enumerate(heights)]
    return Line(" ".join(points), f"{heights[0]:.1f}", sums[-1])


def performance_of(
    *, owner_id: int, agent_id: UUID, account_id: UUID | None, zone: str, now: datetime
) -> AgentPerformance:
    """The agent on the account named, else on its first one. Two queries.

    `zone` is that of the days that are named, `now` wall time.
    """
    found = agents_performance(owner_id=owner_id, agent_ids=[agent_id])
    shown = _on(found, account_id)
    return AgentPerformance(
        shown=shown,
        groups=groups_of(shown.figures, zone=zone) if shown else (),
        days=days_of(shown.figures) if shown else 0,
        began_at=datetime.fromisoformat(str(shown.figures["began_at"])) if shown else None,
        elsewhere=tuple(
            Elsewhere(
                each.account_id, each.account_name, each.currency, number(each.figures, "pnl")
            )
            for each in found
            if each is not shown
        ),
        cost=costs_of(agent_ids=[agent_id], at=now).get(agent_id, Cost()),
    )


def _on(found: Sequence[Snapshot], account_id: UUID | None) -> Snapshot | None:
    own = (each for each in found if each.account_id == account_id)
    return next(own, found[0] if found else None)


def pnl_points(*, owner_id: int, agent_id: UUID, account_id: UUID | None) -> list[list[int | str]]:
    """Each day of the agent on the account named, else on its first one: Unix seconds of market
    time, P&L and drawdown (0 to 1) as text. Two queries.
    """
    shown = _on(agents_performance(owner_id=owner_id, agent_ids=[agent_id]), account_id)
    if shown is None:
        return []
    days = curve_of(account_id=shown.account_id, permission_id=shown.permission_id)
    return points_of(days, [day.pnl for day in days])


def team_performance(*, owner_id: int, agent_ids: Collection[UUID]) -> TeamPerformance | None:
    """What these agents did together; None while none has traded. One query."""
    found = agents_performance(owner_id=owner_id, agent_ids=agent_ids)
    if not found:
        return None
    found = tuple(_of_one_currency(found))
    return TeamPerformance(
        figures=sums_of(together([each.figures for each in found])),
        currency=found[0].currency,
        accounts=tuple(sorted({each.account_name for each in found})),
        agents=tuple(sorted({each.agent_name for each in found})),
    )
