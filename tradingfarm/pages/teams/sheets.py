"""Teams as cards, and one team with its seats and trading sessions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agents.domain.states import AgentStatus, SessionState
from agents.models import Member, Team, TradingSession
from trading.domain.states import HaltState
from trading.models import Permission
from tradingfarm.pages.agents.cards import mind_words
from tradingfarm.pages.agents.waking import Waking, wakings_of
from tradingfarm.pages.teams.graph import Seated

SESSIONS = 12


@dataclass(frozen=True)
class Seat:
    """One member of a team, as tables show it."""

    agent_id: UUID
    name: str
    role: str
    colour: str
    icon: str
    mind: str
    proposes: bool
    vetoes: bool
    status: AgentStatus

    @property
    def is_active(self) -> bool:
        return self.status is AgentStatus.ACTIVE


@dataclass(frozen=True)
class SessionNote:
    """One trading session. `halt` says why nothing leaves its account, empty when all does."""

    id: UUID
    account_id: UUID
    account: str
    state: SessionState
    accepted_by: str
    started_at: datetime
    stopped_at: datetime | None
    stop_reason: str
    halt: str

    @property
    def is_open(self) -> bool:
        return self.state is not SessionState.STOPPED

    @property
    def trades(self) -> bool:
        return self.state is SessionState.AUTO_TRADING


@dataclass(frozen=True)
class TeamCard:
    """One team at a glance; `accounts` are those that it trades now."""

    id: UUID
    name: str
    quorum: int
    seats: tuple[Seat, ...]
    accounts: tuple[str, ...]
    waking: Waking

    @property
    def voters(self) -> int:
        return sum(not seat.proposes for seat in self.seats)


def team_cards(*, owner_id: int) -> tuple[TeamCard, ...]:
    """The owner's teams by age. Four queries."""
    teams = list(Team.objects.filter(owner=owner_id).order_by("created_at", "name"))
    ids = [team.id for team in teams]
    seats, wakings = seats_by_team(team_ids=ids), wakings_of(team_ids=ids)
    trading = _trading(ids)
    return tuple(
        TeamCard(
            team.id,
            team.name,
            team.quorum,
            seats.get(team.id, ()),
            tuple(trading.get(team.id, ())),
            wakings.get(team.id, Waking()),
        )
        for team in teams
    )


def seats_by_team(*, team_ids: Iterable[UUID]) -> dict[UUID, tuple[Seat, ...]]:
    """The seats of each team in their order. One query."""
    found: dict[UUID, list[Seat]] = defaultdict(list)
    members = Member.objects.filter(team__in=list(team_ids)).select_related("agent")
    for member in members.order_by("seat"):
        found[member.team_id].append(_seat(member))
    return {team: tuple(seats) for team, seats in found.items()}


def _seat(member: Member) -> Seat:
    agent = member.agent
    return Seat(
        agent_id=agent.id,
        name=agent.name,
        role=agent.role,
        colour=agent.colour,
        icon=agent.icon,
        mind=mind_words(provider=agent.provider, model=agent.model),
        proposes=member.proposes,
        vetoes=member.vetoes,
        status=AgentStatus(agent.status),
    )


def drawn(*, seats: Sequence[Seat]) -> list[Seated]:
    """The seats as the drawing of a team wants them."""
    return [
        Seated(seat.name, seat.colour, seat.icon, seat.proposes, seat.vetoes, seat.is_active)
        for seat in seats
    ]


def _trading(team_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = defaultdict(list)
    sessions = TradingSession.objects.filter(
        team__in=team_ids, state=SessionState.AUTO_TRADING
    ).order_by("account__name")
    for team, name in sessions.values_list("team", "account__name"):
        found[team].append(name)
    return found


def sessions_of(*, team_id: UUID) -> tuple[SessionNote, ...]:
    """The team's sessions, open ones first, then the newest, a dozen at most. One query."""
    found = TradingSession.objects.filter(team=team_id).select_related("account")
    notes = [_note(session) for session in found.order_by("-started_at", "id")[:SESSIONS]]
    return tuple(sorted(notes, key=lambda note: not note.is_open))


def _note(session: TradingSession) -> SessionNote:
    account = session.account
    halted = account.halt_state != HaltState.ACTIVE
    return SessionNote(
        id=session.id,
        account_id=account.id,
        account=account.name,
        state=SessionState(session.state),
        accepted_by=session.accepted_by.removeprefix("person:"),
        started_at=session.started_at,
        stopped_at=session.stopped_at,
        stop_reason=session.stop_reason,
        halt=f"{account.halt_state.lower()}: {account.halt_reason}" if halted else "",
    )


def proposer_permission(*, seats: Sequence[Seat], account_id: UUID) -> Permission | None:
    """What the team's proposer may do on an account, None when it has no permission there."""
    ids = [seat.agent_id for seat in seats if seat.proposes]
    found = Permission.objects.filter(account=account_id, agent_id__in=ids)
    return found.select_related("account").first()
