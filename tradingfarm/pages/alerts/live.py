"""Alerts as they happen: a toast on every page of the account, and the bell that asks anew."""

from collections.abc import Iterable

from django.template.loader import render_to_string

from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.alerts import alerts_of
from tradingfarm.pages.frame import Frame

MOST_TOASTS = 4


def render_toasts(events: Iterable[JournalEvent]) -> str:
    """The newest four alerts among `events` as parts that slide in, or ''."""
    alerts = alerts_of(events)[-MOST_TOASTS:]
    return render_to_string("alerts/_toasts.html", {"alerts": alerts}) if alerts else ""


def render_bell(frame: Frame) -> str:
    """A part that makes each page ask for its own person's count: readers share what is sent."""
    return render_to_string("alerts/_bell_news.html", {"frame": frame, "update": True})
