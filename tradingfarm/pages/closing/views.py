"""Closing a position and canceling an order by hand: what it would do, then doing it."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from market.selectors.clocks import market_time
from trading.domain.states import OrderState
from trading.models import Assessment, Order
from trading.services.canceling import Cancellation, cancel_order
from trading.services.closing import Closing, ShareClosing, close_position
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import ZERO, plain
from tradingfarm.pages.answers import go, opened_at, wants_fragment
from tradingfarm.pages.closing.consequences import PositionToClose, position_to_close
from tradingfarm.pages.closing.forms import CloseForm
from tradingfarm.pages.dashboard.orders import STATE_WORDS
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.orders.words import cancel_words
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
BUSY = "The account is busy and nothing was ordered. Try again: it is sold once, whatever happens."
CANCELED = {
    Cancellation.NOT_SENT: "The order was ended before it was sent.",
    Cancellation.ASKED: "The exchange is asked to cancel it; what comes of it is shown with it.",
    Cancellation.ON_ITS_WAY: (
        "The order is on its way and its outcome is not known yet; it is canceled once it rests."
    ),
    Cancellation.ENDED_BEFORE: "The order had ended already.",
    Cancellation.OF_A_STOP: "The order sells for an emergency stop; it would only ask again.",
}
DONE = (Cancellation.NOT_SENT, Cancellation.ASKED, Cancellation.ON_ITS_WAY)


@access(Role.TRADER, owns="position", methods=FORM)
def close(request: HttpRequest, account_id: UUID, instrument_id: UUID) -> HttpResponse:
    """Sell a position, or some agents' parts of it, at market."""
    frame_of(request, account_id=account_id)
    found = position_to_close(
        owner_id=owner_of(request),
        account_id=account_id,
        instrument_id=instrument_id,
        at=CLOCK.now(),
    )
    if found is None:
        raise Http404("There is no such instrument.")
    if request.method != "POST":
        return _ask(request, found)
    form = CloseForm(request.POST, shares=request.POST.getlist("share"))
    if not form.is_valid():
        return _ask(request, found, problems=_problems(form))
    return _close(request, found, form)


def _close(request: HttpRequest, found: PositionToClose, form: CloseForm) -> HttpResponse:
    at = CLOCK.now()
    try:
        closing = close_position(
            account_id=found.account.id,
            instrument_id=found.instrument.id,
            share_ids=form.cleaned_data["share"],
            at_most=form.at_most,
            request_key=form.cleaned_data["key"],
            requested_by=actor_of(request),
            now=market_time(feed_name=found.account.feed_id, at=at),
            at=at,
        )
    except OperationalError:
        return _ask(request, found, problems=[BUSY])
    if closing.grown_to is not None:
        grown = f"It has grown to {plain(closing.grown_to)} since you looked. Confirm again."
        return _ask(request, found, problems=[grown])
    if closing.denied and not closing.approved:
        return _ask(request, found, problems=_refusals(closing.denied))
    _tell(request, found, closing)
    return go(request, _back(request, found.account.id))


def _tell(request: HttpRequest, found: PositionToClose, closing: Closing) -> None:
    if not closing.shares:
        messages.info(request, f"{found.instrument.symbol} is flat already; nothing was sold.")
        return
    sold = sum((share.verdict.quantity for share in closing.approved), ZERO)
    messages.success(request, f"Selling {plain(sold)} {found.instrument.symbol} at market.")
    for sentence in _refusals(closing.denied):
        messages.warning(request, f"A part was refused. {sentence}")


def _refusals(denied: Sequence[ShareClosing]) -> list[str]:
    ids = [share.verdict.assessment_id for share in denied]
    rows = Assessment.objects.filter(id__in=ids).order_by("id")
    sentences = [s for row in rows for s in sentences_of(denials=row.denials, checks=row.checks)]
    return list(dict.fromkeys(sentences))


def _problems(form: CloseForm) -> list[str]:
    found = [str(problem) for problems in form.errors.values() for problem in problems]
    return list(dict.fromkeys(found))


def _ask(
    request: HttpRequest, found: PositionToClose, *, problems: Sequence[str] = ()
) -> HttpResponse:
    page = "_close" if wants_fragment(request) else "close"
    context = {"found": found, "problems": problems, "back": _back(request, found.account.id)}
    return render(request, f"closing/{page}.html", context)


def _back(request: HttpRequest, account_id: UUID) -> str:
    """Where the dialog was opened, or else the dashboard."""
    return opened_at(request) or reverse("account", args=[account_id])


@access(Role.TRADER, owns="order", methods=FORM)
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """End an order that waits, or have one that rests at the exchange canceled."""
    orders = Order.objects.select_related("account", "instrument", "permission")
    order = orders.filter(id=order_id, account__owner_id=owner_of(request)).first()
    if order is None:
        raise Http404("There is no such order.")
    frame_of(request, account_id=order.account_id)
    if request.method != "POST":
        page = "_cancel" if wants_fragment(request) else "cancel"
        context = {
            "order": order,
            "state_words": STATE_WORDS[OrderState(order.state)],
            "canceling": cancel_words(order),
        }
        return render(request, f"closing/{page}.html", context)
    return _cancel(request, order)


def _cancel(request: HttpRequest, order: Order) -> HttpResponse:
    try:
        outcome = cancel_order(
            order_id=order.id,
            requested_by=actor_of(request),
            at=CLOCK.now(),
        )
    except OperationalError:
        messages.error(request, "Nobody answered, so it may not have been canceled. Try again.")
    else:
        level = messages.SUCCESS if outcome in DONE else messages.WARNING
        messages.add_message(request, level, CANCELED[outcome])
    return go(request, _back(request, order.account_id))
