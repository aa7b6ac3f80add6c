"""Change what answers for a whole team at once."""

from datetime import datetime
from uuid import UUID

from agents.models import Agent
from agents.services.teams import update_agent

ENOUGH_TOKENS = 8_000


def use_provider(*, team_id: UUID, provider: str, model: str, actor: str, at: datetime) -> int:
    """Let `provider` answer for every agent of a team; returns how many there are.

    `model` may be empty for the provider's default. Models that think need room for it, so a
    smaller maximum of tokens is raised. Each change is a version of its agent, and journaled.
    """
    agents = Agent.objects.filter(seats__team=team_id).order_by("id")
    for agent in agents:
        changes = {
            "provider": provider,
            "model": model,
            "max_tokens": max(agent.max_tokens, ENOUGH_TOKENS),
        }
        update_agent(agent_id=agent.id, changes=changes, actor=actor, at=at)
    return len(agents)
