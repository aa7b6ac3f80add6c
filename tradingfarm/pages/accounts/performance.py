"""How an account did: its curve and figures, its agents side by side, and all of it as a file.

Everything is read from snapshots; nothing here looks at fills.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from trading.domain.figures import Figures
from trading.models import PerformanceSnapshot
from trading.selectors.performance import (
    Day,
    Snapshot,
    account_performance,
    curve_of,
    snapshots_in_parts,
)
from tradingfarm.kernel.audits import record_export
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.downloads import download
from tradingfarm.kernel.exports import csv_text
from tradingfarm.kernel.journal import account_stream
from tradingfarm.pages.accounts.figures import days_of, groups_of, number, percent
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import WRITE, access, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
CSV = "text/csv; charset=utf-8"
AMOUNTS = (
    *("equity", "invested", "paid_in", "pnl", "realised", "unrealised", "fees", "model_cost"),
    *("pnl_net_of_model_cost", "day_return", "total_return", "drawdown", "max_drawdown"),
    *("trades", "round_trips", "wins", "losses", "win_rate", "profit_factor", "expectancy"),
    *("average_duration_seconds", "sharpe", "sortino", "exposure", "value_at_risk_95"),
)
HEADS = ("day_ends_at", "of", "moment", *AMOUNTS)


@dataclass(frozen=True)
class AgentRow:
    """One agent on the account, or all of them together; percentages and the account's money."""

    agent_id: UUID | None
    name: str
    pnl: Decimal | None
    net: Decimal | None
    total_return: Decimal | None
    max_drawdown: Decimal | None
    sharpe: Decimal | None
    round_trips: int
    win_rate: Decimal | None
    profit_factor: Decimal | None


@access(Role.VIEWER, owns="account")
def performance(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The account's newest snapshot, and those of its agents."""
    page = frame_of(request, account_id=account_id).account
    found = account_performance(account_id=page.id)
    shown = found.account
    context = {
        "page": page,
        "tab": "performance",
        "shown": shown,
        "curve_source": reverse("account-performance-curve", args=[page.id]),
        "began_at": _began_at(shown),
        "days": days_of(shown.figures) if shown else 0,
        "groups": groups_of(shown.figures, zone=page.time_zone) if shown else (),
        "agents": [_row(each.agent_name, each.figures, each.agent_id) for each in found.agents],
        "together": _row("", found.together) if found.together else None,
    }
    return render(request, "accounts/performance.html", context)


def _began_at(shown: Snapshot | None) -> datetime | None:
    return datetime.fromisoformat(str(shown.figures["began_at"])) if shown else None


def _row(name: str, figures: Figures, agent_id: UUID | None = None) -> AgentRow:
    return AgentRow(
        agent_id=agent_id,
        name=name,
        pnl=number(figures, "pnl"),
        net=number(figures, "pnl_net_of_model_cost"),
        total_return=percent(figures, "total_return"),
        max_drawdown=percent(figures, "max_drawdown"),
        sharpe=number(figures, "sharpe"),
        round_trips=int(figures["round_trips"] or 0),
        win_rate=percent(figures, "win_rate"),
        profit_factor=number(figures, "profit_factor"),
    )


@access(Role.VIEWER, owns="account")
def curve(request: HttpRequest, account_id: UUID) -> JsonResponse:
    """Each day as Unix seconds of market time, equity and drawdown (0 to 1), both as text."""
    page = frame_of(request, account_id=account_id).account
    days = curve_of(account_id=page.id)
    return JsonResponse({"points": points_of(days, [day.equity for day in days])})


def points_of(days: Sequence[Day], values: Sequence[str]) -> list[list[int | str]]:
    """The points of a chart: of each day its moment, its value and its drawdown."""
    return [
        [int(datetime.fromisoformat(day.moment).timestamp()), value, day.drawdown]
        for day, value in zip(days, values, strict=True)
    ]


@access(Role.VIEWER, owns="account", methods=WRITE)
def export(request: HttpRequest, account_id: UUID) -> HttpResponseBase:
    """Every day of the account and of its agents as a file, journaled."""
    page = frame_of(request, account_id=account_id).account

    def begin() -> Iterator[str]:
        record_export(
            stream=account_stream(page.id),
            actor=f"person:{person_of(request).get_username()}",
            what="performance",
            filters={},
            at=CLOCK.now(),
        )
        return _lines(page.id)

    return download(request, begin, name="performance.csv", content_type=CSV)


def _lines(account_id: UUID) -> Iterator[str]:
    yield csv_text([HEADS])
    for part in snapshots_in_parts(account_id=account_id):
        yield csv_text(map(_cells, part))


def _cells(row: PerformanceSnapshot) -> tuple[object, ...]:
    of = row.permission.agent_name if row.permission else "account"
    moment = datetime.fromisoformat(row.figures["moment"])
    return (row.as_of, of, moment, *(number(row.figures, name) for name in AMOUNTS))
