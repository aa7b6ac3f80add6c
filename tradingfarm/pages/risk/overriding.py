"""Letting one denied order pass one check: which one, why, and what the gate says then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from market.selectors.clocks import market_time
from trading.domain.checks import CEILED, OVERRIDABLE
from trading.domain.overrides import OVERRIDE_WITHIN, NotOverridden
from trading.domain.requests import request_from
from trading.models import Assessment, Override
from trading.services.overrides import Overriding, override
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go
from tradingfarm.pages.dashboard.refusals import sentences_of
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.orders.checks import check_table
from tradingfarm.pages.permissions.raising import may_raise
from tradingfarm.pages.risk.forms import OverrideForm
from tradingfarm.people.access import FORM, access, owner_of, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
MINUTES = int(OVERRIDE_WITHIN.total_seconds() // 60)
WORDS: Mapping[NotOverridden, str] = {
    NotOverridden.NOT_DENIED: "This order was not denied; there is nothing to override.",
    NotOverridden.OTHER_CHECK: "That check did not refuse it; choose one that did.",
    NotOverridden.NEVER: "Nobody can override that check.",
    NotOverridden.NO_REASON: "Say a little more about why.",
}
STILL = "This check is overridden now, and others still stand against the order:"


@dataclass(frozen=True)
class Against:
    """One failed check. `may` says that a person can let the order pass it.

    With `is_ceiled` only the permission's own limit can be passed, not the farm's ceiling.
    """

    code: str
    sentence: str
    may: bool
    is_ceiled: bool


@access(Role.TRADER, owns="assessment", methods=FORM)
def override_check(request: HttpRequest, assessment_id: UUID) -> HttpResponse:
    """Let the denied order pass one check that may be overridden, with a reason."""
    denied = _denied(request, assessment_id)
    frame_of(request, account_id=denied.account_id)
    if not may_raise(person=person_of(request), account=denied.account):
        raise PermissionDenied("Overriding a check on this account takes an operator.")
    if elsewhere := ask_second_factor(request, to="let an order pass a check"):
        return elsewhere
    against = _against(denied)
    form = OverrideForm(
        request.POST if request.method == "POST" else None,
        codes=[(each.code, each.sentence) for each in against if each.may],
    )
    if request.method != "POST" or not form.is_valid():
        return _ask(request, denied, form)
    at = CLOCK.now()
    try:
        answer = override(
            assessment_id=denied.id,
            code=form.cleaned_data["code"],
            reason=form.cleaned_data["reason"],
            actor=actor_of(request),
            now=market_time(feed_name=denied.account.feed_id, at=at),
            at=at,
        )
    except OperationalError:
        return _ask(request, denied, form, problems=[BUSY])
    return _tell(request, denied, answer, form)


def _tell(
    request: HttpRequest, denied: Assessment, answer: Overriding, form: OverrideForm
) -> HttpResponse:
    verdict = answer.verdict
    if answer.refusal is not None or verdict is None:
        words = WORDS[answer.refusal] if answer.refusal else BUSY
        return _ask(request, denied, form, problems=[words])
    if verdict.order_id is not None:
        messages.success(request, "The order passed with your override and goes out.")
        return go(request, reverse("order", args=[verdict.order_id]))
    if verdict.confirmation_id is not None:
        messages.info(request, "Overridden; now the order waits for a person's confirmation.")
        return go(request, reverse("account-risk", args=[denied.account_id]))
    again = _denied(request, verdict.assessment_id)
    sentences = sentences_of(denials=again.denials, checks=again.checks)
    # What is left is asked of the newest denial, which counts the overrides given so far.
    return _ask(request, again, OverrideForm(None, codes=[]), problems=[STILL, *sentences])


def _against(denied: Assessment) -> tuple[Against, ...]:
    sentences = sentences_of(denials=denied.denials, checks=denied.checks)
    return tuple(
        Against(code, sentence, may=code in OVERRIDABLE, is_ceiled=code in CEILED)
        for code, sentence in zip(denied.denials, sentences, strict=True)
    )


def _ask(
    request: HttpRequest, denied: Assessment, form: OverrideForm, *, problems: Sequence[str] = ()
) -> HttpResponse:
    against = _against(denied)
    at = CLOCK.now()
    return ask(
        request,
        title=f"Let one order in {denied.instrument.symbol} pass a check",
        fragment="risk/_override.html",
        account=denied.account,
        context={
            "denied": denied,
            "instrument": denied.instrument,
            "table": check_table(denied, currency=denied.account.base_currency),
            "against": against,
            "can": any(each.may for each in against),
            "granted": _granted(denied, at=at),
            "chosen": form["code"].value() or _only(against),
            "form": form,
            "minutes": MINUTES,
            "action": reverse("assessment-override", args=[denied.id]),
            "problems": problems,
        },
    )


def _only(against: Sequence[Against]) -> str:
    """The one check that there is to choose, '' where there are several."""
    codes = [each.code for each in against if each.may]
    return codes[0] if len(codes) == 1 else ""


def _granted(denied: Assessment, *, at: datetime) -> list[Override]:
    """What was let pass of this order and counts at wall time `at`."""
    found = Override.objects.filter(
        account=denied.account_id,
        order_digest=request_from(denied.request).digest,
        expires_at__gt=at,
    )
    return list(found.order_by("at"))


def _denied(request: HttpRequest, assessment_id: UUID) -> Assessment:
    """Raises Http404 for an assessment of nobody, or of somebody else."""
    rows = Assessment.objects.select_related("account", "instrument", "permission")
    found = rows.filter(id=assessment_id, account__owner_id=owner_of(request)).first()
    if found is None:
        raise Http404("There is no such denial.")
    return found
