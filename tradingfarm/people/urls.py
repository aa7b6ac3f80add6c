"""Every address for people: those of allauth that the farm uses, each with its rule."""

from collections.abc import Callable

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from django.http import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.generic import RedirectView

from tradingfarm.people.access import FORM, READ, WRITE, access
from tradingfarm.people.models import Role
from tradingfarm.people.second_factor import needs_confirmation
from tradingfarm.people.views import entrance, own, people

View = Callable[..., HttpResponseBase]


def _open(view: View, methods: tuple[str, ...] = FORM) -> View:
    """For everybody, signed in or not."""
    return access(None, methods=methods)(view)


def _own(view: View, methods: tuple[str, ...] = FORM) -> View:
    """For everybody who is signed in, about themselves."""
    return access(Role.VIEWER, methods=methods)(view)


SIGN_IN, SIGN_OUT = _open(entrance.SignIn.as_view()), _open(account.logout, WRITE)
MAILED = r"^login/password/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$"

ENTRANCE: list[URLPattern] = [
    path("login/", SIGN_IN, name="login"),
    path("login/", SIGN_IN, name="account_login"),
    path("logout/", SIGN_OUT, name="logout"),
    path("logout/", SIGN_OUT, name="account_logout"),
    path("login/code/", _open(entrance.SecondStep.as_view()), name="mfa_authenticate"),
    path("login/off/", _open(account.account_inactive, READ), name="account_inactive"),
    path(
        "login/password/",
        _open(entrance.ForgottenPassword.as_view()),
        name="account_reset_password",
    ),
    path(
        "login/password/sent/",
        _open(account.password_reset_done, READ),
        name="account_reset_password_done",
    ),
    re_path(
        MAILED, _open(entrance.MailedPassword.as_view()), name="account_reset_password_from_key"
    ),
    path("login/link/<str:secret>/", entrance.password_link, name="password-link"),
    path(
        "admin/password_change/",
        _own(RedirectView.as_view(pattern_name="account_change_password"), READ),
        name="admin-password",
    ),
]
OWN: list[URLPattern] = [
    path("people/me/", own.profile, name="profile"),
    path(
        "people/me/password/", _own(own.ChangePassword.as_view()), name="account_change_password"
    ),
    path("people/me/second-factor/", _own(own.SecondFactor.as_view(), READ), name="mfa_index"),
    path(
        "people/me/second-factor/app/",
        _own(needs_confirmation(own.SetUpApp.as_view())),
        name="mfa_activate_totp",
    ),
    path(
        "people/me/second-factor/app/remove/",
        _own(needs_confirmation(own.RemoveApp.as_view())),
        name="mfa_deactivate_totp",
    ),
    path(
        "people/me/second-factor/codes/",
        _own(needs_confirmation(own.RecoveryCodes.as_view()), READ),
        name="mfa_view_recovery_codes",
    ),
    path(
        "people/me/second-factor/codes/new/",
        _own(needs_confirmation(own.NewRecoveryCodes.as_view())),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "people/me/second-factor/codes/recovery-codes.txt",
        _own(needs_confirmation(recovery_codes.download_recovery_codes), READ),
        name="mfa_download_recovery_codes",
    ),
    path("people/me/sessions/", own.sessions, name="usersessions_list"),
    path("people/me/sessions/end/", own.end_other_sessions, name="usersessions_end_others"),
    path("people/me/sessions/<int:session_id>/end/", own.end_session, name="usersessions_end"),
    path("people/me/confirm/", _own(account.reauthenticate), name="account_reauthenticate"),
    path("people/me/confirm/code/", _own(mfa.reauthenticate), name="mfa_reauthenticate"),
]
PEOPLE: list[URLPattern] = [
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="person-invite"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/link/", people.new_link, name="person-link"),
    path("people/<int:person_id>/switch/", people.switch, name="person-switch"),
    path(
        "people/<int:person_id>/second-factor/",
        people.forget_second_factor,
        name="person-second-factor",
    ),
    path("people/<int:person_id>/sessions/", people.end_all_sessions, name="person-sessions"),
]
urlpatterns = [*ENTRANCE, *OWN, *PEOPLE]
