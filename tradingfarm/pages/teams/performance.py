"""What the agents of a team did together."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from agents.models import Member
from tradingfarm.pages.agents.performance import team_performance
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.teams.views import owned_team
from tradingfarm.people.access import access
from tradingfarm.people.models import Role


@access(Role.VIEWER, owns="team")
def performance(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """A page; to htmx only its figures, which the team's own page asks for when it is shown."""
    found = owned_team(request, team_id)
    frame_of(request)
    members = Member.objects.filter(team=found.id)
    context = {
        "team": found,
        "performance": team_performance(
            owner_id=found.owner_id, agent_ids=list(members.values_list("agent", flat=True))
        ),
        "section": "teams",
    }
    alone = not request.headers.get("HX-Request")
    name = "teams/performance.html" if alone else "agents/_performance_team.html"
    return render(request, name, context)
