"""Connecting an exchange: what it takes, a test of the key, and opening the account."""

import secrets
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from market.models import Feed
from trading.models import Account
from trading.services.live import Connection, open_live_account
from trading.worlds import try_connection, venues
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.errors import FarmError
from tradingfarm.pages.accounts.keys import SECRETS, KeyForm, tested, vault_problem
from tradingfarm.pages.answers import wants_fragment
from tradingfarm.pages.permissions.forms import ZONES
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role, User
from tradingfarm.people.second_factor import ask_second_factor

CLOCK = SystemClock()
NAMESPACE = uuid5(NAMESPACE_URL, "urn:tradingfarm:connect")
NEW_FEED = "new"
CURRENCY = RegexValidator(r"\A[A-Z0-9]{2,10}\Z", "A currency is 2 to 10 letters, such as USDT.")


class ConnectForm(KeyForm):
    """An account at a real exchange, with its key."""

    venue = forms.ChoiceField(label="Exchange", error_messages={"required": "Choose an exchange."})
    sandbox = forms.BooleanField(
        required=False,
        label="Use the exchange's play money",
        help_text="A key of its test network is another one than that of the exchange itself.",
    )
    name = forms.CharField(
        max_length=60,
        label="Name of the account",
        error_messages={"required": "Give the account a name."},
    )
    base_currency = forms.CharField(
        max_length=10,
        label="Its currency",
        help_text="What it counts in and buys with, such as USDT.",
        error_messages={"required": "Say what it buys with."},
    )
    time_zone = forms.ChoiceField(
        choices=[(zone, zone.replace("_", " ")) for zone in ZONES],
        label="Its day begins at midnight in",
        help_text="When daily limits start anew, and the clock that pages show.",
    )
    feed = forms.ChoiceField(
        label="Prices",
        help_text="The stream whose prices the gate and its stops go by.",
        error_messages={"invalid_choice": "That stream has gone; choose another."},
    )
    request = forms.RegexField(r"^[\w-]{8,40}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, owner_id: int, account_id: UUID, **options: Any) -> None:
        super().__init__(*args, **options)
        self.owner_id, self.account_id = owner_id, account_id
        self._choose("venue", [(name, name.title()) for name in venues()])
        feeds = Feed.objects.filter(kind=Feed.Kind.EXCHANGE).order_by("name")
        names = [(feed.name, feed.name) for feed in feeds]
        self._choose("feed", [(NEW_FEED, "The exchange's own stream"), *names])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def clean_base_currency(self) -> str:
        currency = str(self.cleaned_data["base_currency"]).strip().upper()
        CURRENCY(currency)
        return currency

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        others = Account.objects.filter(owner=self.owner_id, name=name)
        if others.exclude(id=self.account_id).exists():
            raise forms.ValidationError("You have an account of that name; choose another.")
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        venue = values.get("venue")
        if venue and values.get("sandbox") and not venues()[venue]:
            self.add_error("sandbox", f"{venue.title()} has no play money.")
        return values


@sensitive_post_parameters(*SECRETS)
@access(Role.TRADER, methods=FORM)
@sensitive_variables()
def connect(request: HttpRequest) -> HttpResponse:
    """Test a key, or open an account with it, which tests it again; the key is shown nowhere."""
    if elsewhere := ask_second_factor(request, to="connect an exchange"):
        return elsewhere
    form = _form(request)
    connection = None
    if request.method == "POST" and form.is_valid():
        connection = _test(form)
        if connection is not None and "open" in request.POST:
            account = _open(request, form, connection)
            if account is not None:
                return _opened(request, account)
    return _page(request, form, connection)


def _form(request: HttpRequest) -> ConnectForm:
    owner = owner_of(request)
    return ConnectForm(
        request.POST if request.method == "POST" else None,
        owner_id=owner,
        account_id=_account_id(owner, request.POST.get("request", "")),
        initial={
            "request": secrets.token_urlsafe(12),
            "base_currency": "USDT",
            "time_zone": "UTC",
            "sandbox": True,
        },
    )


@sensitive_variables()
def _test(form: ConnectForm) -> Connection | None:
    """What the key opens, or None with the form saying why not."""
    values = form.cleaned_data
    try:
        return try_connection(
            account_id=form.account_id,
            venue=values["venue"],
            credentials=form.credentials,
            base_currency=values["base_currency"],
            sandbox=values["sandbox"],
            base_url="",
            clock=CLOCK,
        )
    except FarmError as problem:
        form.add_error(None, problem.message)
        return None


@sensitive_variables()
def _open(request: HttpRequest, form: ConnectForm, connection: Connection) -> Account | None:
    """The account, the same however often the form is sent; None with the form saying why not."""
    known = Account.objects.filter(id=form.account_id).first()
    if known is not None:
        return known
    values = form.cleaned_data
    try:
        return open_live_account(
            account_id=form.account_id,
            owner=User.objects.get(id=form.owner_id),
            name=values["name"],
            feed=_feed(values["feed"], venue=values["venue"]),
            base_currency=values["base_currency"],
            time_zone=values["time_zone"],
            connection=connection,
            credentials=form.credentials,
            actor=actor_of(request),
            at=CLOCK.now(),
        )
    except FarmError as problem:
        form.add_error(None, problem.message)
    except IntegrityError:
        # The form was sent twice at once: the other one opened what this one found missing.
        known = Account.objects.filter(id=form.account_id).first()
        if known is None:
            raise
        return known
    return None


def _feed(name: str, *, venue: str) -> Feed:
    """The stream that was chosen, or a new one of the exchange's name."""
    if name != NEW_FEED:
        return Feed.objects.get(name=name, kind=Feed.Kind.EXCHANGE)
    taken = Feed.objects.filter(name=venue).exclude(kind=Feed.Kind.EXCHANGE).exists()
    feed, _ = Feed.objects.get_or_create(
        name=f"{venue}-stream" if taken else venue,
        defaults={"kind": Feed.Kind.EXCHANGE, "description": f"Prices of {venue.title()}"},
    )
    return feed


def _opened(request: HttpRequest, account: Account) -> HttpResponse:
    messages.success(
        request,
        f"{account.name} is connected. It trades nothing before its sender has compared it with"
        " the exchange, an agent has a permission, and you have confirmed real money.",
    )
    address = reverse("account-settings", args=[account.id])
    if wants_fragment(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)


def _page(request: HttpRequest, form: ConnectForm, connection: Connection | None) -> HttpResponse:
    context = {
        "form": form,
        "has_sandbox": sorted(name.title() for name, has in venues().items() if has),
        "tested": tested(connection) if connection else None,
        "vault_problem": vault_problem(),
        "section": "dashboard",
    }
    # htmx asks with the typed key still in the page, and gets what the test has found alone.
    if wants_fragment(request):
        return render(request, "accounts/_connect_result.html", context)
    return render(request, "accounts/connect.html", context, status=422 if form.errors else 200)


def _account_id(owner_id: int, request: str) -> UUID:
    """The account of one wish of a person: the same, however often its form is sent."""
    return uuid5(NAMESPACE, f"{owner_id}:{request}")
