"""Executions: how many are open, which are waiting, and a list for pages."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from agents.domain.states import ExecutionState
from agents.models import Decision, Execution

OPEN = (ExecutionState.QUEUED, ExecutionState.THINKING)
# A doorbell arrives within milliseconds; who still waits after this was not rung.
UNHEARD_AFTER = timedelta(seconds=1)


def open_count(*, feed_name: str) -> int:
    """How many executions on accounts of a feed have not ended. A replay waits for 0."""
    return Execution.objects.filter(account__feed_id=feed_name, state__in=OPEN).count()


def waiting(*, at: datetime, limit: int = 200) -> list[UUID]:
    """Executions that nobody works on at wall time `at`: unheard ones and lost leases."""
    unheard = Q(state=ExecutionState.QUEUED, queued_at__lt=at - UNHEARD_AFTER)
    lost = Q(state=ExecutionState.THINKING, lease_until__lt=at)
    found = Execution.objects.filter(unheard | lost).order_by("queued_at", "id")
    return list(found.values_list("id", flat=True)[:limit])


def executions_of_orders(*, order_ids: Iterable[UUID]) -> set[UUID]:
    """The executions whose decisions became these orders. One query, none without orders."""
    ids = list(order_ids)
    if not ids:
        return set()
    decisions = Decision.objects.filter(assessment__order__in=ids)
    return set(decisions.values_list("execution_id", flat=True))


def recent_executions(*, account_id: UUID, limit: int = 50) -> Sequence[Execution]:
    """The newest executions of an account with team, proposal, decision and order: one query."""
    return list(
        Execution.objects.filter(account_id=account_id)
        .select_related("team", "proposal__instrument", "decision__assessment__order")
        .order_by("-as_of", "-queued_at")[:limit]
    )
