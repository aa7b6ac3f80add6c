"""Which terms of an order the paper exchange does not take, whatever it is about."""

from decimal import Decimal

from trading.domain.exchange import Placing
from trading.domain.states import Side, TimeInForce


def contradiction(placing: Placing) -> str:
    """What does not fit together in the terms, in a sentence; empty when all of it does.

    Ticks, lots and the smallest value are the instrument's: placing compares them itself.
    """
    return (
        _price("limit price", placing.limit_price, asked=placing.order_type.has_limit)
        or _price("stop price", placing.stop_price, asked=placing.order_type.has_stop)
        or _quantity(placing)
        or _duration(placing)
    )


def _price(name: str, price: Decimal | None, *, asked: bool) -> str:
    if not asked:
        return "" if price is None else f"An order of this type has no {name}."
    return "" if price is not None and price > 0 else f"It needs a {name} above zero."


def _quantity(placing: Placing) -> str:
    if placing.quantity <= 0:
        return "A quantity is above zero."
    if placing.reduce_only and placing.side is Side.BUY:
        return "Only a sell can reduce a position."
    return ""


def _duration(placing: Placing) -> str:
    if placing.time_in_force is TimeInForce.DAY and placing.good_until is None:
        return "A DAY order says until when it is good."
    return ""
