"""Teams as cards, and one team: who speaks to whom, where it trades, what it decided."""

import secrets
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from agents.models import Team
from agents.services.executions import new_request
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.agents.views import zone_of
from tradingfarm.pages.agents.waking import Waking, wakings_of
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.teams.executions import RECENT, of_team, outcomes_of
from tradingfarm.pages.teams.graph import graph_of
from tradingfarm.pages.teams.sheets import drawn, seats_by_team, sessions_of, team_cards
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
OUTCOMES = {
    "APPROVED": "approved",
    "HOLD": "held",
    "NO_QUORUM": "without a quorum",
    "VETOED": "vetoed",
    "BELOW_MINIMUM": "too small after the votes",
}


@access(Role.VIEWER)
def teams(request: HttpRequest) -> HttpResponse:
    """The owner's teams."""
    context = {
        "cards": team_cards(owner_id=owner_of(request)),
        "zone": zone_of(request),
        "may_trade": frame_of(request).may_trade,
        "section": "teams",
    }
    return render(request, "teams/list.html", context)


@access(Role.VIEWER, owns="team")
def team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """One team with its seats, sessions, triggers and newest executions."""
    found = owned_team(request, team_id)
    zone, wish = zone_of(request), _wish(request)  # before anything that they are compared with
    seats = seats_by_team(team_ids=[found.id]).get(found.id, ())
    sessions = sessions_of(team_id=found.id)
    outcomes = outcomes_of(team_id=found.id)
    context = {
        "team": found,
        "seats": seats,
        "voters": sum(not seat.proposes for seat in seats),
        "graph": graph_of(seats=drawn(seats=seats)),
        "sessions": sessions,
        "is_trading": any(session.trades for session in sessions),
        "waking": wakings_of(team_ids=[found.id]).get(found.id, Waking()),
        "executions": of_team(team_id=found.id),
        "outcomes": [
            (words, outcomes[name]) for name, words in OUTCOMES.items() if outcomes.get(name)
        ],
        "decisions": sum(outcomes.values()),
        "recent": RECENT,
        "zone": zone,
        "may_trade": frame_of(request).may_trade,
        "wish": wish,
        "live_view": "team",
        "live_subject": str(found.id),
        "section": "teams",
    }
    return render(request, "teams/team.html", context)


def _wish(request: HttpRequest) -> str:
    """A name for pressing the button once, however often the form is sent."""
    page = frame_of(request).page
    known = page.clock.as_of if page else None
    return new_request(now=known or CLOCK.now(), token=secrets.token_urlsafe(9))


def owned_team(request: HttpRequest, team_id: UUID) -> Team:
    """The reader's team. Raises Http404 for another's."""
    found = Team.objects.filter(id=team_id, owner_id=owner_of(request)).first()
    if found is None:
        raise Http404("You have no such team.")
    return found
