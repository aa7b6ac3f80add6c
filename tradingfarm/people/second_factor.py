"""Pages that ask again who it is: a second factor, not older than five minutes."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.access import person_of
from tradingfarm.people.models import User

CLOCK = SystemClock()
SEE_OTHER = 303

View = Callable[..., HttpResponseBase]


def needs_second_factor(view: View) -> View:
    """Let in who proved a second factor in the last five minutes; put it below `access`.

    Others are sent to prove it, or to set one up, and come back to where they were. What they
    had sent is not done by itself afterwards: they are told to do it again.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return ask_second_factor(request) or view(request, *args, **kwargs)

    return guarded


def ask_second_factor(request: HttpRequest, *, to: str = "do this") -> HttpResponse | None:
    """None when a second factor was proved in the last five minutes, else where to prove it.

    For views that ask only sometimes. `to` ends a sentence: "resume the account". The answer
    suits plain and htmx requests. Raises PermissionDenied for a stranger.
    """
    person = person_of(request)
    if not has_second_factor(person):
        messages.warning(
            request,
            f"To {to} you need a second factor, so that a stolen password is not enough. Set it "
            "up once; then go on.",
        )
        return _send(request, reverse("mfa_activate_totp"))
    if proved_lately(request, now=CLOCK.now()):
        return None
    return _confirm(request)


def needs_confirmation(view: View) -> View:
    """Let in who confirmed in the last five minutes: by the second factor, if there is one, else
    by the password. For the pages with which one sets up the second factor itself.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if did_recently_reauthenticate(request):
            return view(request, *args, **kwargs)
        return _confirm(request)

    return guarded


def has_second_factor(person: User) -> bool:
    """Whether the person has set up an app that shows codes. One query."""
    return is_mfa_enabled(person, [Authenticator.Type.TOTP])


def proved_lately(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this session proved a second factor, at sign-in or since, in the last minutes."""
    oldest = now.timestamp() - app_settings.REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, person_of(request))
    return any(record["method"] == "mfa" and record["at"] > oldest for record in records)


def _confirm(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        messages.info(request, "Confirm that it is you. Nothing was done yet: then do it again.")
    methods = get_adapter().get_reauthentication_methods(request.user)
    return _send(request, methods[0]["url"])


def _send(request: HttpRequest, address: str) -> HttpResponse:
    target = f"{address}?{urlencode({'next': _place(request)})}"
    if "HX-Request" in request.headers:
        return HttpResponseClientRedirect(target)
    return HttpResponseRedirect(target, status=SEE_OTHER if request.method == "POST" else None)


def _place(request: HttpRequest) -> str:
    """The page on which the person is: for what was sent, the page that had the form."""
    if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
        return request.get_full_path()
    shown = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(shown, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(shown)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
