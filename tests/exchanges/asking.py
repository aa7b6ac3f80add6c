"""What the tests of this folder ask of a ccxt client, in few words."""

import threading
import time
from collections.abc import Callable
from typing import Any

import ccxt

PAIR, NAME = "BTC/USDT", "BTCUSDT"

# One order of each kind, as further arguments of `place`.
ORDERS: dict[str, dict[str, str]] = {
    "market": {"type_": "market"},
    "limit": {"type_": "limit", "price": "50000"},
    "stop": {"type_": "market", "side": "sell", "stopLossPrice": "50000"},
}


def place(
    client: Any,
    type_: str = "market",
    side: str = "buy",
    quantity: str = "0.01",
    price: str | None = None,
    name: str = "mine",
    **terms: Any,
) -> Any:
    """ccxt's order."""
    return client.create_order(
        PAIR, type_, side, quantity, price, {"clientOrderId": name, **terms}
    )


def rest(client: Any, name: str = "mine") -> Any:
    """An order that waits, below the market."""
    return place(client, "limit", "buy", "0.01", "50000", name)


def query(client: Any, name: str = "mine") -> Any:
    return client.fetch_order("", PAIR, {"clientOrderId": name})


def failure_of(act: Callable[..., Any], *arguments: Any, **terms: Any) -> type[Exception] | None:
    """The class of what ccxt raised, or None if it did not."""
    try:
        act(*arguments, **terms)
    except ccxt.BaseError as error:
        return type(error)
    return None


def fates(venue: Any, name: str = "mine") -> list[str]:
    """What became of each POST of this name."""
    return [post.fate for post in venue.log.posts(name)]


def wait_until(holds: Callable[[], Any], seconds: float = 5.0) -> None:
    """Ask again and again until it holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
