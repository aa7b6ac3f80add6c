"""The journal of an account: what happened, in order, and as a file."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tradingfarm.kernel.audits import record_export
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.downloads import download
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.journal.events import HEADS, event_cells, event_row, holds, json_line
from tradingfarm.pages.journal.search import SORTS, JournalFilters, events_in
from tradingfarm.pages.journal.streams import NONE, frame_of_stream, streams_of
from tradingfarm.pages.journal.verifying import last_verification
from tradingfarm.pages.listing import Listing, listed
from tradingfarm.pages.lists.pages import CSV, csv_lines, frame_asked
from tradingfarm.people.access import WRITE, access, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
JSON_LINES = "application/x-ndjson"
SEE_OTHER = 303
BEYOND = 2**63
"""Larger than any event's id; the database would refuse to look for it."""


@access(Role.VIEWER)
def journal(request: HttpRequest) -> HttpResponse:
    """The events of one stream that match what is asked, newest first."""
    frame = frame_asked(request)
    if frame.page is None:
        return listed(request, "lists/no_account.html", None, {"section": "journal"})
    filters = filters_of(request, frame)
    listing = listing_of(request, frame, filters)
    context = {
        "page": frame.page,
        "rows": tuple(event_row(event) for event in listing.rows),
        "known": {"kinds": filters.kinds, "actors": filters.actors},
        "stream": filters.stream_name,
        "stream_key": filters.stream_key,
        "verified": last_verification(stream=filters.stream_name),
        "section": "journal",
        "live_view": "journal" if filters.stream_key == "account" else "",
        "seen_seq": frame.page.seq,
    }
    return listed(request, "journal/index.html", listing, context)


@access(Role.VIEWER, owns="event")
def event(request: HttpRequest, event_id: int) -> HttpResponse:
    """One event with its text, its hash and its neighbours."""
    found = JournalEvent.objects.filter(pk=event_id).first() if event_id < BEYOND else None
    if found is None:
        raise Http404(NONE)
    frame = frame_of_stream(request, stream=found.stream)
    beside = dict(
        events_in(found.stream)
        .filter(seq__in=[found.seq - 1, found.seq + 1])
        .values_list("seq", "pk")
    )
    context = {
        "frame": frame,
        "page": frame.page,
        "row": event_row(found),
        "stream": found.stream,
        "holds": holds(found),
        "before": beside.get(found.seq - 1),
        "after": beside.get(found.seq + 1),
        "section": "journal",
    }
    return render(request, "journal/event.html", context)


@access(Role.VIEWER, methods=WRITE)
def export(request: HttpRequest) -> HttpResponseBase:
    """The events that the filters leave, as CSV or as lines of JSON; journaled."""
    frame = frame_asked(request)
    filters = filters_of(request, frame)
    listing = listing_of(request, frame, filters)
    if filters.errors:
        messages.error(request, "Mend the filters first; then the file holds what they say.")
        return HttpResponseRedirect(listing.first, status=SEE_OTHER)
    as_json = request.POST.get("format") == "jsonl"
    name, content_type = ("journal.jsonl", JSON_LINES) if as_json else ("journal.csv", CSV)

    def begin() -> Iterator[str]:
        record_export(
            stream=filters.stream_name,
            actor=f"person:{person_of(request).get_username()}",
            what="journal",
            filters=listing.asked,
            at=CLOCK.now(),
        )
        return _json_lines(listing) if as_json else csv_lines(HEADS, listing, event_cells)

    return download(request, begin, name=name, content_type=content_type)


def filters_of(request: HttpRequest, frame: Frame) -> JournalFilters:
    """What the address asks of the journal. Raises Http404 without an account."""
    streams = [(key, *names) for key, names in streams_of(frame=frame).items()]
    return JournalFilters(request.GET, zone=frame.account.time_zone, streams=streams)


def listing_of(
    request: HttpRequest, frame: Frame, filters: JournalFilters
) -> Listing[JournalEvent]:
    """The page of the journal that the address names."""
    return Listing(
        rows=events_in(filters.stream_name),
        sorts=SORTS,
        filters=filters,
        request=request,
        path=reverse("journal"),
        scope={"account": str(frame.account.id)},
        branches=filters.branches(),
    )


def _json_lines(listing: Listing[JournalEvent]) -> Iterator[str]:
    for events in listing.chunks():
        yield "".join(json_line(event) for event in events)
