import pytest
from django.utils.module_loading import import_string

VENUES = ("tests.contracts.venues.PaperVenue", "tests.contracts.ccxt_venue.CcxtVenue")
"""By name: this file is read before there are settings to import an exchange with."""


@pytest.fixture(params=VENUES, ids=lambda name: name.rpartition(".")[2])
def venue(request):
    """Every exchange in turn."""
    found = import_string(request.param)()
    yield found
    found.close()
