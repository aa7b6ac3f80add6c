"""Making a team and changing it: name, quorum, time to vote, seats."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents.domain.states import AgentStatus
from agents.models import Agent, Member, Team
from agents.services.seats import SeatChoice
from agents.services.teams import TEAM_FIELDS, create_team, update_team
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.teams.forms import TeamForm, parts_in
from tradingfarm.pages.teams.views import owned_team
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role, User

CLOCK = SystemClock()


@access(Role.TRADER, methods=FORM)
def new_team(request: HttpRequest) -> HttpResponse:
    """A team of agents that exist already."""
    owner = owner_of(request)
    form = TeamForm(
        request.POST or None,
        agents=_agents(owner),
        initial={"quorum": 1, "vote_timeout_seconds": 30},
    )
    if request.method == "POST" and form.is_valid():
        try:
            team = create_team(
                owner=User.objects.get(id=owner),
                seats=form.seats,
                actor=actor_of(request),
                at=CLOCK.now(),
                **{name: form.cleaned_data[name] for name in TEAM_FIELDS},
            )
        except ValidationError as error:
            form.add_problems(_named(error))
        else:
            messages.success(request, f"{team.name} is here. Let it trade an account next.")
            return _to(team)
    return _page(request, form, None)


@access(Role.TRADER, owns="team", methods=FORM)
def edit_team(request: HttpRequest, team_id: UUID) -> HttpResponse:
    """The team's settings; what is thinking at this moment goes on with the votes that it has."""
    team = owned_team(request, team_id)
    seats = [
        SeatChoice(member.agent_id, member.proposes, member.vetoes)
        for member in Member.objects.filter(team=team).order_by("seat")
    ]
    initial = {name: getattr(team, name) for name in TEAM_FIELDS} | parts_in(seats)
    agents = _agents(team.owner_id, first=[seat.agent_id for seat in seats])
    form = TeamForm(request.POST or None, agents=agents, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            update_team(
                team_id=team.id,
                changes={name: form.cleaned_data[name] for name in TEAM_FIELDS},
                seats=form.seats,
                actor=actor_of(request),
                at=CLOCK.now(),
            )
        except ValidationError as error:
            form.add_problems(_named(error))
        else:
            messages.success(request, "The team has changed; the next execution runs it.")
            return _to(team)
    return _page(request, form, team)


def _agents(owner_id: int, *, first: Sequence[UUID] = ()) -> list[Agent]:
    """Who may sit in a team: everybody who is not archived. Those of `first` keep their order."""
    found = Agent.objects.filter(owner=owner_id).exclude(status=AgentStatus.ARCHIVED)
    agents = found.only("id", "name", "role", "colour", "icon").order_by("created_at", "name")
    places = {agent_id: place for place, agent_id in enumerate(first)}
    return sorted(agents, key=lambda agent: places.get(agent.id, len(places)))


def _page(request: HttpRequest, form: TeamForm, team: Team | None) -> HttpResponse:
    context = {"form": form, "team": team, "section": "teams"}
    return render(request, "teams/edit.html", context, status=422 if form.errors else 200)


def _named(error: ValidationError) -> ValidationError:
    """A name that is taken, said beside the name."""
    if "Team with this Owner and Name already exists." in " ".join(error.messages):
        return ValidationError({"name": "You have a team of that name; choose another."})
    return error


def _to(team: Team) -> HttpResponse:
    return HttpResponseRedirect(reverse("team", args=[team.id]), status=303)
