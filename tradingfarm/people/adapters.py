"""Where the farm's rules meet allauth: who may, what is journaled, and in which words."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people import ciphers
from tradingfarm.people.models import User
from tradingfarm.people.services.journaling import actor_of
from tradingfarm.people.services.passwords import set_password
from tradingfarm.people.services.sign_ins import note_sign_in

logger = logging.getLogger(__name__)

CLOCK = SystemClock()
SECOND_FACTOR = "second factor"
SHOWN_CHARACTERS = 60
WRONG_CODE = (
    "That code is not right, or it was used before. Wait for the next one in your app, or use "
    "a recovery code."
)


class AccountAdapter(DefaultAccountAdapter):
    """Signing in, passwords and mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": (
            "The name and the password do not belong together. Capital letters of the password "
            "count."
        ),
        "too_many_login_attempts": (
            "Too many wrong tries. Wait five minutes, then try again; until then even what is "
            "right is refused."
        ),
        "rate_limited": "Too many tries. Wait five minutes, then try again.",
        "incorrect_password": "That is not your password.",
        "enter_current_password": "That is not your present password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Operators invite; nobody signs up."""
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """These pages answer with pages alone."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether `url` stays on the host that was asked."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def get_reauthentication_methods(
        self, user: AbstractBaseUser | AnonymousUser
    ) -> list[dict[str, Any]]:
        """Who has a second factor confirms with it: a stolen password alone turns nothing off."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_code = [method for method in methods if method["id"] == "mfa_reauthenticate"]
        return by_code or methods

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Every way in which allauth sets a password comes here."""
        person = _known(user)
        own = self.request.user.is_authenticated and self.request.user.pk == person.pk
        set_password(
            person=person,
            password=password,
            how="change" if own else "mail",
            actor=actor_of(person),
            at=CLOCK.now(),
            keep_session=self.request.session.session_key or "" if own else "",
        )

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, **about: Any
    ) -> HttpResponse:
        """Journal the sign-in before the answer goes out."""
        note_sign_in(
            person=_known(user),
            means=[
                record.get("type") or record["method"]
                for record in get_authentication_records(request, user)
            ],
            address=self.get_client_ip(request),
            user_agent=self.get_http_user_agent(request),
            at=CLOCK.now(),
        )
        return super().post_login(request, user, **about)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Say in the log that a limit holds somebody off."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            logger.warning("Too many wrong sign-ins as %s", self._attempt(request, credentials))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Say in the log who did not get in. Wrong tries are many and no facts of the farm."""
        logger.warning("A wrong sign-in as %s", self._attempt(request, credentials))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or say in the log why not: the page must not tell whether an address is known."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            logger.exception("Mail could not be sent; see EMAIL_HOST and the mail server")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """The name alone: allauth adds the host, and a browser may name any port of it."""
        return str(credentials.get("username", "")).lower()

    def _attempt(self, request: HttpRequest, credentials: dict[str, Any]) -> str:
        name = str(credentials.get("username", ""))[:SHOWN_CHARACTERS]
        return f"{name!r} from {self.get_client_ip(request)}"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors lie sealed in the database."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WRONG_CODE,
        "unreadable": (
            "Your second factor cannot be read, because the key of this farm was changed. Ask an "
            "operator to remove it, then set up a new one."
        ),
    }

    def get_totp_label(self, user: AbstractBaseUser) -> str:
        return _known(user).username

    def encrypt(self, text: str) -> str:
        return ciphers.seal(text=text, purpose=SECOND_FACTOR)

    def decrypt(self, encrypted_text: str) -> str:
        """Raises ValidationError, which the form shows beside the code."""
        try:
            return ciphers.unseal(sealed=encrypted_text, purpose=SECOND_FACTOR)
        except ciphers.Unreadable as error:
            logger.exception("A second factor cannot be read")
            raise self.validation_error("unreadable") from error


def _known(user: AbstractBaseUser) -> User:
    if not isinstance(user, User):
        raise TypeError(f"{user!r} is nobody of this farm.")
    return user
