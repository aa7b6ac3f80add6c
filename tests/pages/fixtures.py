"""A farm to look at, and somebody who is signed in."""

from datetime import datetime

import pytest
from django.test import Client

from tests.pages.farms import Farm, make_farm, make_user
from tests.pages.stories import make_busy
from tradingfarm.kernel.clock import SystemClock


@pytest.fixture
def wall() -> datetime:
    """The moment that the page itself will call now, or a little before."""
    return SystemClock().now()


@pytest.fixture
def farm(db: None, wall: datetime) -> Farm:
    """An account that was opened a moment ago and has not traded."""
    return make_farm(owner=make_user(), wall=wall)


@pytest.fixture
def busy(farm: Farm) -> Farm:
    """The same account in the middle of a day."""
    return make_busy(farm)


@pytest.fixture
def trader(client: Client, farm: Farm) -> Client:
    """A browser in which the owner of the farm is signed in."""
    client.force_login(farm.owner)
    return client
