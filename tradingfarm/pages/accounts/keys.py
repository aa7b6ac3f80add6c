"""The key of an account at its exchange: typed once, tested, sealed, and never shown again."""

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from trading.domain.credentials import Credentials
from trading.models import Account
from trading.services.keys import forget_key, store_key, vault
from trading.services.live import Connection
from trading.worlds import try_connection
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.money import plain
from tradingfarm.pages.accounts.hands import on_paper, own_account
from tradingfarm.pages.answers import go
from tradingfarm.pages.dialogs import BUSY, ask
from tradingfarm.pages.forms import FarmForm
from tradingfarm.pages.frame import frame_of
from tradingfarm.people.access import FORM, access
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
SECRETS = ("api_key", "secret", "password", "wallet")
LONGEST = 4_000


def _secret(label: str, help_text: str = "") -> forms.CharField:
    """What is typed and never written back, nor kept by the browser."""
    return forms.CharField(
        required=False,
        max_length=LONGEST,
        strip=True,
        label=label,
        help_text=help_text,
        widget=forms.PasswordInput(
            render_value=False,
            attrs={"autocomplete": "off", "spellcheck": "false", "data-1p-ignore": ""},
        ),
    )


class KeyForm(FarmForm):
    """A key of an exchange. Which parts it needs, the exchange's adapter says."""

    api_key = _secret("API key")
    secret = _secret("Secret", "The API secret; of a wallet its private key.")
    password = _secret("Passphrase", "Only where the exchange gave one, as OKX does.")
    wallet = _secret("Wallet", "Only of a venue with wallets, such as Hyperliquid: its address.")

    @property
    def credentials(self) -> Credentials:
        return Credentials(**{name: self.cleaned_data[name] for name in SECRETS})


@sensitive_post_parameters(*SECRETS)
@access(Role.TRADER, owns="account", methods=FORM)
@sensitive_variables()
def replace_key(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Give the account a key, in place of the one it has; it is tested before it is stored."""
    account = own_account(request, account_id)
    frame = frame_of(request, account_id=account_id)
    if account.kind != Account.Kind.LIVE:
        return on_paper(request, account)
    if elsewhere := ask_second_factor(request, to="give an account a key"):
        return elsewhere
    form = KeyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _replace(request, account, form):
        return go(request, f"{reverse('account-settings', args=[account.id])}#key")
    context = {
        "page": frame.account,
        "account": account,
        "form": form,
        "vault_problem": vault_problem(),
    }
    return render(request, "accounts/key.html", context, status=422 if form.errors else 200)


@sensitive_variables()
def _replace(request: HttpRequest, account: Account, form: KeyForm) -> bool:
    """Whether the key was tested and stored; the form says why not."""
    credentials = form.credentials
    try:
        connection = try_connection(
            account_id=account.id,
            venue=account.exchange,
            credentials=credentials,
            base_currency=account.base_currency,
            sandbox=account.sandbox,
            base_url=account.base_url,
            clock=CLOCK,
        )
        with transaction():
            store_key(
                account=account,
                credentials=credentials,
                can_withdraw=connection.can_withdraw,
                actor=actor_of(request),
                at=CLOCK.now(),
            )
    except FarmError as problem:
        form.add_error(None, problem.message)
        return False
    messages.success(request, "The key works and is stored. Its sender uses it from now on.")
    return True


@access(Role.TRADER, owns="account", methods=FORM)
def forget(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Delete the account's key; what rests at the exchange stays there."""
    account = own_account(request, account_id)
    frame_of(request, account_id=account_id)
    if account.kind != Account.Kind.LIVE:
        return on_paper(request, account)
    if elsewhere := ask_second_factor(request, to="forget a key"):
        return elsewhere
    if request.method != "POST":
        return _ask_to_forget(request, account)
    try:
        forgotten = forget_key(account=account, actor=actor_of(request), at=CLOCK.now())
    except OperationalError:
        return _ask_to_forget(request, account, problems=[BUSY])
    if forgotten:
        messages.success(request, "The key is deleted. Delete it at the exchange, too.")
    else:
        messages.info(request, "There was no key to forget.")
    return go(request, f"{reverse('account-settings', args=[account.id])}#key")


def _ask_to_forget(
    request: HttpRequest, account: Account, *, problems: Sequence[str] = ()
) -> HttpResponse:
    return ask(
        request,
        title=f"Forget the key of {account.name}",
        fragment="accounts/_forget_key.html",
        account=account,
        context={"problems": problems},
    )


def vault_problem() -> str:
    """Why no key can be stored on this farm, '' when one can."""
    try:
        vault().newest  # noqa: B018 - reading it is the question
    except FarmError as problem:
        return problem.message
    return ""


def tested(connection: Connection) -> dict[str, object]:
    """What a test has found, for people; of balances those that there is something of."""
    balances = sorted(connection.balances.items())
    held = {name: plain(amount) for name, amount in balances if amount}
    return {
        "balances": held,
        "offset_ms": int(connection.clock_offset.total_seconds() * 1_000),
        "can_withdraw": connection.can_withdraw,
    }
