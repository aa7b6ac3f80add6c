"""Triggers: the list, and each one with its chart and its firings."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.pages.listing import Filters, Listing, Sort, listed
from tradingfarm.pages.lists.pages import frame_asked
from tradingfarm.pages.markets.forms import PartQuery
from tradingfarm.pages.triggers.changes import changes_of
from tradingfarm.pages.triggers.drawing import NOTHING, condition_of, drawn, instruments_of
from tradingfarm.pages.triggers.filters import SORTS, TriggerFilters
from tradingfarm.pages.triggers.page import (
    firing_rows,
    firings_of,
    trigger_named,
    trigger_page,
)
from tradingfarm.pages.triggers.rows import clock_of, trigger_rows, triggers_of
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
FIRINGS = 25
BY_TIME = (Sort("at", "When", ("-at", "id")),)


@access(Role.VIEWER)
def triggers(request: HttpRequest) -> HttpResponse:
    """Everything that wakes the owner's teams, on any feed."""
    frame, owner_id = frame_asked(request), owner_of(request)
    listing = Listing(
        rows=triggers_of(owner_id=owner_id),
        sorts=SORTS,
        filters=TriggerFilters(request.GET, owner_id=owner_id),
        request=request,
    )
    zone = _zone(frame)
    rows = trigger_rows(triggers=listing.rows, zone=zone, now=CLOCK.now())
    context = {"section": "triggers", "rows": rows, "zone": zone, "live_view": "triggers"}
    return listed(request, "triggers/index.html", listing, context)


@access(Role.VIEWER, owns="trigger")
def trigger(request: HttpRequest, trigger_id: UUID) -> HttpResponse:
    """One trigger: its condition drawn, what it did, and who changed it."""
    frame, now = frame_of(request), CLOCK.now()
    found = trigger_named(owner_id=owner_of(request), trigger_id=trigger_id)
    page = trigger_page(trigger=found, now=now)
    asked = request.GET.get("symbol", "")
    symbol = asked if asked in page.instruments else ""
    listing = Listing(
        rows=firings_of(trigger=found),
        sorts=BY_TIME,
        filters=Filters,
        request=request,
        scope={"symbol": symbol} if symbol else None,
        size=FIRINGS,
    )
    symbol = symbol or next(iter(page.instruments), "")
    context = {
        "section": "triggers",
        "page": page,
        "trigger": found,
        "zone": _zone(frame),
        "rows": firing_rows(firings=listing.rows),
        "symbol": symbol if page.looks else "",
        "instrument": page.instruments.get(symbol),
        "changes": changes_of(trigger=found),
        "seen_seq": frame.page.seq if frame.page else 0,
        "live_view": "trigger",
        "live_subject": str(found.id),
    }
    return listed(request, "triggers/trigger.html", listing, context)


@access(Role.VIEWER, owns="trigger")
def chart(request: HttpRequest, trigger_id: UUID) -> JsonResponse:
    """The candles of one of its instruments, the first unless `?symbol=` names another, as JSON.

    There is nothing to draw of a trigger of times, or of one whose condition cannot be read.
    """
    query = PartQuery(request.GET)
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    found = trigger_named(owner_id=owner_of(request), trigger_id=trigger_id)
    condition, instruments = condition_of(trigger=found), instruments_of(trigger=found)
    asked = request.GET.get("symbol") or next(iter(instruments), "")
    if asked and asked not in instruments:
        raise Http404("This trigger watches no such symbol.")
    if condition is None or not asked:
        return JsonResponse(NOTHING)
    instrument = instruments[asked]
    present = clock_of(trigger=found, now=CLOCK.now())
    before = query.earlier_than
    until = present if before is None else min(present, before)
    part = drawn(trigger=found, condition=condition, instrument=instrument, until=until)
    return JsonResponse(part)


def _zone(frame: Frame) -> str:
    return frame.account.time_zone if frame.page else "UTC"
