"""Agents and teams: made, and changed in versions, with every change journaled."""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from uuid import UUID, uuid5

from django.db.models import QuerySet

from agents.domain.roles import CHARACTERS, Character
from agents.models import Agent, AgentVersion, Member, Team
from trading.models import Account
from trading.services.accounts import grant_permission
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import owner_stream, record, transaction
from tradingfarm.kernel.money import CENT, floor_to_step, plain
from tradingfarm.people.models import User

TEAM_NAME = "House team"
QUORUM = 3
PROVIDER = "rules"
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
    "colour",
    "icon",
    "status",
)
TEAM_FIELDS = ("name", "quorum", "vote_timeout_seconds")
POSITION_SHARE = Decimal("0.25")
DAILY_LOSS_SHARE = Decimal("0.05")


class UnknownField(FarmError):
    """Something is to be changed that is no part of the configuration."""

    def __init__(self, names: set[str], known: tuple[str, ...]) -> None:
        super().__init__(
            f"{', '.join(sorted(names))} cannot be changed; these can: {', '.join(known)}.",
            permanent=True,
        )


def create_builtin_team(*, owner: User, account: Account, at: datetime) -> Team:
    """Five agents on the built-in rules as one team that may trade `account`.

    Technical proposes, Risk may veto, three approvals carry. Only the proposer gets a permission:
    25 % of the account for a position, 5 % for a day's loss, 10 entries a day, New York's hours.
    Ids follow from the account. A name that the owner has used gets the account's name added.
    """
    team_id = uuid5(account.id, "builtin-team")
    with transaction():
        name = _free(TEAM_NAME, account, taken=Team.objects.filter(owner=owner))
        team = Team.objects.create(
            id=team_id, owner=owner, name=name, quorum=QUORUM, created_at=at
        )
        for seat, character in enumerate(CHARACTERS):
            agent = _create_agent(owner, account, team_id, character, at)
            Member.objects.create(
                team=team,
                agent=agent,
                seat=seat,
                proposes=character.proposes,
                vetoes=character.vetoes,
            )
        _journal_team(team, actor=_person(owner), kind="team.created", at=at)
    for member in team.members.filter(proposes=True).select_related("agent"):
        grant_permission(
            account=account,
            agent_id=member.agent_id,
            agent_name=member.agent.name,
            limits=_limits(account.cash),
            actor=_person(owner),
            at=at,
        )
    return team


def update_agent(
    *, agent_id: UUID, changes: Mapping[str, object], actor: str, at: datetime
) -> Agent:
    """Change an agent's configuration: one version higher, the old one kept.

    Changing nothing makes no version. Raises UnknownField, and
    django.core.exceptions.ValidationError for a value that is not allowed.
    """
    if unknown := set(changes) - set(CONFIGURATION):
        raise UnknownField(unknown, CONFIGURATION)
    with transaction():
        agent = Agent.objects.select_for_update(no_key=True).get(id=agent_id)
        changed = [name for name, value in changes.items() if getattr(agent, name) != value]
        if not changed:
            return agent
        for name in changed:
            setattr(agent, name, changes[name])
        agent.version += 1
        agent.full_clean()
        agent.save(update_fields=[*changed, "version"])
        _store_version(agent, actor=actor, at=at)
        _journal_agent(agent, actor=actor, kind="agent.changed", changed=changed, at=at)
    return agent


def update_team(*, team_id: UUID, changes: Mapping[str, object], actor: str, at: datetime) -> Team:
    """Change a team's name, quorum or time to vote. Raises UnknownField and ValidationError."""
    if unknown := set(changes) - set(TEAM_FIELDS):
        raise UnknownField(unknown, TEAM_FIELDS)
    with transaction():
        team = Team.objects.select_for_update(no_key=True).get(id=team_id)
        for name, value in changes.items():
            setattr(team, name, value)
        team.full_clean()
        team.save(update_fields=list(changes))
        _journal_team(team, actor=actor, kind="team.changed", at=at)
    return team


def _person(owner: User) -> str:
    return f"person:{owner.get_username()}"


def _create_agent(
    owner: User, account: Account, team_id: UUID, character: Character, at: datetime
) -> Agent:
    agent = Agent.objects.create(
        id=uuid5(team_id, character.role.value),
        owner=owner,
        name=_free(character.name, account, taken=Agent.objects.filter(owner=owner)),
        description=character.description,
        role=character.role,
        provider=PROVIDER,
        system_prompt=character.system_prompt,
        strategy_prompt=character.strategy_prompt,
        colour=character.colour,
        icon=character.icon,
        created_at=at,
    )
    _store_version(agent, actor=_person(owner), at=at)
    _journal_agent(agent, actor=_person(owner), kind="agent.created", changed=[], at=at)
    return agent


def _free(name: str, account: Account, *, taken: QuerySet[Agent] | QuerySet[Team]) -> str:
    return f"{name} ({account.name})"[:80] if taken.filter(name=name).exists() else name


def _limits(deposit: Decimal) -> dict[str, object]:
    return {
        "max_order_value": Decimal(10_000),
        "max_position_value": floor_to_step(deposit * POSITION_SHARE, CENT),
        "max_allocation_pct": POSITION_SHARE * 100,
        "max_daily_entries": 10,
        "max_daily_loss": floor_to_step(deposit * DAILY_LOSS_SHARE, CENT),
        "max_open_positions": 5,
        "stop_required": True,
        "hours_start": time(9, 30),
        "hours_end": time(16, 0),
        "hours_zone": "America/New_York",
    }


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


def _journal_team(team: Team, *, actor: str, kind: str, at: datetime) -> None:
    record(
        stream=owner_stream(team.owner_id),
        kind=kind,
        actor=actor,
        subject=f"team:{team.id}",
        payload={"quorum": team.quorum, "vote_timeout_seconds": team.vote_timeout_seconds}
        | {"name": team.name},
        at=at,
    )
