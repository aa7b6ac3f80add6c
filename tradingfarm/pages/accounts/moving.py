"""Booking what was paid in or taken out: play money on paper, else as the exchange has it."""

import secrets
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trading.models import Account
from trading.services.cash import (
    BadMovement,
    NotEnoughMoney,
    ReferenceTaken,
    deposit,
    withdraw,
)
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.money import plain
from tradingfarm.pages.accounts.hands import own_account
from tradingfarm.pages.answers import go
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import FORM, access
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
WAYS = {"in": deposit, "out": withdraw}
DONE = {"in": "paid in", "out": "taken out"}


class MovementForm(FarmForm):
    """A deposit or a withdrawal as it happened. `request` makes sending it twice book it once."""

    way = forms.ChoiceField(
        choices=[("in", "Paid in"), ("out", "Taken out")],
        initial="in",
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it was paid in or taken out."},
    )
    amount = forms.DecimalField(
        label="Amount",
        max_digits=38,
        decimal_places=18,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={
            "required": "Say how much it was.",
            "invalid": "Write the amount as a number, such as 2500 or 0.125.",
        },
    )
    currency = forms.CharField(
        label="Currency",
        max_length=20,
        required=False,
        help_text="Empty for the account's own.",
    )
    reason = forms.CharField(
        label="What for",
        max_length=120,
        error_messages={"required": "Say what it was for; it is kept with the amount."},
    )
    reference = forms.CharField(
        label="Reference",
        max_length=100,
        required=False,
        help_text="As the exchange calls it. The same one is booked once.",
    )
    request = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()


@access(Role.TRADER, owns="account", methods=FORM)
def move_money(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Book a deposit or a withdrawal. It is no profit, no loss, and moves nothing anywhere."""
    account = own_account(request, account_id)
    frame_of(request, account_id=account_id)
    is_live = account.kind == Account.Kind.LIVE
    if is_live and (elsewhere := ask_second_factor(request, to="book money of a live account")):
        return elsewhere
    if request.method != "POST":
        return _ask(request, account, MovementForm(initial={"request": secrets.token_urlsafe(12)}))
    form = MovementForm(request.POST)
    if not form.is_valid():
        return _ask(request, account, form)
    try:
        _book(request, account, form)
    except (BadMovement, NotEnoughMoney) as problem:
        form.add_error("amount", problem.message)
    except ReferenceTaken as problem:
        form.add_error("reference", problem.message)
    except OperationalError:
        return _ask(request, account, form, problems=[BUSY])
    if form.errors:
        return _ask(request, account, form)
    return go(request, f"{reverse('account-settings', args=[account.id])}#movements")


def _book(request: HttpRequest, account: Account, form: MovementForm) -> None:
    said = form.cleaned_data
    currency = said["currency"] if account.kind == Account.Kind.LIVE else ""
    booked = WAYS[said["way"]](
        account_id=account.id,
        amount=said["amount"],
        currency=currency,
        reference=said["reference"].strip() or f"page:{said['request']}",
        reason=said["reason"],
        actor=actor_of(request),
        at=CLOCK.now(),
    )
    words = f"{plain(said['amount'])} {currency or account.base_currency} {DONE[said['way']]}"
    if booked:
        messages.success(request, f"Booked: {words}.")
    else:
        messages.info(request, f"Booked before, and not again: {words}.")


def _ask(
    request: HttpRequest,
    account: Account,
    form: MovementForm,
    *,
    problems: list[str] | None = None,
) -> HttpResponse:
    return ask(
        request,
        title=f"Book money of {account.name}",
        fragment="accounts/_move_money.html",
        account=account,
        context={
            "form": form,
            "problems": problems,
            "is_live": account.kind == Account.Kind.LIVE,
        },
    )
