"""The pages of one order and one position: each view parses, asks, and answers."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.orders.order import order_page, owned_order
from tradingfarm.pages.orders.parent import owned_parent, parent_page
from tradingfarm.pages.orders.position import position_page
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()


@access(Role.VIEWER, owns="order")
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What was ordered, who asked for it, what the gate said, and what came of it."""
    found = owned_order(owner_id=owner_of(request), order_id=order_id)
    if found is None:
        raise Http404("You have no such order.")
    frame = frame_of(request, account_id=found.account_id)
    shown = order_page(order=found)
    context = {
        "shown": shown,
        "page": frame.account,
        "section": "orders",
        "live_view": "order",
        "live_subject": str(order_id),
    }
    return render(request, "orders/order.html", context)


@access(Role.VIEWER, owns="parent")
def parent(request: HttpRequest, parent_id: UUID) -> HttpResponse:
    """A large order that is sent in slices: how far it is, and each slice."""
    found = owned_parent(owner_id=owner_of(request), parent_id=parent_id)
    if found is None:
        raise Http404("You have no such order.")
    frame = frame_of(request, account_id=found.account_id)
    context = {
        "shown": parent_page(parent=found, page=frame.account),
        "page": frame.account,
        "section": "orders",
        "live_view": "parent",
        "live_subject": str(parent_id),
    }
    return render(request, "orders/parent.html", context)


@access(Role.VIEWER, owns="position")
def position(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """A position of the current account, or of the one in `?account=`; a flat one too."""
    frame = frame_of(request, account_id=_account(request))
    shown = position_page(
        page=frame.account, instrument_id=instrument_id, rows=frame.positions, at=CLOCK.now()
    )
    if shown is None:
        raise Http404(f"{frame.account.name} never had a position in this instrument.")
    context = {
        "shown": shown,
        "page": frame.account,
        "section": "orders",
        "live_view": "position",
        "live_subject": str(instrument_id),
    }
    return render(request, "orders/position.html", context)


def _account(request: HttpRequest) -> UUID | None:
    asked = request.GET.get("account", "")
    try:
        return UUID(asked) if asked else None
    except ValueError:
        raise Http404("You have no such account.") from None
