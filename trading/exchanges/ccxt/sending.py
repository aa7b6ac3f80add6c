"""The one request of an order: nothing rounded on the way, nothing sent twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from trading.exchanges.ccxt.client import Api, Client
from trading.exchanges.ccxt.ordering import Request
from trading.exchanges.ccxt.outcomes import Trip


class NotExact(ValueError):
    """The venue's market does not take the symbol or an amount as it is; nothing is sent."""


def check_exact(request: Request, *, api: Api) -> None:
    """Raises NotExact rather than let ccxt round anything."""
    symbol = request.symbol
    if symbol not in api.markets:
        raise NotExact(f"The venue has no market {symbol}.")
    _check(request.quantity, api.amount_to_precision, symbol)
    for price in request.prices:
        _check(price, api.price_to_precision, symbol)


def _check(told: str, to_precision: Callable[[str, str], str], symbol: str) -> None:
    try:
        rounded = Decimal(to_precision(symbol, told))
    except Exception as error:
        raise NotExact(f"The venue cannot take {told} for {symbol}: {error}"[:200]) from error
    if rounded != Decimal(told):
        raise NotExact(f"{told} is not on a step of {symbol}; the venue takes {rounded}.")


def send(
    made: Callable[[], Request], *, client: Client, deadline: datetime
) -> tuple[Trip | None, str]:
    """Make the request when its turn has come, and send it until `deadline`, wall time.

    Never raises. Returns what came of it, None if nothing left, and what stood in its way.
    """
    problem = ""
    with client.lock, client.wire.placing(deadline=deadline) as trips:
        try:
            request = made()
            with _expiring(client.api, request):
                _create(client.api, request)
        except Exception as error:  # noqa: BLE001 - only what went over the wire counts
            problem = str(error) or type(error).__name__
    return (trips[0] if trips else None), problem


@contextmanager
def _expiring(api: Api, request: Request) -> Iterator[None]:
    headers, window = api.headers, api.options.get("recvWindow")
    api.headers = {**headers, **request.headers}
    if window is not None:
        api.options["recvWindow"] = request.window_ms
    try:
        yield
    finally:
        api.headers = headers
        if window is not None:
            api.options["recvWindow"] = window


def _create(api: Api, request: Request) -> None:
    arguments = (request.symbol, "limit", request.side, request.quantity, request.price)
    if request.expires_ms is None:
        api.create_order(*arguments, dict(request.parameters))
        return
    # ccxt signs no expiry of an order, though it can: the order is signed again, with it.
    order, _ = api.parse_create_edit_order_args(None, *arguments, dict(request.parameters))
    body = api.create_orders_request([order])
    body["expiresAfter"] = request.expires_ms
    body["signature"] = api.sign_l1_action(body["action"], body["nonce"], None, request.expires_ms)
    api.privatePostExchange(body)
