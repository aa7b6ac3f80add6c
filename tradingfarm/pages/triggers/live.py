"""Triggers as they are kept current: rows of what fired, and a mark for each new firing."""

from uuid import UUID

from django.template.loader import render_to_string

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfAccount, OfThing
from tradingfarm.pages.triggers.rows import trigger_rows, triggers_of
from triggers.models import Trigger

CLOCK = SystemClock()
FIRED = ("trigger.fired",)
SUBJECT = "trigger:"


class TriggersView(OfAccount):
    """The list: a row comes again when its trigger woke a team on the account."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        ids = {UUID(one.subject.removeprefix(SUBJECT)) for one in change.about(*FIRED)}
        if not ids:
            return ""
        found = list(triggers_of(owner_id=audience.owner_id).filter(id__in=ids).order_by("id"))
        zone = frame.account.time_zone
        rows = trigger_rows(triggers=found, zone=zone, now=CLOCK.now())
        context = {"frame": frame, "zone": zone, "rows": rows}
        return render_to_string("triggers/_moved.html", context)


class TriggerView(OfThing):
    """One trigger: its list of firings holds its place and is told what is new. No query."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Trigger.objects.filter(id=thing, owner=owner_id).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        wanted = f"{SUBJECT}{audience.subject}"
        events = [event for event in change.about(*FIRED) if event.subject == wanted]
        return render_to_string("lists/_marks.html", {"events": events}) if events else ""
