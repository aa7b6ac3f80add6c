"""One exchange process for a whole run, emptied for each test, and real ccxt clients for it."""

from collections.abc import Callable, Iterator
from typing import Any

import ccxt
import pytest

from tests.exchanges.serving import ServedExchange, ccxt_settings, serve


@pytest.fixture(scope="session")
def running() -> Iterator[ServedExchange]:
    with serve() as exchange:
        yield exchange


@pytest.fixture
def venue(running: ServedExchange) -> Iterator[ServedExchange]:
    """An exchange as at its start, that must not break inside."""
    running.reset(seed=7)
    yield running
    assert running.log.broken() == []


@pytest.fixture
def connect(venue: ServedExchange) -> Iterator[Callable[..., Any]]:
    """Makes ccxt clients: by account, with any of `ccxt_settings`' arguments."""
    clients = []

    def make(**settings: Any) -> Any:
        client = ccxt.binance({**ccxt_settings(venue.url, **settings), "enableRateLimit": False})
        clients.append(client)
        client.load_markets()
        return client

    yield make
    for client in clients:
        client.session.close()


@pytest.fixture
def client(connect: Callable[..., Any]) -> Any:
    """Of the account main."""
    return connect(timeout=0.4)


@pytest.fixture
def straight(client: Any) -> Any:
    """A client that does not follow redirects, as one that sends once must not."""
    client.session.max_redirects = 0
    return client
