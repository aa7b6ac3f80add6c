"""Every page that is kept current, by the name that it gives in `live_view`."""

from django.template.loader import render_to_string

from tradingfarm.pages.alerts.live import render_bell, render_toasts
from tradingfarm.pages.dashboard.live import DashboardView
from tradingfarm.pages.executions.live import ExecutionView
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.lists.live import LIST_VIEWS
from tradingfarm.pages.live import Audience, Change, LiveView, OfAccount
from tradingfarm.pages.markets.live import MarketsView, MarketView
from tradingfarm.pages.orders.live import OrderView, ParentView, PositionView
from tradingfarm.pages.risk.live import RiskView
from tradingfarm.pages.teams.live import TEAM_VIEWS
from tradingfarm.pages.triggers.live import TriggersView, TriggerView


class FrameView(OfAccount):
    """A page of which nothing but the frame is kept current."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        return ""


VIEWS: dict[str, LiveView] = {
    "frame": FrameView(),
    "dashboard": DashboardView(),
    "execution": ExecutionView(),
    "markets": MarketsView(),
    "market": MarketView(),
    "order": OrderView(),
    "parent": ParentView(),
    "position": PositionView(),
    "account-risk": RiskView(),
    "triggers": TriggersView(),
    "trigger": TriggerView(),
    **LIST_VIEWS,
    **TEAM_VIEWS,
}
MONEY = ("agent.trade.", "account.", "order.", "permission.")


def frame_parts(*, frame: Frame, change: Change) -> str:
    """What every page shows of the account around its own content, as far as it changed."""
    context = {"frame": frame, "update": True}
    parts: list[str] = []
    if change.prices or change.about(*MONEY):
        parts.append(render_to_string("frame/_strip.html", context))
    if change.about("account.") and frame.may_trade:
        parts.append(render_to_string("frame/_stop.html", context))
    toasts = "" if change.first else render_toasts(change.events)
    if toasts:
        parts += [toasts, render_bell(frame)]
    return "".join(parts)
