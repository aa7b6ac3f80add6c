"""A phone with an authenticator app, and the browsers of people who have one."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from tests.pages.farms import PASSWORD
from tradingfarm.people.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP_SECONDS = 30


class StoppedTime:
    """Stands for the `time` module where codes are checked: none runs out while a test runs."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def time(self) -> float:
        return self.seconds

    def next_code(self) -> None:
        self.seconds += STEP_SECONDS


@dataclass
class Phone:
    """Computes codes as RFC 6238 says, without the code under test."""

    time: StoppedTime
    secret: str = SECRET

    def code(self) -> str:
        counter = struct.pack(">Q", int(self.time.seconds) // STEP_SECONDS)
        key = base64.b32decode(self.secret)
        digest = hmac.new(key, counter, hashlib.sha1).digest()
        place = digest[-1] & 0x0F
        number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"

    def wrong_code(self) -> str:
        return f"{(int(self.code()) + 1) % 1_000_000:06}"


def give_second_factor(person: User, *, secret: str = SECRET) -> list[str]:
    """Set one up for the person, as if by the page. The recovery codes."""
    TOTP.activate(person, secret)
    return RecoveryCodes.activate(person).get_unused_codes()


def has_app(person: User) -> bool:
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()


def sign_in(client: Client, name: str, password: str = PASSWORD, **extra: str) -> int:
    """Send name and password; the status of the answer."""
    sent = {"username": name, "password": password}
    return client.post("/login/", sent, **extra).status_code  # type: ignore[arg-type]  # they are headers


def sign_in_with(client: Client, name: str, phone: Phone) -> None:
    """Both steps, as a person with an app does them. A further code is good afterwards."""
    sign_in(client, name)
    answer = client.post("/login/code/", {"code": phone.code()})
    assert answer.status_code == 302
    phone.time.next_code()
