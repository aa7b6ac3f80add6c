"""An order of ours in the words of ccxt and of its venue. Pure: the client sends what comes out.

A market order leaves as a limit order at its worst price that is immediate or canceled, and a
stop as a stop-limit at its worst price: so the venue itself keeps to the collar.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading.domain.exchange import Placing
from trading.domain.states import OrderType, Side, TimeInForce
from trading.exchanges.ccxt.naming import venue_id
from trading.exchanges.ccxt.terms import Expiry, VenueTerms
from tradingfarm.kernel.money import plain

MILLISECOND = timedelta(milliseconds=1)
LONGEST_WINDOW = timedelta(seconds=5)
RESTING = frozenset({TimeInForce.GTC, TimeInForce.DAY})
FIVE_SECONDS_MS = 5000


class NotOffered(ValueError):
    """What the order asks for is not claimed of this venue; nothing is sent."""


@dataclass(frozen=True)
class Request:
    """What `create_order` gets, amounts as text. `prices` are all that must lie on the tick.

    `headers` go with the request; `window_ms` replaces the client's own window, and
    `expires_ms` is signed with the order.
    """

    symbol: str
    side: str
    quantity: str
    price: str
    parameters: dict[str, object]
    prices: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    window_ms: int = FIVE_SECONDS_MS
    expires_ms: int | None = None


def request_for(placing: Placing, *, terms: VenueTerms, now: datetime) -> Request:
    """The request that leaves now, wall time. Raises NotOffered and BadClientId."""
    _check(placing, terms, now)
    price = _limit(placing)
    client_id = venue_id(placing.client_order_id, terms=terms)
    trigger = plain(placing.stop_price) if placing.stop_price is not None else ""
    parameters: dict[str, object] = {
        terms.client_id_on_order: client_id,
        **terms.order_parameters,
        **_time_in_force(placing, terms),
        **(_trigger(trigger, placing.side, terms) if placing.order_type.has_stop else {}),
    }
    expiry = _expiry(placing.deadline, terms=terms, now=now)
    return Request(
        symbol=placing.symbol,
        side=placing.side.value,
        quantity=plain(placing.quantity),
        price=plain(price),
        parameters=parameters | expiry.parameters,
        prices=(plain(price), trigger) if placing.order_type.has_stop else (plain(price),),
        headers=expiry.headers,
        window_ms=expiry.window_ms,
        expires_ms=expiry.expires_ms,
    )


def _check(placing: Placing, terms: VenueTerms, now: datetime) -> None:
    offers, title = terms.capabilities, terms.title
    if placing.order_type not in offers.order_types:
        raise NotOffered(f"{title} is not known to take {placing.order_type.value} orders.")
    if placing.time_in_force not in offers.times_in_force:
        raise NotOffered(f"{title} is not known to take {placing.time_in_force.value} orders.")
    if placing.order_type is OrderType.STOP_LIMIT and _is_immediate(placing, terms):
        raise NotOffered(f"{title} is not known to take stop-limit orders that do not rest.")
    if placing.reduce_only and placing.side is Side.BUY:
        raise NotOffered("A buy reduces nothing on a spot market.")
    if placing.time_in_force is TimeInForce.DAY and placing.good_until is None:
        raise NotOffered("A day order says when its day ends.")
    if placing.quantity <= 0 or any(price <= 0 for price in _prices(placing)):
        raise NotOffered("Prices and quantities are above zero.")
    if now + terms.shortest_expiry > placing.deadline:
        raise NotOffered("The deadline of the order is too near, or has passed.")


def _is_immediate(placing: Placing, terms: VenueTerms) -> bool:
    """Whether a stop asks for what a venue does not do with its stops."""
    return terms.stops_only_rest and placing.time_in_force not in RESTING


def _prices(placing: Placing) -> list[Decimal]:
    prices = [placing.worst_price, placing.limit_price, placing.stop_price]
    return [price for price in prices if price is not None]


def _limit(placing: Placing) -> Decimal:
    """The price that the venue may not go beyond."""
    if not placing.order_type.has_limit:
        return placing.worst_price
    if placing.limit_price is None:
        raise NotOffered(f"A {placing.order_type.value} order names its limit price.")
    return placing.limit_price


def _time_in_force(placing: Placing, terms: VenueTerms) -> dict[str, object]:
    if placing.order_type is OrderType.MARKET:
        return {"timeInForce": "IOC"}
    if placing.time_in_force is TimeInForce.DAY and placing.good_until is not None:
        return _until(placing.good_until, terms)
    if placing.order_type is OrderType.STOP and _is_immediate(placing, terms):
        return {"timeInForce": "GTC"}
    return {"timeInForce": placing.time_in_force.value}


def _until(moment: datetime, terms: VenueTerms) -> dict[str, object]:
    if terms.ccxt_id == "kraken":
        return {"timeInForce": "GTD", "expiretm": str(int(moment.timestamp()))}
    return {"timeInForce": "GTD", "end_time": _rfc3339(moment)}


def _trigger(price: str, side: Side, terms: VenueTerms) -> dict[str, object]:
    if not price:
        raise NotOffered("A stop order names its stop price.")
    if terms.ccxt_id == "coinbase":
        direction = "UP" if side is Side.BUY else "DOWN"
        return {"stopPrice": price, "stop_direction": f"STOP_DIRECTION_STOP_{direction}"}
    return {"stopLossPrice": price}


@dataclass(frozen=True)
class _Expiry:
    parameters: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    window_ms: int = FIVE_SECONDS_MS
    expires_ms: int | None = None


def _expiry(deadline: datetime, *, terms: VenueTerms, now: datetime) -> _Expiry:
    """What makes the venue itself refuse the request after the deadline."""
    window_ms = min(deadline - now, LONGEST_WINDOW) // MILLISECOND
    moment_ms = _milliseconds(deadline)
    match terms.expiry:
        case Expiry.WINDOW_PARAMETER:
            return _Expiry(parameters={"recvWindow": window_ms})
        case Expiry.WINDOW_HEADER:
            return _Expiry(window_ms=window_ms)
        case Expiry.DEADLINE_PARAMETER:
            return _Expiry(parameters={"deadline": _rfc3339(deadline)})
        case Expiry.DEADLINE_HEADER:
            return _Expiry(headers={"expTime": str(moment_ms)})
        case Expiry.SIGNED:
            return _Expiry(expires_ms=moment_ms)
        case Expiry.NONE:
            return _Expiry()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _rfc3339(moment: datetime) -> str:
    in_utc = moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
