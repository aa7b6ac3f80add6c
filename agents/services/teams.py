"""Agents and teams: making them and changing them, versioned and journaled."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

from agents.models import Agent, AgentVersion, Team
from agents.services.seats import SeatChoice, journal_team, seat_team
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import owner_stream, record, transaction
from tradingfarm.kernel.money import plain
from tradingfarm.people.models import User

NAMESPACE = uuid5(NAMESPACE_DNS, "agents.tradingfarm")
CONFIGURATION = (
    "name",
    "description",
    "role",
    "provider",
    "model",
    "system_prompt",
    "strategy_prompt",
    "temperature",
    "max_tokens",
    "daily_budget",
    "colour",
    "icon",
    "status",
)
TEAM_FIELDS = ("name", "quorum", "vote_timeout_seconds")


class UnknownField(FarmError):
    """Something is to be changed that is no part of the configuration."""

    def __init__(self, names: set[str], known: tuple[str, ...]) -> None:
        super().__init__(
            f"{', '.join(sorted(names))} cannot be changed; these can: {', '.join(known)}.",
            permanent=True,
        )


def create_agent(
    *, owner: User, configuration: Mapping[str, object], actor: str, at: datetime
) -> Agent:
    """A new agent; what `configuration` (names of CONFIGURATION) leaves out keeps its default.

    Raises UnknownField, and django.core.exceptions.ValidationError for a value that is not
    allowed, such as a name that another agent of the owner has.
    """
    _refuse_unknown(configuration, CONFIGURATION)
    agent = Agent(
        id=uuid5(NAMESPACE, f"{owner.pk}:{configuration.get('name')}:{at.isoformat()}"),
        owner=owner,
        created_at=at,
        **configuration,
    )
    with transaction():
        store_new_agent(agent, actor=actor, at=at)
    return agent


def store_new_agent(agent: Agent, *, actor: str, at: datetime) -> None:
    """Store a new agent with its first version, inside the caller's transaction()."""
    agent.full_clean()
    agent.save(force_insert=True)
    _store_version(agent, actor=actor, at=at)
    _journal_agent(agent, actor=actor, kind="agent.created", changed=[], at=at)


def update_agent(
    *, agent_id: UUID, changes: Mapping[str, object], actor: str, at: datetime
) -> Agent:
    """Change an agent's configuration: one version higher, the old one kept.

    Changing nothing makes no version. Raises UnknownField, and
    django.core.exceptions.ValidationError for a value that is not allowed.
    """
    _refuse_unknown(changes, CONFIGURATION)
    with transaction():
        agent = Agent.objects.select_for_update(no_key=True).get(id=agent_id)
        change_agent(agent, changes, actor=actor, at=at)
    return agent


def change_agent(agent: Agent, changes: Mapping[str, object], *, actor: str, at: datetime) -> None:
    """As `update_agent`, for a locked agent inside the caller's transaction()."""
    changed = [name for name, value in changes.items() if getattr(agent, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(agent, name, changes[name])
    agent.version += 1
    agent.full_clean()
    agent.save(update_fields=[*changed, "version"])
    _store_version(agent, actor=actor, at=at)
    _journal_agent(agent, actor=actor, kind="agent.changed", changed=changed, at=at)


def create_team(  # noqa: PLR0913 - what a team is made of
    *,
    owner: User,
    name: str,
    quorum: int,
    vote_timeout_seconds: int,
    seats: Sequence[SeatChoice],
    actor: str,
    at: datetime,
) -> Team:
    """A new team of the owner's agents. Raises ValidationError as `update_team`."""
    team = Team(
        id=uuid5(NAMESPACE, f"{owner.pk}:team:{name}:{at.isoformat()}"),
        owner=owner,
        name=name,
        quorum=quorum,
        vote_timeout_seconds=vote_timeout_seconds,
        created_at=at,
    )
    with transaction():
        team.full_clean()
        team.save(force_insert=True)
        seat_team(team, seats)
        team.full_clean()
        journal_team(team, actor=actor, kind="team.created", at=at)
    return team


def update_team(
    *,
    team_id: UUID,
    changes: Mapping[str, object],
    actor: str,
    at: datetime,
    seats: Sequence[SeatChoice] | None = None,
) -> Team:
    """Change a team's name, quorum or time to vote, and who sits in it if `seats` are given.

    Executions that think already go on with the votes that they have. Raises UnknownField, and
    ValidationError: for seats that make no team, or a quorum that its voters cannot reach.
    """
    _refuse_unknown(changes, TEAM_FIELDS)
    with transaction():
        team = Team.objects.select_for_update(no_key=True).get(id=team_id)
        for name, value in changes.items():
            setattr(team, name, value)
        if seats is not None:
            seat_team(team, seats)
        team.full_clean()
        team.save(update_fields=list(changes))
        journal_team(team, actor=actor, kind="team.changed", at=at)
    return team


def _refuse_unknown(names: Iterable[str], known: tuple[str, ...]) -> None:
    if unknown := set(names) - set(known):
        raise UnknownField(unknown, known)


def configuration_of(agent: Agent) -> dict[str, str]:
    """An agent's configuration as it is stored with a version: names to text."""
    return {name: _text(getattr(agent, name)) for name in CONFIGURATION}


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _store_version(agent: Agent, *, actor: str, at: datetime) -> None:
    AgentVersion.objects.create(
        agent=agent,
        version=agent.version,
        configuration=configuration_of(agent),
        changed_by=actor,
        at=at,
    )


def _journal_agent(
    agent: Agent, *, actor: str, kind: str, changed: list[str], at: datetime
) -> None:
    record(
        stream=owner_stream(agent.owner_id),
        kind=kind,
        actor=actor,
        subject=f"agent:{agent.id}",
        payload={"name": agent.name, "version": agent.version, "changed": changed}
        | {"configuration": configuration_of(agent)},
        at=at,
    )
