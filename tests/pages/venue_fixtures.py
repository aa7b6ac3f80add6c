"""A venue that answers, and a live account that was opened there."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.pages.farms import Farm
from tests.pages.test_permissions import prove
from tests.pages.venues import Asked, connect, connection, opened
from trading.models import Account
from tradingfarm.kernel.vault import new_key
from tradingfarm.pages.accounts import connecting, keys


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Asked:
    """A venue that answers, and a farm that can seal keys."""
    settings.EXCHANGE_KEYS = [f"first:{new_key()}"]
    asked = Asked()
    asked.found = connection()
    monkeypatch.setattr(connecting, "try_connection", asked)
    monkeypatch.setattr(keys, "try_connection", asked)
    return asked


@pytest.fixture
def proved(trader: Client, farm: Farm) -> Client:
    """The owner, who has just proved a second factor."""
    prove(trader, farm.owner)
    return trader


@pytest.fixture
def live(proved: Client, farm: Farm, venue: Asked) -> Account:
    connect(proved)
    account = opened()
    assert account is not None
    return account
