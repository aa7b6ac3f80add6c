"""Every agent of an owner as a card."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.states import AgentStatus
from agents.models import Agent, Member
from agents.selectors.costs import Cost, costs_of
from tradingfarm.pages.agents.performance import Record, records_of
from tradingfarm.pages.agents.waking import Waking, together, wakings_of

RULES = "rules"
STATUSES = {
    "": ("In use", (AgentStatus.ACTIVE, AgentStatus.PAUSED)),
    "active": ("Active", (AgentStatus.ACTIVE,)),
    "paused": ("Paused", (AgentStatus.PAUSED,)),
    "archived": ("Archived", (AgentStatus.ARCHIVED,)),
}


@dataclass(frozen=True)
class SeatNote:
    """A team that an agent sits in, and what it does there."""

    team_id: UUID
    team: str
    proposes: bool
    vetoes: bool


@dataclass(frozen=True)
class AgentCard:
    """One agent at a glance. Amounts in the currency of its accounts."""

    id: UUID
    name: str
    description: str
    role: str
    status: AgentStatus
    colour: str
    icon: str
    mind: str
    asks_a_model: bool
    seats: tuple[SeatNote, ...]
    record: Record
    dollars_today: Decimal
    waking: Waking

    @property
    def proposes(self) -> bool:
        return any(seat.proposes for seat in self.seats)


@dataclass(frozen=True)
class Choice:
    """One of the filters, with how many agents it leaves."""

    key: str
    label: str
    count: int
    chosen: bool


def agent_cards(*, owner_id: int, status: str, now: datetime) -> tuple[AgentCard, ...]:
    """The agents of one filter (a key of STATUSES), those that propose first. Five queries.

    `now` is wall time.
    """
    _, wanted = STATUSES[status]
    found = Agent.objects.filter(owner=owner_id, status__in=wanted)
    agents = list(found.defer("system_prompt", "strategy_prompt").order_by("created_at", "name"))
    ids = [agent.id for agent in agents]
    seats = seats_of(agent_ids=ids)
    wakings = wakings_of(team_ids={seat.team_id for found in seats.values() for seat in found})
    records = records_of(owner_id=owner_id, agent_ids=ids)
    costs = costs_of(agent_ids=ids, at=now)
    cards = [
        _card(
            agent,
            seats.get(agent.id, ()),
            records.get(agent.id, Record()),
            costs.get(agent.id, Cost()).today,
            wakings,
        )
        for agent in agents
    ]
    return tuple(sorted(cards, key=lambda card: not card.proposes))


def choices_of(*, owner_id: int, status: str) -> tuple[Choice, ...]:
    """The filters with their counts. One query."""
    statuses = list(Agent.objects.filter(owner=owner_id).values_list("status", flat=True))
    return tuple(
        Choice(key, label, sum(each in wanted for each in statuses), key == status)
        for key, (label, wanted) in STATUSES.items()
    )


def seats_of(*, agent_ids: Iterable[UUID]) -> dict[UUID, tuple[SeatNote, ...]]:
    """The seats of each agent. One query."""
    found: dict[UUID, list[SeatNote]] = defaultdict(list)
    members = Member.objects.filter(agent__in=list(agent_ids)).select_related("team")
    for member in members.order_by("team__name"):
        found[member.agent_id].append(
            SeatNote(member.team_id, member.team.name, member.proposes, member.vetoes)
        )
    return {agent: tuple(seats) for agent, seats in found.items()}


def mind_words(*, provider: str, model: str) -> str:
    """What answers for an agent, said plainly."""
    if provider == RULES:
        return "Built-in rules, no model"
    return f"{provider.capitalize()}, {model}" if model else provider.capitalize()


def _card(
    agent: Agent,
    seats: tuple[SeatNote, ...],
    record: Record,
    dollars: Decimal,
    wakings: dict[UUID, Waking],
) -> AgentCard:
    teams = [wakings[seat.team_id] for seat in seats if seat.team_id in wakings]
    return AgentCard(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        role=agent.role,
        status=AgentStatus(agent.status),
        colour=agent.colour,
        icon=agent.icon,
        mind=mind_words(provider=agent.provider, model=agent.model),
        asks_a_model=agent.provider != RULES,
        seats=seats,
        record=record,
        dollars_today=dollars,
        waking=together(wakings=teams),
    )
