"""Saying yes or no to an order that waits for a person."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from market.selectors.clocks import market_time
from trading.domain.states import ConfirmationState
from trading.models import Account, Assessment, Confirmation
from trading.services.confirmations import Confirmed, RequestChanged, confirm, refuse
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go, opened_at
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.orders.checks import check_table
from tradingfarm.pages.risk.forms import RefusalForm
from tradingfarm.pages.risk.waiting import confirmations, waiting
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
MADE = "Confirmed: the order passed every check and goes out."
TOO_LATE = "It waited too long and is not made. What is decided again asks again."
ANEW = "The price has become worse, so it was asked for anew: look at it again."
NOT_MADE = "Not confirmed: the order is not made."


@access(Role.TRADER, owns="confirmation", methods=FORM)
def confirm_order(request: HttpRequest, confirmation_id: UUID) -> HttpResponse:
    """The order with all of its checks; sent, it is decided again and made if it passes."""
    found = _confirmation(request, confirmation_id)
    frame_of(request, account_id=found.account_id)
    if request.method != "POST":
        return _ask(request, found)
    if found.account.kind == Account.Kind.LIVE:
        elsewhere = ask_second_factor(request, to="confirm an order with real money")
        if elsewhere is not None:
            return elsewhere
    at = CLOCK.now()
    try:
        answer = confirm(
            confirmation_id=found.id,
            actor=actor_of(request),
            now=market_time(feed_name=found.account.feed_id, at=at),
            at=at,
        )
    except OperationalError:
        return _ask(request, found, problems=[BUSY])
    except RequestChanged as problem:
        return _ask(request, found, problems=[problem.message])
    return _tell(request, found, answer)


@access(Role.TRADER, owns="confirmation", methods=FORM)
def refuse_order(request: HttpRequest, confirmation_id: UUID) -> HttpResponse:
    """Say no, with a reason or without. It makes nothing riskier: no second factor is asked."""
    found = _confirmation(request, confirmation_id)
    frame_of(request, account_id=found.account_id)
    form = RefusalForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _ask_refusal(request, found, form)
    try:
        answer = refuse(
            confirmation_id=found.id,
            actor=actor_of(request),
            reason=form.cleaned_data["reason"],
            at=CLOCK.now(),
        )
    except OperationalError:
        return _ask_refusal(request, found, form, problems=[BUSY])
    if answer.state is ConfirmationState.CONFIRMED:
        messages.warning(request, "Somebody had confirmed it already: the order was made.")
    elif answer.state is ConfirmationState.EXPIRED:
        messages.info(request, TOO_LATE)
    else:
        messages.success(request, NOT_MADE)
    return go(request, _back(request, found))


def _tell(request: HttpRequest, found: Confirmation, answer: Confirmed) -> HttpResponse:
    """What came of the yes: an order, or the dialog again with what stands against it."""
    if answer.order_id is not None:
        messages.success(request, MADE)
        return go(request, reverse("order", args=[answer.order_id]))
    if answer.asked_again is not None:
        again = _confirmation(request, answer.asked_again)
        return _ask(request, again, problems=[ANEW])
    if answer.state is ConfirmationState.EXPIRED:
        messages.warning(request, TOO_LATE)
        return go(request, _back(request, found))
    decided = _confirmation(request, found.id)
    return _ask(request, decided, problems=_denials(decided, answer) or [NOT_MADE])


def _denials(found: Confirmation, answer: Confirmed) -> list[str]:
    """Every denial as a sentence, with the numbers that the gate found when it was confirmed."""
    decided = _decided(found)
    checks = decided.checks if decided else ()
    return list(sentences_of(denials=answer.denials, checks=checks))


def _decided(found: Confirmation) -> Assessment | None:
    """What the gate found when a person had said yes."""
    return Assessment.objects.filter(
        account=found.account_id, intent_key=f"confirm:{found.id}"
    ).first()


def _ask(
    request: HttpRequest, found: Confirmation, *, problems: Sequence[str] = ()
) -> HttpResponse:
    """The newest answer of the gate is shown: the one of the confirmation, where there was one."""
    shown = waiting(found, at=CLOCK.now())
    is_over = shown.state is not ConfirmationState.WAITING
    newest = (_decided(found) if is_over else None) or found.assessment
    return ask(
        request,
        title=f"Confirm {shown.wanted} {shown.instrument.symbol}",
        fragment="risk/_confirm.html",
        account=found.account,
        context={
            "confirmation": found,
            "shown": shown,
            "instrument": shown.instrument,
            "is_late": not is_over and found.expires_at <= CLOCK.now(),
            "table": check_table(newest, currency=found.account.base_currency),
            "action": reverse("confirmation", args=[found.id]),
            "problems": problems,
        },
    )


def _ask_refusal(
    request: HttpRequest,
    found: Confirmation,
    form: RefusalForm,
    *,
    problems: Sequence[str] = (),
) -> HttpResponse:
    shown = waiting(found, at=CLOCK.now())
    return ask(
        request,
        title=f"Refuse {shown.wanted} {shown.instrument.symbol}",
        fragment="risk/_refuse.html",
        account=found.account,
        context={"confirmation": found, "shown": shown, "form": form, "problems": problems},
    )


def _back(request: HttpRequest, found: Confirmation) -> str:
    return opened_at(request) or reverse("account-risk", args=[found.account_id])


def _confirmation(request: HttpRequest, confirmation_id: UUID) -> Confirmation:
    """Raises Http404 for a confirmation of nobody, or of somebody else."""
    rows = confirmations().filter(id=confirmation_id, account__owner_id=owner_of(request))
    found = rows.first()
    if found is None:
        raise Http404("There is no such confirmation.")
    return found
