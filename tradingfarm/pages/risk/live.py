"""The risk page as it is kept current: what waits is told anew, what is new is counted."""

from django.template.loader import render_to_string

from trading.models import Account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfAccount
from tradingfarm.pages.risk.timeline import TIMELINE
from tradingfarm.pages.risk.waiting import tripped_on, waiting_of

CLOCK = SystemClock()


class RiskView(OfAccount):
    """What happened on the timeline tells the two lists above it anew, and is counted in it."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        events = change.about(*TIMELINE)
        if not events and not change.first:
            return ""
        page = frame.account
        context = {
            "page": page,
            "frame": frame,
            "update": True,
            "waiting": waiting_of(account_id=page.id, at=CLOCK.now()),
            "breakers": tripped_on(account_id=page.id),
            "may_resume": _may_release(frame, page.kind),
        }
        parts = [render_to_string("risk/_waits.html", context)]
        if events:
            parts.append(render_to_string("lists/_marks.html", {"events": events}))
        return "".join(parts)


def _may_release(frame: Frame, kind: str) -> bool:
    """All readers of one role get the same text; whom it is not for is refused at the button."""
    return frame.may_operate or (frame.may_trade and kind == Account.Kind.PAPER)
