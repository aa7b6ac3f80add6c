"""Founding a team from a template, with the one permission that lets it trade an account."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import QuerySet

from agents.domain.roles import Character
from agents.domain.templates import HOUSE, TeamTemplate
from agents.models import Agent, Member, Team
from agents.services.seats import journal_team
from agents.services.teams import store_new_agent
from trading.domain.allowances import standard_limits
from trading.models import Account, Permission
from trading.selectors.ceilings import ceilings
from trading.services.accounts import grant_permission
from tradingfarm.kernel.journal import transaction
from tradingfarm.people.models import User

RULES = "rules"


def create_builtin_team(  # noqa: PLR0913 - what a team is founded with
    *,
    owner: User,
    account: Account,
    at: datetime,
    template: TeamTemplate = HOUSE,
    limits: Mapping[str, object] | None = None,
    provider: str = RULES,
    model: str = "",
) -> Team:
    """The template's agents as one team that may trade `account`, asking `provider`.

    Only the proposer gets a permission: `limits`, or else those of
    trading.domain.allowances.standard_limits. Ids follow from the account, so doing it again
    completes what a killed start left and changes nothing else. A name that the owner has used
    gets the account's name added.
    """
    team = Team.objects.filter(id=team_id_of(account)).first() or _found(
        owner, account, template, {"provider": provider, "model": model}, at
    )
    proposer = team.members.select_related("agent").get(proposes=True).agent
    if not Permission.objects.filter(account=account, agent_id=proposer.id).exists():
        grant_permission(
            account=account,
            agent_id=proposer.id,
            agent_name=proposer.name,
            limits=limits or standard_limits(money=account.cash, ceilings=ceilings()),
            actor=_person(owner),
            at=at,
        )
    return team


def team_id_of(account: Account) -> UUID:
    """The id that the team founded with an account has."""
    return uuid5(account.id, "builtin-team")


def _found(
    owner: User, account: Account, template: TeamTemplate, mind: Mapping[str, str], at: datetime
) -> Team:
    with transaction():
        team = Team.objects.create(
            id=team_id_of(account),
            owner=owner,
            name=_free(template.name, account, taken=Team.objects.filter(owner=owner)),
            quorum=template.quorum,
            created_at=at,
        )
        for seat, character in enumerate(template.characters):
            agent = _agent(owner, account, team.id, character, at)
            agent.provider, agent.model = mind["provider"], mind["model"]
            store_new_agent(agent, actor=_person(owner), at=at)
            Member.objects.create(
                team=team,
                agent=agent,
                seat=seat,
                proposes=character.proposes,
                vetoes=character.vetoes,
            )
        journal_team(team, actor=_person(owner), kind="team.created", at=at)
    return team


def _agent(
    owner: User, account: Account, team_id: UUID, character: Character, at: datetime
) -> Agent:
    return Agent(
        id=uuid5(team_id, character.role.value),
        owner=owner,
        name=_free(character.name, account, taken=Agent.objects.filter(owner=owner)),
        description=character.description,
        role=character.role,
        system_prompt=character.system_prompt,
        strategy_prompt=character.strategy_prompt,
        colour=character.colour,
        icon=character.icon,
        created_at=at,
    )


def _free(name: str, account: Account, *, taken: QuerySet[Agent] | QuerySet[Team]) -> str:
    return f"{name} ({account.name})"[:80] if taken.filter(name=name).exists() else name


def _person(owner: User) -> str:
    return f"person:{owner.get_username()}"
