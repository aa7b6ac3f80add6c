"""Who sits in a team: one proposes, the others vote, some may veto."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError

from agents.domain.states import AgentStatus
from agents.models import Agent, Member, Team
from tradingfarm.kernel.journal import owner_stream, record

SMALLEST_TEAM = 2


@dataclass(frozen=True)
class SeatChoice:
    """An agent's place in a team, as a person wants it."""

    agent_id: UUID
    proposes: bool = False
    vetoes: bool = False


def seat_team(team: Team, seats: Sequence[SeatChoice]) -> None:
    """Give a locked team these seats, in this order, inside the open transaction.

    Raises django.core.exceptions.ValidationError for seats that make no team.
    """
    problem = _seats_problem(team, seats)
    if problem:
        raise ValidationError({"seats": problem})
    Member.objects.filter(team=team).delete()
    Member.objects.bulk_create(
        Member(
            team=team,
            agent_id=choice.agent_id,
            seat=place,
            proposes=choice.proposes,
            vetoes=choice.vetoes and not choice.proposes,
        )
        for place, choice in enumerate(seats)
    )


def _seats_problem(team: Team, seats: Sequence[SeatChoice]) -> str:
    ids = {choice.agent_id for choice in seats}
    if len(ids) < len(seats):
        return "An agent has one seat; name each only once."
    if sum(choice.proposes for choice in seats) != 1:
        return "Choose exactly one agent that proposes."
    if len(seats) < SMALLEST_TEAM:
        return "A team needs at least one agent besides the proposer, to vote."
    usable = Agent.objects.filter(id__in=ids, owner=team.owner_id)
    if usable.exclude(status=AgentStatus.ARCHIVED).count() < len(ids):
        return "Choose among your agents that are not archived."
    return ""


def journal_team(team: Team, *, actor: str, kind: str, at: datetime) -> None:
    """Journal a team as it is now, with its seats, inside the open transaction."""
    seats = team.members.select_related("agent").order_by("seat")
    record(
        stream=owner_stream(team.owner_id),
        kind=kind,
        actor=actor,
        subject=f"team:{team.id}",
        payload={
            "name": team.name,
            "quorum": team.quorum,
            "vote_timeout_seconds": team.vote_timeout_seconds,
            "seats": [
                {
                    "agent": seat.agent_id,
                    "name": seat.agent.name,
                    "proposes": seat.proposes,
                    "vetoes": seat.vetoes,
                }
                for seat in seats
            ],
        },
        at=at,
    )
