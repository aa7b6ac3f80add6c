"""People with and without a second factor, in their browsers."""

import pytest
from django.test import Client

from tests.pages.farms import make_user
from tests.people.phones import Phone, StoppedTime, give_second_factor, sign_in_with
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    """Codes by a clock that moves only when told to."""
    time = StoppedTime(SystemClock().now().timestamp())
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", time)
    return Phone(time)


@pytest.fixture
def person(db: None) -> User:
    """A trader without a second factor."""
    return make_user("ada")


@pytest.fixture
def operator(db: None) -> User:
    """An operator with a second factor."""
    found = make_user("olga")
    found.role = Role.OPERATOR.value
    found.is_staff = found.is_superuser = True
    found.save()
    give_second_factor(found)
    return found


@pytest.fixture
def office(client: Client, operator: User, phone: Phone) -> Client:
    """The browser of the operator, who has just signed in with both factors."""
    sign_in_with(client, operator.username, phone)
    return client
