"""Terms that contradict each other are refused before the paper exchange looks at anything."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from trading.domain.exchange import Placing
from trading.domain.paper_terms import contradiction
from trading.domain.states import OrderType, Side, TimeInForce


def placing(kind=OrderType.MARKET, **changes):
    """A sound sell of its type."""
    values = {
        "account_id": UUID(int=1),
        "client_order_id": "tfp1",
        "instrument_id": UUID(int=2),
        "symbol": "AAPL",
        "side": Side.SELL,
        "quantity": Decimal(10),
        "worst_price": Decimal(90),
        "deadline": NOW,
        "order_type": kind,
        "limit_price": Decimal(95) if kind.has_limit else None,
        "stop_price": Decimal(96) if kind.has_stop else None,
        "good_until": NOW + timedelta(hours=1),
        "reduce_only": True,
    }
    return Placing(**(values | changes))


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("duration", TimeInForce)
@pytest.mark.parametrize("terms", [{}, {"side": Side.BUY, "reduce_only": False}])
def test_every_type_goes_with_every_time_in_force(kind, duration, terms):
    assert contradiction(placing(kind, time_in_force=duration, **terms)) == ""


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({"limit_price": Decimal(95)}, "An order of this type has no limit price."),
        ({"stop_price": Decimal(95)}, "An order of this type has no stop price."),
        ({"kind": OrderType.LIMIT, "limit_price": None}, "It needs a limit price above zero."),
        ({"kind": OrderType.STOP, "stop_price": Decimal(0)}, "It needs a stop price above zero."),
        (
            {"kind": OrderType.STOP_LIMIT, "limit_price": None},
            "It needs a limit price above zero.",
        ),
        ({"quantity": Decimal(0)}, "A quantity is above zero."),
        ({"side": Side.BUY}, "Only a sell can reduce a position."),
        (
            {"time_in_force": TimeInForce.DAY, "good_until": None},
            "A DAY order says until when it is good.",
        ),
    ],
)
def test_terms_that_contradict_each_other_are_named(terms, problem):
    assert contradiction(placing(**terms)) == problem


@given(
    st.sampled_from(OrderType),
    st.none() | st.decimals(-1, 1, places=0),
    st.none() | st.decimals(-1, 1, places=0),
)
def test_prices_are_sound_exactly_where_the_type_asks_for_them(kind, limit, stop):
    def fits(price, *, asked):
        return (price is not None and price > 0) if asked else price is None

    found = contradiction(placing(kind, limit_price=limit, stop_price=stop))

    sound = fits(limit, asked=kind.has_limit) and fits(stop, asked=kind.has_stop)
    assert (found == "") is sound
