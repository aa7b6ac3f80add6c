"""Orders of the contract suite: placed, asked for, and what came of them."""

from datetime import timedelta

import pytest

from trading.domain.exchange import OutcomeKind, Sent
from trading.domain.states import OrderState, OrderType, TimeInForce

MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
GTC, IOC, FOK, DAY = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY
AT_WORK = {OrderState.OPEN, OrderState.PARTIALLY_FILLED}
ENDED_EARLY = {OrderState.CANCELED, OrderState.EXPIRED}
"""Venues differ in how they call the end of an order that found no more to trade with."""
RESTING = {"order_type": LIMIT, "time_in_force": GTC, "limit_price": "95"}
"""A buy that the market reaches at 95."""
EVERY_KIND = [(kind, duration) for kind in OrderType for duration in TimeInForce]


def placed(venue, number=1, **terms):
    placing = venue.placing(number, **terms)
    return placing, venue.exchange.place(placing)


def filled(venue, number=1, **terms):
    """A market order that traded."""
    placing, outcome = placed(venue, number, **terms)
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.problem
    venue.trade()
    return placing


def claim(venue, kind, *durations):
    """Skip a test about what the venue does not claim."""
    claimed = venue.exchange.capabilities
    if kind not in claimed.order_types or not {*durations} <= claimed.times_in_force:
        pytest.skip(f"It does not claim {kind} with {', '.join(durations)}.")


def is_claimed(venue, kind, duration):
    claimed = venue.exchange.capabilities
    return kind in claimed.order_types and duration in claimed.times_in_force


def terms_of(kind, duration):
    """A sound buy of this kind: its stop lies above the market, its limit below or at the stop."""
    below = "106" if kind.has_stop else "95"
    return {
        "order_type": kind,
        "time_in_force": duration,
        "limit_price": below if kind.has_limit else None,
        "stop_price": "105" if kind.has_stop else None,
        "worst_price": "110",
    }


def reported(venue, placing):
    return venue.exchange.reports(orders=[sent(placing)]).get(placing.client_order_id)


def sent(placing):
    """The order as it is asked for: the exchange's own id is not known yet."""
    return Sent(
        account_id=placing.account_id,
        client_order_id=placing.client_order_id,
        exchange_order_id="",
        symbol=placing.symbol,
        since=placing.deadline - timedelta(minutes=2),
    )


def as_found(placing, found):
    """An order as it is asked for that the exchange has told of."""
    return Sent(
        account_id=placing.account_id,
        client_order_id=found.client_order_id,
        exchange_order_id=found.exchange_order_id,
        symbol=found.symbol,
        since=found.placed_at,
    )


def traded(report):
    return sum(trade.quantity for trade in report.trades)


def resting(venue, account_id):
    """Client ids of what rests at the exchange."""
    found = venue.exchange.open_orders(account_id=account_id)
    return tuple(order.client_order_id for order in found)
