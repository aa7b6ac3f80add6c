"""The risk page of an account: what waits for a person, and what happened so far."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.alerts.alerts import branches
from tradingfarm.pages.frame import Frame, frame_of
from tradingfarm.pages.listing import Listing, listed
from tradingfarm.pages.risk.timeline import SORTS, TimelineFilters, happenings
from tradingfarm.pages.risk.waiting import tripped_on, waiting_of
from tradingfarm.pages.stopping.resumption import may_resume
from tradingfarm.people.access import access, person_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()


@access(Role.VIEWER, owns="account")
def risk(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Confirmations and breakers that wait, then the timeline, newest first."""
    frame = frame_of(request, account_id=account_id)
    page = frame.account
    listing = _listing(request, frame)
    account = Account.objects.get(id=page.id)
    context = {
        "page": page,
        "tab": "risk",
        "waiting": waiting_of(account_id=page.id, at=CLOCK.now()),
        "breakers": tripped_on(account_id=page.id),
        "may_resume": may_resume(person=person_of(request), account=account),
        "rows": happenings(listing.rows),
        "live_view": "account-risk",
        "seen_seq": page.seq,
    }
    return listed(request, "risk/index.html", listing, context)


def _listing(request: HttpRequest, frame: Frame) -> Listing[JournalEvent]:
    page = frame.account
    stream = account_stream(page.id)
    filters = TimelineFilters(request.GET, zone=page.time_zone, stream=stream)
    return Listing(
        rows=JournalEvent.objects.filter(stream=stream),
        sorts=SORTS,
        filters=filters,
        request=request,
        path=reverse("account-risk", args=[page.id]),
        branches=branches(filters.kinds),
    )
