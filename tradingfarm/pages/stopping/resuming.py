"""Letting an account trade again: what will happen, the reason, and doing it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from trading.models import Account
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go, wants_fragment
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.stopping.forms import ResumeForm
from tradingfarm.pages.stopping.resumption import may_resume, outcome_words, resumption_of
from tradingfarm.people.access import FORM, access, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()


@access(Role.TRADER, owns="account", methods=FORM)
def resume(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Let a halted account trade again, with a reason."""
    frame_of(request, account_id=account_id)
    found = resumption_of(account_id=account_id)
    if not may_resume(person=person_of(request), account=found.account):
        raise PermissionDenied("Resuming this account takes an operator.")
    if found.account.kind == Account.Kind.LIVE:
        elsewhere = ask_second_factor(request, to=f"let {found.account.name} trade again")
        if elsewhere is not None:
            return elsewhere
    form = ResumeForm(request.POST or None, initial={"epoch": found.account.epoch})
    if request.method == "POST" and form.is_valid():
        resumed = resume_account(
            account_id=account_id,
            actor=actor_of(request),
            reason=form.cleaned_data["reason"],
            at=CLOCK.now(),
            epoch=form.cleaned_data["epoch"],
        )
        level = messages.SUCCESS if resumed is Resumed.RESUMED else messages.WARNING
        messages.add_message(request, level, outcome_words(resumed, found.account.name))
        return go(request, reverse("account", args=[account_id]))
    page = "_resume" if wants_fragment(request) else "resume"
    return render(request, f"stopping/{page}.html", {"form": form, "found": found})
