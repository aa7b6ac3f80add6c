"""A team's and an agent's page while they are open: they say how many executions came."""

from collections.abc import Iterable
from uuid import UUID

from django.template.loader import render_to_string

from agents.models import Agent, Member, Team
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, LiveView, OfThing

TOLD = ("execution.queued",)


class TeamView(OfThing):
    """One team. No query."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Team.objects.filter(id=thing, owner=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        return _marks(change, teams=[str(audience.thing)])


class AgentView(OfThing):
    """One agent: the executions of all teams that it sits in. One query, if there are any."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Agent.objects.filter(id=thing, owner=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        if not change.about(*TOLD):
            return ""
        seats = Member.objects.filter(agent=audience.thing, team__owner=audience.owner_id)
        return _marks(change, teams=[str(team) for team in seats.values_list("team", flat=True)])


def _marks(change: Change, *, teams: Iterable[str]) -> str:
    """A mark for each execution of these teams that was queued; the page counts them."""
    wanted = set(teams)
    events = [event for event in change.about(*TOLD) if event.payload.get("team") in wanted]
    return render_to_string("lists/_marks.html", {"events": events}) if events else ""


TEAM_VIEWS: dict[str, LiveView] = {"team": TeamView(), "agent": AgentView()}
