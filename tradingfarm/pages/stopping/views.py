"""STOP: what it would do, doing it, and how far it is."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from trading.domain.states import StopMode
from trading.models import Account
from tradingfarm.kernel.admin import actor_of
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.answers import SEE_OTHER, wants_fragment
from tradingfarm.pages.frame import frame_of
from tradingfarm.pages.stopping.consequences import Consequences, consequences_of
from tradingfarm.pages.stopping.forms import EVERYTHING, StopForm
from tradingfarm.pages.stopping.halting import Target, halt_accounts
from tradingfarm.pages.stopping.progress import stops_of
from tradingfarm.people.access import FORM, access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
NOT_STOPPED = 503


@access(Role.TRADER, methods=FORM)
def stop_all(request: HttpRequest) -> HttpResponse:
    """The stop of all accounts of the person at once."""
    return _carry_out(request, None) if request.method == "POST" else _ask(request, None)


@access(Role.TRADER, owns="account", methods=FORM)
def stop(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The stop of one account; while one is carried out, its progress, unless `?more` is asked."""
    if request.method == "POST":
        return _carry_out(request, account_id)
    return _ask(request, account_id)


@access(Role.VIEWER, owns="account")
def progress(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """How far the newest stop of the account is."""
    return _progress(request, account_id, _accounts(request, account_id))


@access(Role.VIEWER)
def progress_of_all(request: HttpRequest) -> HttpResponse:
    """How far the newest stop of each account is."""
    return _progress(request, None, _accounts(request, None))


def _ask(request: HttpRequest, account_id: UUID | None) -> HttpResponse:
    accounts = _accounts(request, account_id)
    if account_id and accounts[0].is_being_stopped and "more" not in request.GET:
        return _progress(request, account_id, accounts)
    first = StopMode.CANCEL if all(each.is_halted for each in accounts) else StopMode.KEEP
    form = StopForm(word=_word(account_id, accounts[0].name), initial={"mode": first.value})
    return _form(request, form, account_id, accounts)


def _carry_out(request: HttpRequest, account_id: UUID | None) -> HttpResponse:
    """Halt first, also when the form is wrong; whatever else is read is read after that."""
    targets = _targets(request, account_id)
    form = StopForm(request.POST, word=_word(account_id, targets[0].name))
    mode = StopMode(form.cleaned_data["mode"]) if form.is_valid() else StopMode.KEEP
    missed = halt_accounts(
        targets=targets,
        mode=mode,
        requested_by=actor_of(request),
        reason=form.cleaned_data.get("reason", ""),
        clock=CLOCK,
    )
    if missed:
        # htmx shows no answer with an error's status, and this one must be seen.
        page, status = ("_missed", 200) if wants_fragment(request) else ("missed", NOT_STOPPED)
        return render(request, f"stopping/{page}.html", {"missed": missed}, status=status)
    if form.errors:
        return _form(request, form, account_id, _accounts(request, account_id))
    if wants_fragment(request):
        return _progress(request, account_id, _accounts(request, account_id), is_new=True)
    return HttpResponseRedirect(_address("stop-progress", account_id), status=SEE_OTHER)


def _targets(request: HttpRequest, account_id: UUID | None) -> list[Target]:
    accounts = Account.objects.filter(owner_id=owner_of(request)).order_by("id")
    if account_id is not None:
        accounts = accounts.filter(id=account_id)
    targets = [Target(key, name) for key, name in accounts.values_list("id", "name")]
    if not targets:
        raise Http404("You have no such account.")
    return targets


def _form(
    request: HttpRequest,
    form: StopForm,
    account_id: UUID | None,
    accounts: tuple[Consequences, ...],
) -> HttpResponse:
    _show_account(request, account_id)
    context = {
        "form": form,
        "accounts": accounts,
        "one": accounts[0] if account_id else None,
        "mode": form["mode"].value(),
        "action": _address("stop", account_id),
        "are_halted": all(account.is_halted for account in accounts),
    }
    page = "_ask" if wants_fragment(request) else "ask"
    return render(request, f"stopping/{page}.html", context)


def _progress(
    request: HttpRequest,
    account_id: UUID | None,
    accounts: tuple[Consequences, ...],
    *,
    is_new: bool = False,
) -> HttpResponse:
    stops = stops_of(accounts=accounts, now=CLOCK.now())
    _show_account(request, account_id)
    if not stops.accounts:
        raise Http404("This account was never stopped.")
    context = {
        "stops": stops,
        "address": _address("stop-progress", account_id),
        "more": f"{_address('stop', account_id)}?more=1",
        "is_new": is_new,
    }
    page = "_progress" if wants_fragment(request) else "progress"
    if request.GET.get("part"):
        page = "_steps"
    return render(request, f"stopping/{page}.html", context)


def _show_account(request: HttpRequest, account_id: UUID | None) -> None:
    """Make the account of the address the one that the frame shows, from here on."""
    if account_id is not None:
        frame_of(request, account_id=account_id)


def _accounts(request: HttpRequest, account_id: UUID | None) -> tuple[Consequences, ...]:
    accounts = consequences_of(owner_id=owner_of(request), account_id=account_id)
    if not accounts:
        raise Http404("You have no such account.")
    return accounts


def _word(account_id: UUID | None, name: str) -> str:
    return EVERYTHING if account_id is None else name


def _address(what: str, account_id: UUID | None) -> str:
    if account_id is None:
        return reverse(f"accounts-{what}")
    return reverse(f"account-{what}", args=[account_id])
