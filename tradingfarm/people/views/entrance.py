"""Pages for people who are not signed in: signing in, and passwords that are not known."""

from typing import Any

from allauth.account import views as account
from allauth.account.forms import ResetPasswordKeyForm
from allauth.mfa.base import views as mfa
from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.views.decorators.debug import sensitive_post_parameters

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.access import FORM, access
from tradingfarm.people.selectors.links import open_link
from tradingfarm.people.services.links import use_link

CLOCK = SystemClock()
NOT_FOUND, TOO_MANY, SEE_OTHER = 404, 429, 303


class SaysTooMany:
    """A form that a limit refused is answered as such to programs too."""

    def form_invalid(self, form: Form) -> HttpResponse:
        answer: HttpResponse = super().form_invalid(form)  # type: ignore[misc]  # of the view
        problems = [problem for each in form.errors.as_data().values() for problem in each]
        if any(problem.code == "too_many_login_attempts" for problem in problems):
            answer.status_code = TOO_MANY
        return answer


class SignIn(SaysTooMany, account.LoginView):
    """Name and password. Who has a second factor is asked for it next."""

    template_name = "people/login.html"


class SecondStep(SaysTooMany, mfa.AuthenticateView):
    """The code of the app, or a recovery code."""


class ForgottenPassword(account.PasswordResetView):
    """Mail with a link; where no mail is sent, whom to ask."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"sends_mail": settings.SENDS_MAIL}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.SENDS_MAIL:
            return HttpResponseRedirect(request.path, status=SEE_OTHER)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


class MailedPassword(account.PasswordResetFromKeyView):
    """Where the link in that mail leads."""

    success_url = reverse_lazy("login")

    def render_to_response(self, context: dict[str, Any], **answer: Any) -> HttpResponse:
        if context.get("token_fail"):
            answer["status"] = NOT_FOUND
        return super().render_to_response(context, **answer)


@access(None, methods=FORM)
@sensitive_post_parameters("password1", "password2")
def password_link(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind a link that an operator made: it sets a password, once."""
    link = open_link(secret=secret, now=CLOCK.now())
    if link is None:
        return render(request, "people/link_closed.html", status=NOT_FOUND)
    form = ResetPasswordKeyForm(request.POST or None, user=link.user)
    if form.is_valid():
        password = form.cleaned_data["password1"]
        if use_link(secret=secret, password=password, at=CLOCK.now()) is None:  # another was first
            return render(request, "people/link_closed.html", status=NOT_FOUND)
        messages.success(request, "Your password is set. Sign in with it.")
        return HttpResponseRedirect(reverse("login"), status=SEE_OTHER)
    return render(request, "people/link_password.html", {"form": form, "person": link.user})
