"""A team as an execution sees it: who proposes, who votes, and with which configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from agents.domain.prompts import Speaker
from agents.domain.states import AgentStatus, Role
from agents.domain.voting import Voter
from agents.models import AgentVersion, Member, Team


@dataclass(frozen=True)
class Seat:
    """One member of a team with the version of its configuration that is asked."""

    agent_id: UUID
    name: str
    provider: str
    version: int
    speaker: Speaker
    proposes: bool
    vetoes: bool
    is_active: bool


@dataclass(frozen=True)
class Panel:
    """The seats of a team in their order, and how they vote."""

    team_id: UUID
    team_name: str
    quorum: int
    vote_timeout_seconds: int
    seats: tuple[Seat, ...]

    @property
    def proposer(self) -> Seat | None:
        return next((seat for seat in self.seats if seat.proposes), None)

    @property
    def voting(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if not seat.proposes)

    @property
    def voters(self) -> tuple[Voter, ...]:
        return tuple(Voter(seat.agent_id, seat.name, seat.vetoes) for seat in self.voting)

    @property
    def versions(self) -> dict[str, int]:
        return {str(seat.agent_id): seat.version for seat in self.seats}


def panel_of(*, team: Team, versions: Mapping[str, int]) -> Panel:
    """The team with each agent as of `versions` (agent id to version), else as it is now."""
    members = list(Member.objects.filter(team=team).select_related("agent").order_by("seat"))
    wanted = {member.agent_id: _version(member, versions) for member in members}
    stored = AgentVersion.objects.filter(agent_id__in=wanted)
    configurations = {
        each.agent_id: each.configuration
        for each in stored
        if each.version == wanted[each.agent_id]
    }
    return Panel(
        team_id=team.id,
        team_name=team.name,
        quorum=team.quorum,
        vote_timeout_seconds=team.vote_timeout_seconds,
        seats=tuple(
            _seat(member, wanted[member.agent_id], configurations[member.agent_id])
            for member in members
        ),
    )


def _version(member: Member, versions: Mapping[str, int]) -> int:
    return versions.get(str(member.agent_id), member.agent.version)


def _seat(member: Member, version: int, configuration: Mapping[str, str]) -> Seat:
    return Seat(
        agent_id=member.agent_id,
        name=configuration["name"],
        provider=configuration["provider"],
        version=version,
        speaker=Speaker(
            role=Role(configuration["role"]),
            model=configuration["model"],
            system_prompt=configuration["system_prompt"],
            strategy_prompt=configuration["strategy_prompt"],
            temperature=Decimal(configuration["temperature"]),
            max_tokens=int(configuration["max_tokens"]),
        ),
        proposes=member.proposes,
        vetoes=member.vetoes,
        is_active=member.agent.status == AgentStatus.ACTIVE,
    )
