"""Lists as they are kept current: a mark for each new thing; open positions with their prices."""

from django.template.loader import render_to_string

from tradingfarm.pages.alerts.kinds import ALERTS
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfAccount

NEW = {
    "orders": ("order.approved",),
    "fills": ("agent.trade.executed",),
    "refusals": ("risk.denied",),
    "executions": ("execution.queued",),
    "journal": ("",),
    "alerts": ALERTS,
}
BOOK = ("agent.trade.executed", "protection.", "order.", "account.")


class ListView(OfAccount):
    """A list holds its place: it is told what is new, and the page counts it. No query."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        events = change.about(*NEW[audience.view])
        return render_to_string("lists/_marks.html", {"events": events}) if events else ""


class PositionsView(OfAccount):
    """Open positions follow their prices, their fills and their stops."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        if not change.prices and not change.about(*BOOK):
            return ""
        context = {
            "frame": frame,
            "page": frame.account,
            "open_rows": frame.positions,
            "numbers": frame.numbers,
            "update": True,
        }
        return render_to_string("lists/_open_positions.html", context)


LIST_VIEWS = {name: ListView() for name in NEW} | {"positions": PositionsView()}
