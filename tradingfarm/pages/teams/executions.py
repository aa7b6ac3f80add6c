"""The newest executions of a team or an agent, each in one line with what came of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, QuerySet

from agents.domain.states import ExecutionState, Outcome
from agents.models import Decision, Execution, Proposal
from trading.domain.states import OrderState
from tradingfarm.kernel.money import plain
from tradingfarm.pages.dashboard.decisions import WHY_NOT
from tradingfarm.pages.dashboard.orders import STATE_WORDS

NEWEST = 30
RECENT = 200
"""Outcomes are counted over this many executions; a team's whole history only grows."""
ORDER = ("-as_of", "-queued_at", "id")
WAITING = {
    ExecutionState.QUEUED: "waits for its turn",
    ExecutionState.THINKING: "is thinking",
}


@dataclass(frozen=True)
class ExecutionLine:
    """One execution. `words` say what came of it; `tone` is good, wait, bad or empty."""

    id: UUID
    team: str
    account: str
    causes: tuple[str, ...]
    words: str
    tone: str
    as_of: datetime
    seconds: Decimal | None


def of_team(*, team_id: UUID) -> tuple[ExecutionLine, ...]:
    """The thirty newest of a team. One query."""
    return _lines(Execution.objects.filter(team=team_id))


def of_agent(*, agent_id: UUID) -> tuple[ExecutionLine, ...]:
    """The thirty newest of the teams that an agent sits in. One query."""
    return _lines(Execution.objects.filter(team__members__agent=agent_id))


def outcomes_of(*, team_id: UUID) -> dict[str, int]:
    """How often the newest executions reached each outcome, by its name. One query."""
    recent = Execution.objects.filter(team=team_id).order_by(*ORDER)[:RECENT]
    found = Decision.objects.filter(execution__in=recent.values("id")).values("outcome")
    return dict(found.annotate(count=Count("id")).order_by().values_list("outcome", "count"))


def _lines(executions: QuerySet[Execution]) -> tuple[ExecutionLine, ...]:
    newest = executions.select_related(
        "team", "account", "proposal__instrument", "decision__assessment__order"
    ).order_by(*ORDER)
    return tuple(_line(execution) for execution in newest[:NEWEST])


def _line(execution: Execution) -> ExecutionLine:
    words, tone = _outcome(execution)
    took = None
    if execution.ended_at and execution.started_at:
        took = Decimal(f"{(execution.ended_at - execution.started_at).total_seconds():.2f}")
    return ExecutionLine(
        id=execution.id,
        team=execution.team.name,
        account=execution.account.name,
        causes=tuple(str(cause["title"]) for cause in execution.causes),
        words=words,
        tone=tone,
        as_of=execution.as_of,
        seconds=took,
    )


def _outcome(execution: Execution) -> tuple[str, str]:
    state = ExecutionState(execution.state)
    decision: Decision | None = getattr(execution, "decision", None)
    if state in WAITING:
        return WAITING[state], "wait"
    if decision is None:
        failed = state is not ExecutionState.DECIDED
        return execution.problem or state.value.lower(), "bad" if failed else ""
    proposal: Proposal | None = getattr(execution, "proposal", None)
    if proposal is None or decision.outcome != Outcome.APPROVED:
        return WHY_NOT.get(Outcome(decision.outcome), "hold"), ""
    what = f"{proposal.side} {plain(decision.quantity)} {proposal.instrument.symbol}"
    if decision.assessment is None:
        return f"{what}: not ordered", "wait"
    if decision.assessment.order is None:
        return _without_order(what, approved=decision.assessment.approved)
    return f"{what}: {STATE_WORDS[OrderState(decision.assessment.order.state)]}", "good"


def _without_order(what: str, *, approved: bool) -> tuple[str, str]:
    """What the gate let out is an order, or a large one that goes out in slices."""
    return (
        (f"{what}: in slices", "good")
        if approved
        else (f"{what}: refused by the risk gate", "wait")
    )
