"""The bell, its list of alerts, and what a person has seen."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.seen import mark_seen
from tradingfarm.pages.alerts.alerts import alerts_of, branches, newest_alerts
from tradingfarm.pages.alerts.bell import seen_up_to
from tradingfarm.pages.alerts.kinds import ALERTS, KINDS
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.journal.days import EventFilters
from tradingfarm.pages.listing import Listing, Sort, listed
from tradingfarm.pages.lists.filters import ANY, ChoiceField
from tradingfarm.pages.lists.pages import frame_asked
from tradingfarm.people.access import WRITE, access, person_of
from tradingfarm.people.models import Role

SORTS = (Sort("time", "When", ("-seq",)),)
SEE_OTHER = 303


class AlertFilters(EventFilters):
    kind = ChoiceField(
        label="What", choices=[ANY, *((kind, look.name) for kind, look in sorted(KINDS.items()))]
    )
    field_order = ("kind", "since", "until")

    def __init__(self, query: QueryDict, *, zone: str, stream: str) -> None:
        super().__init__(query, zone=zone)
        self._stream = stream

    @property
    def stream_name(self) -> str:
        """The account's stream."""
        return self._stream

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds that are asked for."""
        asked = self.found.get("kind")
        return [asked] if asked else ALERTS


@access(Role.VIEWER)
def alerts(request: HttpRequest) -> HttpResponse:
    """The alerts of the current account, newest first, the unseen ones marked."""
    frame = frame_asked(request)
    if frame.page is None:
        return listed(request, "lists/no_account.html", None, {"section": "alerts"})
    listing = _listing(request, frame)
    context = {
        "page": frame.page,
        "rows": alerts_of(listing.rows),
        "seen": seen_up_to(person_id=person_of(request).pk, account_id=frame.page.id),
        "section": "alerts",
        "live_view": "alerts",
        "seen_seq": frame.page.seq,
    }
    return listed(request, "alerts/index.html", listing, context)


@access(Role.VIEWER)
def bell(request: HttpRequest) -> HttpResponse:
    """The fragment with the count of the unseen."""
    return render(request, "alerts/_count.html", {"frame": frame_asked(request)})


@access(Role.VIEWER)
def newest(request: HttpRequest) -> HttpResponse:
    """The fragment with the ten newest alerts; without htmx, the whole list."""
    frame = frame_asked(request)
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(reverse("alerts"), status=SEE_OTHER)
    person = person_of(request)
    context = {
        "frame": frame,
        "page": frame.account,
        "alerts": newest_alerts(account_id=frame.account.id),
        "seen": seen_up_to(person_id=person.pk, account_id=frame.account.id),
    }
    return render(request, "alerts/_sheet.html", context)


@access(Role.VIEWER, methods=WRITE)
def seen(request: HttpRequest) -> HttpResponse:
    """Remember that the person has seen everything up to the event that the page showed."""
    frame = frame_asked(request)
    page = frame.account
    mark_seen(
        person_id=person_of(request).pk,
        stream=account_stream(page.id),
        seq=_shown(request.POST, most=page.seq),
    )
    if "HX-Request" in request.headers:
        return render(request, "alerts/_seen.html", {"frame": frame, "page": page})
    messages.success(request, "All alerts are marked as seen.")
    return HttpResponseRedirect(f"{reverse('alerts')}?account={page.id}", status=SEE_OTHER)


def _listing(request: HttpRequest, frame: Frame) -> Listing[JournalEvent]:
    page = frame.account
    stream = account_stream(page.id)
    filters = AlertFilters(request.GET, zone=page.time_zone, stream=stream)
    return Listing(
        rows=JournalEvent.objects.filter(stream=stream),
        sorts=SORTS,
        filters=filters,
        request=request,
        scope={"account": str(page.id)},
        branches=branches(filters.kinds),
    )


def _shown(sent: QueryDict, *, most: int) -> int:
    """The event that the page says it showed, never one that has not happened."""
    text = sent.get("seq", "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 19 else most
