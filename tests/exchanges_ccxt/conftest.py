"""A venue that says what it is told to, and our side of the line."""

import pytest

from tests.exchanges_ccxt.stories import STORIES
from tests.exchanges_ccxt.venue_server import venue_server


@pytest.fixture(scope="module", params=STORIES)
def line(request):
    with venue_server() as server:
        story = STORIES[request.param](server)
        exchange = story.connect()
        exchange._opened().asker.ready()
        yield server, story, exchange
        exchange.close()


@pytest.fixture
def venue(line):
    server, story, exchange = line
    told = list(server.answers)
    server.asked.clear()
    exchange._names.clear()
    exchange._opened().asker.client.wire._rests_until = None
    story.knows()
    story.traded()
    story.holds()
    yield line
    server.answers[:] = told


@pytest.fixture
def known_order(venue):
    """Nobody has to ask whose order 1001 is."""
    venue[2]._names |= {"1001": "tfl-known", "O-1": "tfl-known"}
