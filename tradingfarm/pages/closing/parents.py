"""Stopping an order that is sent in slices: no further slice goes out."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from market.selectors.clocks import market_time
from trading.domain.states import ParentState
from trading.models import ParentOrder
from trading.services.slicing import stop_parent
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import plain
from tradingfarm.pages.answers import go, opened_at
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
STOPPED = "Stopped: no further slice is sent. What was sent goes on; cancel it by itself."


@access(Role.TRADER, owns="parent", methods=FORM)
def stop(request: HttpRequest, parent_id: UUID) -> HttpResponse:
    """Send no further slice; what was sent goes on."""
    rows = ParentOrder.objects.select_related("account", "instrument")
    parent = rows.filter(id=parent_id, account__owner_id=owner_of(request)).first()
    if parent is None:
        raise Http404("There is no such order.")
    frame_of(request, account_id=parent.account_id)
    if request.method != "POST":
        return _ask(request, parent)
    at = CLOCK.now()
    try:
        stopped = stop_parent(
            parent_id=parent.id,
            requested_by=actor_of(request),
            now=market_time(feed_name=parent.account.feed_id, at=at),
            at=at,
        )
    except OperationalError:
        return _ask(request, parent, problems=[BUSY])
    if stopped:
        messages.success(request, STOPPED)
    else:
        messages.info(request, "It had ended already; nothing has changed.")
    return go(request, opened_at(request) or reverse("parent", args=[parent.id]))


def _ask(
    request: HttpRequest, parent: ParentOrder, *, problems: Sequence[str] = ()
) -> HttpResponse:
    return ask(
        request,
        title=f"Stop {parent.side} {plain(parent.quantity)} {parent.instrument.symbol}",
        fragment="closing/_stop_parent.html",
        account=parent.account,
        context={
            "parent": parent,
            "instrument": parent.instrument,
            "works": parent.state == ParentState.WORKING,
            "left": parent.quantity - parent.sent_quantity,
            "problems": problems,
            "back": opened_at(request) or reverse("parent", args=[parent.id]),
        },
    )
