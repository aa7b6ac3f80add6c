"""Every page that is kept current, by the name that it gives in `data-view`."""

from django.template.loader import render_to_string

from tradingfarm.pages.dashboard.live import DashboardView
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Change, LiveView

VIEWS: dict[str, LiveView] = {"dashboard": DashboardView()}


def frame_parts(*, frame: Frame, change: Change) -> str:
    """What every page shows of the account around its own content."""
    return render_to_string("frame/_strip.html", {"frame": frame, "update": True})
