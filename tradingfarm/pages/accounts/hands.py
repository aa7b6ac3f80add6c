"""The third hand of real money: a person types that an account may trade it, or takes it back."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Account
from trading.services.live import (
    CONFIRMED_FOR,
    Hands,
    NotConfirmed,
    confirm_live,
    hands_of,
    phrase_for,
    withdraw_live,
)
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import go
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import FORM, WRITE, access, owner_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
HOURS = int(CONFIRMED_FOR.total_seconds() // 3600)
TAKEN_BACK = "Taken back: agents enter nothing with real money. Exits and stops go on."


class PhraseForm(forms.Form):
    """The sentence that a person types."""

    typed = forms.CharField(
        max_length=200,
        strip=True,
        error_messages={"required": "Type the sentence as it stands there."},
    )


@access(Role.TRADER, owns="account", methods=FORM)
def confirm(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Let agents enter with real money for a day."""
    account = own_account(request, account_id)
    frame_of(request, account_id=account_id)
    if account.kind != Account.Kind.LIVE:
        return on_paper(request, account)
    if elsewhere := ask_second_factor(request, to="let agents trade real money"):
        return elsewhere
    form = PhraseForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, account, form)
    try:
        confirm_live(
            account_id=account.id,
            typed=form.cleaned_data["typed"],
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except NotConfirmed as problem:
        form.add_error("typed", problem.message)
        return _ask(request, account, form)
    except OperationalError:
        return _ask(request, account, form, problems=[BUSY])
    messages.success(request, f"Confirmed: {account.name} may trade real money for {HOURS} hours.")
    return go(request, _home(account))


@access(Role.TRADER, owns="account", methods=WRITE)
def withdraw(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Take the confirmation back at once. It makes nothing riskier, so nothing is asked first."""
    account = own_account(request, account_id)
    if account.kind != Account.Kind.LIVE:
        return on_paper(request, account)
    try:
        withdrawn = withdraw_live(account_id=account.id, actor=actor_of(request), at=CLOCK.now())
    except OperationalError:
        messages.error(request, BUSY)
    else:
        level = messages.SUCCESS if withdrawn else messages.INFO
        messages.add_message(
            request, level, TAKEN_BACK if withdrawn else "There was no confirmation to take back."
        )
    return go(request, _home(account))


def own_account(request: HttpRequest, account_id: UUID) -> Account:
    """An account of the desk. Raises Http404 for any other."""
    found = Account.objects.filter(id=account_id, owner_id=owner_of(request))
    account = found.first()
    if account is None:
        raise Http404("You have no such account.")
    return account


def on_paper(request: HttpRequest, account: Account) -> HttpResponse:
    """Back to the account, which has nothing of a real exchange."""
    messages.info(request, f"{account.name} trades on paper: it has no key and risks no money.")
    return go(request, reverse("account-settings", args=[account.id]))


def _home(account: Account) -> str:
    return f"{reverse('account-settings', args=[account.id])}#hands"


def _ask(
    request: HttpRequest, account: Account, form: PhraseForm, *, problems: list[str] | None = None
) -> HttpResponse:
    hands: Hands = hands_of(account=account, at=CLOCK.now())
    return ask(
        request,
        title=f"Let agents trade real money on {account.name}",
        fragment="accounts/_confirm_live.html",
        account=account,
        context={
            "form": form,
            "hands": hands,
            "phrase": phrase_for(account),
            "hours": HOURS,
            "problems": problems,
        },
    )
