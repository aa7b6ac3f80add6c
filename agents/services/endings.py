"""How an execution ends, whoever ends it."""

from datetime import datetime
from uuid import UUID

from agents.domain.states import ExecutionState
from agents.models import Execution
from tradingfarm.kernel.journal import account_stream, record
from tradingfarm.kernel.wake import ring

TASK = "agents.think"
LONGEST_PROBLEM = 300


def end(*, execution: Execution, state: ExecutionState, problem: str = "", at: datetime) -> None:
    """End an execution inside the open transaction, journal it, and ring for the next one."""
    execution.state = state
    execution.problem = problem[:LONGEST_PROBLEM]
    execution.ended_at = at
    execution.lease_until = None
    execution.save(update_fields=["state", "problem", "ended_at", "lease_until"])
    if state is ExecutionState.FAILED:
        _alert(execution, at=at)
    record(
        stream=account_stream(execution.account_id),
        kind="execution.ended",
        actor="agents",
        subject=f"execution:{execution.id}",
        payload={"state": state, "problem": execution.problem},
        at=at,
        as_of=execution.as_of,
    )
    _ring_next(team_id=execution.team_id, account_id=execution.account_id)


def _alert(execution: Execution, *, at: datetime) -> None:
    """A kind of its own: people are alerted to failures, and few executions end so."""
    record(
        stream=account_stream(execution.account_id),
        kind="execution.failed",
        actor="agents",
        subject=f"execution:{execution.id}",
        payload={"problem": execution.problem},
        at=at,
        as_of=execution.as_of,
    )


def _ring_next(*, team_id: UUID, account_id: UUID) -> None:
    waiting = Execution.objects.filter(
        team_id=team_id, account_id=account_id, state=ExecutionState.QUEUED
    )
    for found in waiting.values_list("id", flat=True):
        ring(TASK, row_id=found)
