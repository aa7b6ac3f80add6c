"""Agents whose answers cannot be used: three in a row, and they enter no more."""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from agents.domain.states import ExecutionState, Purpose
from agents.models import Execution, ProviderCall
from trading.domain.states import BreakerKind
from trading.models import Breaker, Permission
from trading.services.breakers import trip_agent

IN_A_ROW = 3


def count_failure(*, account_id: UUID, agent_id: UUID, now: datetime, at: datetime) -> bool:
    """Trip the agent's breaker on this account if its last three answers failed; whether it did.

    For after an execution has ended because its proposer's answer could not be used. What failed
    before a person released the breaker counts no more. `now` is market time, `at` wall time.
    """
    permission = Permission.objects.filter(account=account_id, agent_id=agent_id).first()
    if permission is None or not _has_failed(permission):
        return False
    return trip_agent(
        permission=permission,
        kind=BreakerKind.FAILED_ANSWERS,
        number=f"{IN_A_ROW} in a row",
        limit=f"fewer than {IN_A_ROW} in a row",
        now=now,
        at=at,
    )


def _has_failed(permission: Permission) -> bool:
    """Whether each of the last answers failed, of those that no person has looked at since."""
    asked = ProviderCall.objects.filter(
        execution=OuterRef("pk"), agent=permission.agent_id, purpose=Purpose.DECIDE.value
    )
    ended = Execution.objects.filter(
        Exists(asked), account=permission.account_id, ended_at__isnull=False
    )
    releases = Breaker.objects.filter(
        permission=permission, kind=BreakerKind.FAILED_ANSWERS, released_at__isnull=False
    )
    released = releases.order_by("-released_at").first()
    if released is not None:
        ended = ended.filter(ended_at__gt=released.released_at)
    states = ended.order_by("-as_of", "-ended_at").values_list("state", flat=True)[:IN_A_ROW]
    return list(states) == [ExecutionState.ABSTAINED] * IN_A_ROW
