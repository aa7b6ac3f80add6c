"""Changing the limits that bind a whole account. Tightening is free, loosening takes more."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from trading.domain.account_limits import NAMES, loosened, unsound
from trading.models import Account
from trading.services.account_limits import change_account_limits, limits_of_account
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.accounts.hands import own_account
from tradingfarm.pages.answers import go
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.permissions.raising import NEEDS_OPERATOR, may_raise
from tradingfarm.people.access import FORM, access, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()


def _percent(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, max_digits=6, decimal_places=2, max_value=Decimal(100)
    )


class AccountLimitsForm(FarmForm):
    """Every limit of an account that people set."""

    units = dict.fromkeys(NAMES[:4], "%")

    max_daily_loss_pct = _percent(
        "Lost in a day", "Of what the day began with; then the account only reduces."
    )
    reduce_drawdown_pct = _percent(
        "Fall that reduces", "From its highest worth; until a person resumes the account."
    )
    halt_drawdown_pct = _percent("Fall that halts", "Nothing goes out any more but exits.")
    max_sector_pct = _percent("Largest sector", "Of the account's worth, after an entry.")
    max_orders_per_minute = forms.IntegerField(
        label="Orders a minute", help_text="Of everybody together, in market time.", min_value=1
    )
    slice_above = forms.DecimalField(
        required=False,
        label="Sent in slices above",
        help_text="Agents' entries worth more go out in parts over time. Empty for never.",
        max_digits=26,
        decimal_places=2,
    )

    def clean(self) -> dict[str, object]:
        values = super().clean() or self.cleaned_data
        for name, words in unsound(values).items():
            self.add_error(name, words)
        return values


@access(Role.TRADER, owns="account", methods=FORM)
def change_limits(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Set what binds the account, whoever orders."""
    account = own_account(request, account_id)
    frame_of(request, account_id=account_id)
    before = limits_of_account(account)
    kept = request.session.pop(_key(account), None) if request.method != "POST" else None
    form = AccountLimitsForm(request.POST or kept, initial=before)
    if request.method != "POST" or not form.is_valid():
        return _ask(request, account, form)
    if elsewhere := _withheld(request, account, form, before):
        return elsewhere
    try:
        changed = change_account_limits(
            account_id=account.id,
            limits=form.cleaned_data,
            judged=before,
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except ValidationError as error:
        form.add_problems(error)
        return _ask(request, account, form)
    except OperationalError:
        return _ask(request, account, form, problems=[BUSY])
    if changed:
        messages.success(request, "Changed; they count from the next order on.")
    else:
        messages.info(request, "The account's limits are as they were.")
    return go(request, f"{reverse('account-settings', args=[account.id])}#limits")


def _withheld(
    request: HttpRequest,
    account: Account,
    form: AccountLimitsForm,
    before: Mapping[str, object],
) -> HttpResponse | None:
    """What a person has to hear or do first when limits would be looser than before."""
    looser = loosened(before=before, after=form.cleaned_data)
    if not looser:
        return None
    if not may_raise(person=person_of(request), account=account):
        for name in looser:
            form.add_error(name, NEEDS_OPERATOR)
        return _ask(request, account, form)
    if elsewhere := ask_second_factor(request, to="raise a limit"):
        request.session[_key(account)] = request.POST.dict()
        return elsewhere
    return None


def _key(account: Account) -> str:
    """Where what was typed waits for the second factor."""
    return f"account limits:{account.id}"


def _ask(
    request: HttpRequest,
    account: Account,
    form: AccountLimitsForm,
    *,
    problems: list[str] | None = None,
) -> HttpResponse:
    units = form.units | {"slice_above": account.base_currency}
    rows = [(form[name], units.get(name, "")) for name in NAMES]
    return ask(
        request,
        title=f"Limits of {account.name}",
        fragment="accounts/_change_limits.html",
        account=account,
        context={"form": form, "rows": rows, "problems": problems},
    )
