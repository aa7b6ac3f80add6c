"""An execution is worked on by whoever holds its lease, which is wall time on its row.

A lease that was not renewed is free for all: a crash costs its rest and nothing else, since every
answer, vote and proposal that was stored is used again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from agents.domain.states import ExecutionState
from agents.models import Execution
from agents.services.endings import end
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction

LEASE = timedelta(seconds=20)
RENEW_EVERY = timedelta(seconds=5)
MOST_ATTEMPTS = 5
ONE_THINKING = "execution_one_thinking"


class LeaseLost(FarmError):
    """Somebody else works on the execution, or it has ended; whatever was meant is not stored."""


@dataclass(frozen=True)
class Lease:
    """The right to write for an execution. `owner` names one claim and is never used twice."""

    execution_id: UUID
    owner: str


def claim(*, execution_id: UUID, owner: str, at: datetime) -> Lease | None:
    """Take an execution that waits or whose lease ran out; None when it cannot be had.

    That is so when it has ended, when somebody holds it, and while another execution of its team
    thinks for the same account. The sixth attempt ends it as FAILED instead.
    """
    try:
        with transaction():
            return _claim(execution_id, owner, at)
    except IntegrityError as error:
        if ONE_THINKING in str(error):
            return None
        raise


def _claim(execution_id: UUID, owner: str, at: datetime) -> Lease | None:
    free = Q(state=ExecutionState.QUEUED) | Q(state=ExecutionState.THINKING, lease_until__lt=at)
    claimed = Execution.objects.filter(free, id=execution_id).update(
        state=ExecutionState.THINKING,
        lease_owner=owner,
        lease_until=at + LEASE,
        attempts=F("attempts") + 1,
        started_at=Coalesce(F("started_at"), at),
    )
    if not claimed:
        return None
    execution = Execution.objects.get(id=execution_id)
    if execution.attempts > MOST_ATTEMPTS:
        problem = f"Given up after {MOST_ATTEMPTS} attempts that were cut short."
        end(execution=execution, state=ExecutionState.FAILED, problem=problem, at=at)
        return None
    record(
        stream=account_stream(execution.account_id),
        kind="execution.started",
        actor="agents",
        subject=f"execution:{execution.id}",
        payload={"attempt": execution.attempts, "team": execution.team_id},
        at=at,
        as_of=execution.as_of,
    )
    return Lease(execution_id, owner)


def renew(*, lease: Lease, at: datetime) -> None:
    """Hold the lease for longer. Raises LeaseLost."""
    if not _own(lease).update(lease_until=at + LEASE):
        raise LeaseLost(f"Execution {lease.execution_id} is not held by {lease.owner}.")


def release(*, lease: Lease, at: datetime) -> None:
    """Let go after a failure, so that the next sweep may try again at once."""
    _own(lease).update(lease_until=at)


def held(lease: Lease, *related: str) -> Execution:
    """The execution, locked for the open transaction, with the `related` rows that it points to.

    Raises LeaseLost when it is another's.
    """
    locked = _own(lease).select_for_update(no_key=True, of=("self",))
    execution = (locked.select_related(*related) if related else locked).first()
    if execution is None:
        raise LeaseLost(f"Execution {lease.execution_id} is not held by {lease.owner}.")
    return execution


def _own(lease: Lease) -> models.QuerySet[Execution]:
    return Execution.objects.filter(
        id=lease.execution_id, lease_owner=lease.owner, state=ExecutionState.THINKING
    )
