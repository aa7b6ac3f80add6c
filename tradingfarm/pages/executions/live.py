"""The story of an execution as it is kept current: told anew when something of it happened."""

from uuid import UUID

from django.template.loader import render_to_string

from agents.models import Execution
from tradingfarm.pages.executions.rows import rows_of
from tradingfarm.pages.executions.story import Story, story_of
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfThing

TRADING = ("order.", "protection.", "agent.trade.", "risk.")


class ExecutionView(OfThing):
    """Events of the execution and of its orders tell the whole story anew.

    New prices alone change what its order is worth now, so only that step is sent.
    """

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Execution.objects.filter(id=thing, account__owner_id=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        own = any(event.subject == f"execution:{audience.subject}" for event in change.events)
        if not (change.first or change.prices or own or change.about(*TRADING)):
            return ""
        rows = rows_of(owner_id=audience.owner_id, execution_id=audience.thing)
        if rows is None:
            return ""
        story = story_of(rows=rows)
        context = {"story": story, "page": frame.account, "frame": frame, "update": True}
        if change.first or own or _is_traded(story, change):
            return render_to_string("executions/_told.html", context)
        return _priced(story, context) if change.prices else ""


def _is_traded(story: Story, change: Change) -> bool:
    """Whether an event is of an order, exit or protection of the story."""
    subjects = {subject for _, subject in story.subjects}
    after = story.aftermath
    if after is not None:
        subjects |= {f"order:{each.order_id}" for each in after.exits}
        subjects |= {f"protection:{each.id}" for each in after.protections}
    return any(event.subject in subjects for event in change.events)


def _priced(story: Story, context: dict[str, object]) -> str:
    """The step that prices move, and the figures in short, while something is held."""
    step = next((each for each in story.steps if each.name == "since"), None)
    if step is None or story.aftermath is None or not story.aftermath.left:
        return ""
    parts = ("executions/_step.html", "executions/_brief.html")
    return "".join(render_to_string(part, context | {"step": step}) for part in parts)
