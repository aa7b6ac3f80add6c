"""Pausing, activating and archiving agents. Each is a version of the agent, and journaled."""

from datetime import datetime
from uuid import UUID

from agents.domain.states import AgentStatus
from agents.models import Agent
from agents.services.teams import change_agent
from trading.models import Permission
from trading.services.accounts import lock_accounts_of, withdraw_permissions
from trading.services.withdrawing import withdraw_entries
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import transaction


class IsArchived(FarmError):
    """An archived agent is activated before anything else."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(f"{agent.name} is archived; activate it first.", permanent=True)


def pause_agent(*, agent_id: UUID, actor: str, at: datetime) -> int:
    """Let an agent decide nothing more and take back its entries at work; returns how many.

    What it holds stays, and so do the stops and targets that protect it. Raises IsArchived;
    doing it again is safe.
    """
    with transaction():
        agent = _locked(agent_id)
        if agent.status == AgentStatus.ARCHIVED:
            raise IsArchived(agent)
        change_agent(agent, {"status": AgentStatus.PAUSED}, actor=actor, at=at)
    permissions = Permission.objects.filter(agent_id=agent_id).order_by("account_id")
    return sum(
        withdraw_entries(permission_id=permission_id, requested_by=actor, at=at)
        for permission_id in permissions.values_list("id", flat=True)
    )


def activate_agent(*, agent_id: UUID, actor: str, at: datetime) -> Agent:
    """Let a paused or archived agent decide again. Permissions that were withdrawn stay off."""
    with transaction():
        agent = _locked(agent_id)
        change_agent(agent, {"status": AgentStatus.ACTIVE}, actor=actor, at=at)
    return agent


def archive_agent(*, agent_id: UUID, actor: str, at: datetime) -> Agent:
    """Put an agent away and switch its permissions off; everything it did stays on record.

    Raises django.core.exceptions.ValidationError, and changes nothing, while it holds a position
    or has an order at work: the accounts are locked, so nothing is decided meanwhile.
    """
    with transaction():
        lock_accounts_of(agent_id=agent_id)
        agent = _locked(agent_id)
        change_agent(agent, {"status": AgentStatus.ARCHIVED}, actor=actor, at=at)
        withdraw_permissions(agent_id=agent_id, actor=actor, at=at)
    return agent


def _locked(agent_id: UUID) -> Agent:
    return Agent.objects.select_for_update(no_key=True).get(id=agent_id)
