"""Orders and quotes to match, as plain values, and orders led along a path of quotes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.factories import NOW
from trading.domain.matching import Resting, Touch, match, take
from trading.domain.states import OrderState, OrderType, Side, TimeInForce

GTC, IOC, FOK, DAY = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY
LIMIT, STOP, STOP_LIMIT = OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
OPEN, FILLED, CANCELED = OrderState.OPEN, OrderState.FILLED, OrderState.CANCELED

BUY = Resting(
    client_order_id="tfp0",
    side=Side.BUY,
    quantity=Decimal(10),
    worst_price=Decimal(110),
    fee_rate=Decimal("0.001"),
    maker_fee_rate=Decimal("0.0002"),
    slippage_bps=Decimal(0),
    seed=1,
)
SELL = replace(BUY, side=Side.SELL, worst_price=Decimal(90))
TOUCH = Touch(
    bid=Decimal("99.90"),
    ask=Decimal("100.10"),
    last=Decimal(100),
    volume=Decimal(0),
    as_of=NOW,
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
)


def limit(order, price, time_in_force=GTC, **changes):
    """The order with a limit."""
    changes = {"limit_price": Decimal(price), "time_in_force": time_in_force} | changes
    return replace(order, order_type=LIMIT, **changes)


def stop(order, price, time_in_force=GTC, **changes):
    """The order behind a stop."""
    changes = {"stop_price": Decimal(price), "time_in_force": time_in_force} | changes
    return replace(order, order_type=STOP, **changes)


def quote(price, *, volume=0, minute=0, half_spread="0"):
    """A quote around a price, so many minutes later."""
    last, half = Decimal(price), Decimal(half_spread)
    return replace(
        TOUCH,
        bid=last - half,
        ask=last + half,
        last=last,
        volume=Decimal(volume),
        as_of=NOW + timedelta(minutes=minute),
    )


def at(touch, order, held=0):
    """The order at the quote, when that is the newest."""
    return match(order, touch, now=touch.as_of, held=Decimal(held))


def led(order, *touches, held=0):
    """What every quote in turn made of the order; it ends with the order's end."""
    found = []
    for touch in touches:
        found.append(at(touch, order, held))
        order = found[-1].order
        if found[-1].trade and order.side is Side.SELL:
            held -= found[-1].trade.quantity
        if found[-1].state is not OPEN:
            break
    return found


def taken(order, touch, number=1):
    """The trade of taking all of it, where there must be one."""
    found = take(replace(order, fills=number - 1), touch, order.quantity)
    assert found is not None
    return found
