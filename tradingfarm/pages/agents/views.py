"""Agents as cards, and one agent from every side."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from agents.domain.states import AgentStatus
from agents.models import Agent
from trading.models import Permission
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.agents.cards import (
    RULES,
    STATUSES,
    SeatNote,
    agent_cards,
    choices_of,
    mind_words,
    seats_of,
)
from tradingfarm.pages.agents.performance import performance_of, pnl_points
from tradingfarm.pages.agents.versions import history_of
from tradingfarm.pages.agents.waking import together, wakings_of
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.permissions.limits import permission_pages
from tradingfarm.pages.teams.executions import of_agent
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
TABS = {
    "overview": "Overview",
    "executions": "Executions",
    "prompt": "Prompt",
    "limits": "Limits",
}


@access(Role.VIEWER)
def agents(request: HttpRequest) -> HttpResponse:
    """The owner's agents; `?status=` leaves the active, paused or archived ones."""
    asked = request.GET.get("status", "")
    status = asked if asked in STATUSES else ""
    owner = owner_of(request)
    context = {
        "cards": agent_cards(owner_id=owner, status=status, now=CLOCK.now()),
        "choices": choices_of(owner_id=owner, status=status),
        "status": status,
        "zone": zone_of(request),
        "may_trade": frame_of(request).may_trade,
        "section": "agents",
    }
    return render(request, "agents/list.html", context)


@access(Role.VIEWER, owns="agent")
def agent(request: HttpRequest, agent_id: UUID) -> HttpResponse:
    """One agent; `?tab=` is overview, executions, prompt or limits."""
    found = owned_agent(request, agent_id)
    asked = request.GET.get("tab", "")
    tab = asked if asked in TABS else "overview"
    seats = seats_of(agent_ids=[found.id]).get(found.id, ())
    context = {
        "agent": found,
        "mind": mind_words(provider=found.provider, model=found.model),
        "asks_a_model": found.provider != RULES,
        "seats": seats,
        "tab": tab,
        "tabs": TABS.items(),
        "zone": zone_of(request),
        "may_trade": frame_of(request).may_trade,
        "is_active": found.status == AgentStatus.ACTIVE,
        "is_archived": found.status == AgentStatus.ARCHIVED,
        "live_view": "agent",
        "live_subject": str(found.id),
        "section": "agents",
    }
    return render(request, "agents/agent.html", context | _tab(request, found, tab, seats))


def _tab(
    request: HttpRequest, found: Agent, tab: str, seats: tuple[SeatNote, ...]
) -> dict[str, object]:
    """What one tab shows beyond the page's head."""
    if tab == "executions":
        return {"executions": of_agent(agent_id=found.id)}
    if tab == "prompt":
        asked = {"first": request.GET.get("from", ""), "second": request.GET.get("to", "")}
        return {"history": history_of(agent_id=found.id, **asked)}
    if tab == "limits":
        permissions = Permission.objects.filter(agent_id=found.id).select_related("account")
        own = list(permissions.filter(account__owner=found.owner_id).order_by("account__name"))
        return {"permissions": permission_pages(permissions=own)}
    wakings = wakings_of(team_ids=[seat.team_id for seat in seats])
    return {
        "performance": performance_of(
            owner_id=found.owner_id,
            agent_id=found.id,
            account_id=account_of(request),
            zone=zone_of(request),
            now=CLOCK.now(),
        ),
        "waking": together(wakings=wakings.values()),
    }


@access(Role.VIEWER, owns="agent")
def pnl_line(request: HttpRequest, agent_id: UUID) -> JsonResponse:
    """Each day as Unix seconds of market time, P&L and drawdown (0 to 1), both as text."""
    found = owned_agent(request, agent_id)
    points = pnl_points(owner_id=found.owner_id, agent_id=found.id, account_id=account_of(request))
    return JsonResponse({"points": points})


def owned_agent(request: HttpRequest, agent_id: UUID) -> Agent:
    """The reader's agent. Raises Http404 for another's."""
    found = Agent.objects.filter(id=agent_id, owner_id=owner_of(request)).first()
    if found is None:
        raise Http404("You have no such agent.")
    return found


def account_of(request: HttpRequest) -> UUID | None:
    """The account that the person looks at; None without one."""
    page = frame_of(request).page
    return page.id if page else None


def zone_of(request: HttpRequest) -> str:
    """The time zone of the account that the person looks at; UTC without one."""
    page = frame_of(request).page
    return page.time_zone if page else "UTC"
