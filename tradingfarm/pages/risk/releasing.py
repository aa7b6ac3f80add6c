"""Releasing a breaker: what it let in again, the reason, and doing it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Account, Breaker
from trading.services.breakers import release
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go, opened_at
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.risk.breakers import tripped_of
from tradingfarm.pages.risk.forms import ReasonForm
from tradingfarm.pages.stopping.resumption import may_resume
from tradingfarm.people.access import FORM, access, owner_of, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
RELEASED = "Released: entries pass again. The other checks of each order stay as they are."
BEFORE = "It had been released already; nothing has changed."


@access(Role.TRADER, owns="breaker", methods=FORM)
def release_breaker(request: HttpRequest, breaker_id: UUID) -> HttpResponse:
    """Let entries pass that a tripped breaker stops, with a reason."""
    breaker = _breaker(request, breaker_id)
    account = breaker.account
    frame_of(request, account_id=account.id)
    if not may_resume(person=person_of(request), account=account):
        raise PermissionDenied("Releasing this breaker takes an operator.")
    if account.kind == Account.Kind.LIVE:
        elsewhere = ask_second_factor(request, to="release a breaker of a live account")
        if elsewhere is not None:
            return elsewhere
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        missing="Say why entries may pass again; the journal keeps it.",
    )
    if request.method == "POST" and form.is_valid():
        return _release(request, breaker, form)
    return _ask(request, breaker, form)


def _release(request: HttpRequest, breaker: Breaker, form: ReasonForm) -> HttpResponse:
    try:
        released = release(
            breaker_id=breaker.id,
            actor=actor_of(request),
            reason=form.cleaned_data["reason"],
            at=CLOCK.now(),
        )
    except OperationalError:
        return _ask(request, breaker, form, problems=[BUSY])
    level = messages.SUCCESS if released else messages.INFO
    messages.add_message(request, level, RELEASED if released else BEFORE)
    back = opened_at(request) or reverse("account-settings", args=[breaker.account_id])
    return go(request, back)


def _ask(
    request: HttpRequest, breaker: Breaker, form: ReasonForm, *, problems: list[str] | None = None
) -> HttpResponse:
    found = tripped_of(breaker)
    return ask(
        request,
        title=f"Let entries of {found.of or breaker.account.name} pass again",
        fragment="risk/_release.html",
        account=breaker.account,
        context={"breaker": breaker, "found": found, "form": form, "problems": problems},
    )


def _breaker(request: HttpRequest, breaker_id: UUID) -> Breaker:
    """Raises Http404 for a breaker of nobody, or of somebody else."""
    found = Breaker.objects.filter(id=breaker_id, account__owner_id=owner_of(request))
    breaker = found.select_related("account", "permission", "instrument").first()
    if breaker is None:
        raise Http404("There is no such breaker.")
    return breaker
