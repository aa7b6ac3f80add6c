"""What everybody sees and changes of themselves: profile, password, second factor, sessions."""

from typing import Any

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.http import urlencode

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction
from tradingfarm.people.access import WRITE, access, person_of
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import has_second_factor
from tradingfarm.people.selectors.sessions import open_sessions, session_rows
from tradingfarm.people.services.journaling import actor_of, note
from tradingfarm.people.services.sessions import end_sessions

CLOCK = SystemClock()
SEE_OTHER = 303


@access(Role.VIEWER)
def profile(request: HttpRequest) -> HttpResponse:
    """Who one is on this farm, and what that allows."""
    person = person_of(request)
    parts = {"tab": "profile", "person": person, "has_second_factor": has_second_factor(person)}
    return render(request, "people/profile.html", parts)


class ChangePassword(account.PasswordChangeView):
    """The present password and the new one; every other session ends."""

    extra_context = {"tab": "password"}
    success_url = reverse_lazy("account_change_password")


class SecondFactor(mfa.IndexView):
    """Whether there is a second factor, and how many recovery codes are left."""

    extra_context = {"tab": "second-factor"}


class SetUpApp(totp.ActivateTOTPView):
    """Scan, type the first code, and the second factor is on; recovery codes are shown next."""

    extra_context = {"tab": "second-factor"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        secret = found["form"].secret
        fours = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return found | {"secret_in_fours": fours, "going_on": _going_on(self.request)}

    def form_valid(self, form: Form) -> HttpResponse:
        with transaction():
            answer = super().form_valid(form)
            _note(self.request, "user.second_factor_on")
        return answer

    def get_success_url(self) -> str:
        going_on = _going_on(self.request)
        query = f"?{urlencode({'next': going_on})}" if going_on else ""
        return super().get_success_url() + query


class RemoveApp(totp.DeactivateTOTPView):
    """Sign in with the password alone from now on; the recovery codes go as well."""

    extra_context = {"tab": "second-factor"}

    def form_valid(self, form: Form) -> HttpResponse:
        with transaction():
            answer = super().form_valid(form)
            _note(self.request, "user.second_factor_off")
        return answer


class RecoveryCodes(recovery_codes.ViewRecoveryCodesView):
    """The codes that are left, each good for one sign-in without the app."""

    extra_context = {"tab": "second-factor"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"going_on": _going_on(self.request)}


class NewRecoveryCodes(recovery_codes.GenerateRecoveryCodesView):
    """Ten new codes; the old ones stop working."""

    extra_context = {"tab": "second-factor"}

    def form_valid(self, form: Form) -> HttpResponse:
        with transaction():
            answer = super().form_valid(form)
            _note(self.request, "user.recovery_codes_made")
        return answer


@access(Role.VIEWER)
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in."""
    rows = session_rows(
        person_id=person_of(request).pk,
        this_one=request.session.session_key,
        now=CLOCK.now(),
    )
    return render(request, "usersessions/usersession_list.html", {"tab": "sessions", "rows": rows})


@access(Role.VIEWER, owns="browser session", methods=WRITE)
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one other session of one's own."""
    return _end(request, pk=session_id)


@access(Role.VIEWER, methods=WRITE)
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End every session of one's own but this one."""
    return _end(request)


def _end(request: HttpRequest, **chosen: int) -> HttpResponse:
    person, at = person_of(request), CLOCK.now()
    others = open_sessions(person_id=person.pk, now=at).exclude(
        session_key=request.session.session_key
    )
    found = list(others.filter(**chosen))
    if chosen and not found:
        raise Http404("You have no such session.")
    ended = end_sessions(person=person, sessions=found, actor=actor_of(person), at=at)
    messages.success(request, _ended_words(ended))
    return HttpResponseRedirect(reverse("usersessions_list"), status=SEE_OTHER)


def _ended_words(number: int) -> str:
    if not number:
        return "You are signed in nowhere else."
    ended = "1 session has" if number == 1 else f"{number} sessions have"
    return f"{ended} ended. Whoever used it has to sign in again."


def _note(request: HttpRequest, kind: str) -> None:
    person = person_of(request)
    note(kind=kind, person=person, payload={}, actor=actor_of(person), at=CLOCK.now())


def _going_on(request: HttpRequest) -> str:
    """Where the person was going when the second factor came between."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if wanted and get_adapter().is_safe_url(wanted) else ""
