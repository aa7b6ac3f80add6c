"""What every outcome of an execution shares: its id and its journal event."""

from datetime import datetime
from uuid import UUID, uuid5

from agents.models import Execution
from tradingfarm.kernel.journal import account_stream, record


def decision_id(execution_id: UUID) -> UUID:
    """The id of an execution's decision: the same in every replay."""
    return uuid5(execution_id, "decision")


def journal_decision(execution: Execution, payload: dict[str, str], *, at: datetime) -> None:
    """Journal an outcome inside the open transaction."""
    record(
        stream=account_stream(execution.account_id),
        kind="agent.decision",
        actor="agents",
        subject=f"execution:{execution.id}",
        payload=payload | {"decision": str(decision_id(execution.id))},
        at=at,
        as_of=execution.as_of,
    )
