"""Making an agent, changing its configuration, pausing, activating and archiving it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents.domain.states import AgentStatus
from agents.models import Agent
from agents.services.statuses import IsArchived, activate_agent, archive_agent, pause_agent
from agents.services.teams import create_agent, update_agent
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.agents.forms import AgentForm, configuration_in
from tradingfarm.pages.agents.views import owned_agent
from tradingfarm.people.access import FORM, WRITE, access, owner_of
from tradingfarm.people.models import Role, User

CLOCK = SystemClock()


@access(Role.TRADER, methods=FORM)
def new_agent(request: HttpRequest) -> HttpResponse:
    """An agent of one's own, in no team yet."""
    initial = configuration_in(Agent(role="technical"))
    form = AgentForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_agent(
                owner=User.objects.get(id=owner_of(request)),
                configuration=form.cleaned_data,
                actor=actor_of(request),
                at=CLOCK.now(),
            )
        except ValidationError as error:
            form.add_problems(_named(error))
        else:
            messages.success(request, f"{made.name} is here. Give it a seat in a team next.")
            return _to(made)
    return _form(request, form, None)


@access(Role.TRADER, owns="agent", methods=FORM)
def edit_agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """The agent's configuration; what changes makes a new version."""
    agent = owned_agent(request, agent_id)
    form = AgentForm(request.POST or None, initial=configuration_in(agent))
    if request.method == "POST" and form.is_valid():
        try:
            changed = update_agent(
                agent_id=agent.id,
                changes=form.cleaned_data,
                actor=actor_of(request),
                at=CLOCK.now(),
            )
        except ValidationError as error:
            form.add_problems(_named(error))
        else:
            _say_changed(request, agent, changed)
            return _to(changed)
    return _form(request, form, agent)


@access(Role.TRADER, owns="agent", methods=WRITE)
def change_status(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """Pause, activate or archive; what was refused says what to do instead."""
    agent = owned_agent(request, agent_id)
    wish = request.POST.get("status", "")
    actor, at = actor_of(request), CLOCK.now()
    try:
        if wish == AgentStatus.PAUSED:
            count = pause_agent(agent_id=agent.id, actor=actor, at=at)
            messages.success(request, _paused_words(agent, count))
        elif wish == AgentStatus.ACTIVE:
            activate_agent(agent_id=agent.id, actor=actor, at=at)
            messages.success(request, _active_words(agent))
        elif wish == AgentStatus.ARCHIVED:
            archive_agent(agent_id=agent.id, actor=actor, at=at)
            messages.success(
                request, f"{agent.name} is archived and may trade nowhere. Its record stays."
            )
        else:
            messages.error(request, "Choose to pause, activate or archive.")
    except ValidationError as error:
        messages.error(request, f"{agent.name} was not archived. {' '.join(error.messages)}")
    except IsArchived as error:
        messages.error(request, error.message)
    return _to(agent)


def _paused_words(agent: Agent, count: int) -> str:
    taken = f"{count} of its entries were canceled." if count else "It had no entry at work."
    return f"{agent.name} is paused. {taken} What it holds keeps its stops and targets."


def _active_words(agent: Agent) -> str:
    if agent.status == AgentStatus.ARCHIVED:
        return f"{agent.name} is active again. Its permissions are off; switch on what it may do."
    return f"{agent.name} is active: it answers from the next execution on."


def _say_changed(request: HttpRequest, before: Agent, after: Agent) -> None:
    if after.version == before.version:
        messages.info(request, f"{after.name} is as it was; there is no new version.")
    else:
        messages.success(
            request,
            f"{after.name} is now version {after.version}; the next execution runs it.",
        )


def _form(request: HttpRequest, form: AgentForm, agent: Agent | None) -> HttpResponse:
    context = {"form": form, "agent": agent, "section": "agents"}
    return render(request, "agents/edit.html", context, status=422 if form.errors else 200)


def _named(error: ValidationError) -> ValidationError:
    """A name that is taken, said beside the name."""
    if "Agent with this Owner and Name already exists." in " ".join(error.messages):
        return ValidationError({"name": "You have an agent of that name; choose another."})
    return error


def _to(agent: Agent) -> HttpResponse:
    return HttpResponseRedirect(reverse("agent", args=[agent.id]), status=303)
