"""An order of ours in the words of its venue, and what is refused before anything is sent."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.exchanges_ccxt.connecting import placing
from trading.domain.states import OrderType, Side, TimeInForce
from trading.exchanges.ccxt.naming import BadClientId
from trading.exchanges.ccxt.ordering import NotOffered, request_for
from trading.exchanges.ccxt.terms import Expiry
from trading.exchanges.ccxt.venues import VENUES
from tradingfarm.kernel.money import plain

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
IN_TIME = NOW + timedelta(seconds=5)
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
STOP, STOP_LIMIT = OrderType.STOP, OrderType.STOP_LIMIT
GTC, IOC, FOK, DAY = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY
each_venue = pytest.mark.parametrize("venue", VENUES)


def order(**changes):
    values = {"deadline": IN_TIME, "good_until": NOW + timedelta(hours=6)}
    return placing(1, **values | changes)


def request(venue, *, now=NOW, **changes):
    return request_for(order(**changes), terms=VENUES[venue], now=now)


@each_venue
def test_a_market_order_is_a_limit_at_its_worst_price_that_does_not_rest(venue):
    made = request(venue, worst_price=Decimal("61000.50"))

    assert (made.side, made.quantity, made.price) == ("buy", "0.01", "61000.5")
    assert made.parameters["timeInForce"] == "IOC"
    assert made.prices == ("61000.5",)


@each_venue
def test_a_limit_order_keeps_its_own_price_and_duration(venue):
    made = request(
        venue, order_type=LIMIT, limit_price=Decimal(59000), time_in_force=GTC, side=Side.SELL
    )

    assert (made.side, made.price, made.parameters["timeInForce"]) == ("sell", "59000", "GTC")


@pytest.mark.parametrize("venue", ["binance", "kraken"])
def test_a_stop_becomes_a_limit_order_at_its_worst_price(venue):
    made = request(
        venue,
        order_type=STOP,
        stop_price=Decimal(62000),
        worst_price=Decimal(63000),
        time_in_force=GTC,
    )

    assert made.price == "63000"
    assert made.parameters["stopLossPrice"] == "62000"
    assert made.parameters["timeInForce"] == "GTC"
    assert made.prices == ("63000", "62000")


@pytest.mark.parametrize(("side", "direction"), [(Side.BUY, "UP"), (Side.SELL, "DOWN")])
def test_coinbase_is_told_from_where_a_stop_is_reached(side, direction):
    made = request(
        "coinbase",
        order_type=STOP_LIMIT,
        stop_price=Decimal(62000),
        side=side,
        limit_price=Decimal(63000),
        time_in_force=GTC,
    )

    assert made.parameters["stopPrice"] == "62000"
    assert made.parameters["stop_direction"] == f"STOP_DIRECTION_STOP_{direction}"


@pytest.mark.parametrize(("duration", "told"), [(IOC, "IOC"), (FOK, "FOK"), (GTC, "GTC")])
def test_binance_takes_stops_that_do_not_rest_once_triggered(duration, told):
    made = request("binance", order_type=STOP, stop_price=Decimal(62000), time_in_force=duration)

    assert made.parameters["timeInForce"] == told


@pytest.mark.parametrize("venue", ["kraken", "coinbase"])
def test_elsewhere_a_stop_rests_whatever_it_asks_for(venue):
    made = request(venue, order_type=STOP, stop_price=Decimal(62000), time_in_force=IOC)

    assert made.parameters["timeInForce"] == "GTC"


def test_a_day_order_says_when_its_day_ends():
    terms = {"order_type": LIMIT, "limit_price": Decimal(59000), "time_in_force": DAY}
    kraken, coinbase = request("kraken", **terms), request("coinbase", **terms)

    assert kraken.parameters["timeInForce"] == coinbase.parameters["timeInForce"] == "GTD"
    assert kraken.parameters["expiretm"] == str(int((NOW + timedelta(hours=6)).timestamp()))
    assert coinbase.parameters["end_time"] == "2026-03-02T18:00:00.000Z"


def test_kraken_takes_its_fee_in_the_quote_currency():
    assert request("kraken", side=Side.SELL).parameters["oflags"] == "fciq"


# --------------------------------------------------------------------------------- expiry


def test_each_venue_is_told_to_refuse_the_order_after_its_deadline():
    late = NOW + timedelta(seconds=2)  # three of the five seconds are left
    moment = str(int(IN_TIME.timestamp() * 1000))

    assert request("binance", now=late).parameters["recvWindow"] == 3000
    assert request("bybit", now=late).window_ms == 3000
    assert request("kraken", now=late).parameters["deadline"] == "2026-03-02T12:00:05.000Z"
    assert request("okx", now=late).headers == {"expTime": moment}
    assert str(request("hyperliquid", now=late).expires_ms) == moment
    assert VENUES["coinbase"].expiry is Expiry.NONE


def test_a_window_is_never_longer_than_five_seconds():
    made = request("binance", deadline=NOW + timedelta(minutes=1))

    assert made.parameters["recvWindow"] == 5000


@each_venue
def test_after_the_deadline_nothing_is_made(venue):
    with pytest.raises(NotOffered, match="deadline"):
        request(venue, now=IN_TIME + timedelta(milliseconds=1))


def test_kraken_needs_two_seconds():
    with pytest.raises(NotOffered, match="deadline"):
        request("kraken", now=IN_TIME - timedelta(seconds=1.9))


# ------------------------------------------------------------------------------- refusals


@each_venue
@pytest.mark.parametrize("order_type", OrderType)
@pytest.mark.parametrize("duration", TimeInForce)
def test_exactly_what_is_claimed_is_made(venue, order_type, duration):
    terms = VENUES[venue]
    claimed = terms.capabilities
    rests = duration in (GTC, DAY)
    expected = (
        order_type in claimed.order_types
        and duration in claimed.times_in_force
        and (order_type is not STOP_LIMIT or rests or not terms.stops_only_rest)
    )
    asked = {
        "order_type": order_type,
        "time_in_force": duration,
        "limit_price": Decimal(60000) if order_type.has_limit else None,
        "stop_price": Decimal(60500) if order_type.has_stop else None,
    }

    with nullcontext() if expected else pytest.raises(NotOffered, match=r"\.$"):
        request(venue, **asked)


@pytest.mark.parametrize(
    "broken",
    [
        {"order_type": LIMIT, "time_in_force": GTC},
        {"order_type": STOP, "time_in_force": GTC},
        {"quantity": Decimal(0)},
        {"quantity": Decimal(-1)},
        {"worst_price": Decimal(0)},
        {"order_type": LIMIT, "time_in_force": GTC, "limit_price": Decimal(-1)},
        {"reduce_only": True},
    ],
    ids=["no limit", "no stop", "nothing", "less", "free", "paid to buy", "a buy that reduces"],
)
def test_what_makes_no_sense_is_refused(broken):
    with pytest.raises(NotOffered):
        request("binance", **broken)


def test_a_day_order_without_an_end_is_refused():
    with pytest.raises(NotOffered):
        request(
            "kraken", order_type=LIMIT, limit_price=Decimal(1), time_in_force=DAY, good_until=None
        )


def test_a_sell_that_reduces_needs_no_flag_on_a_spot_market():
    made = request("binance", side=Side.SELL, reduce_only=True)

    assert "reduceOnly" not in made.parameters


def test_an_id_of_another_form_is_refused():
    with pytest.raises(BadClientId):
        request("kraken", client_order_id="web-1")


AMOUNTS = st.decimals("0.00000001", "99999999", places=8, allow_nan=False)


@given(quantity=AMOUNTS, price=AMOUNTS)
def test_amounts_travel_as_they_are(quantity, price):
    for venue in VENUES:
        made = request(venue, quantity=quantity, worst_price=price)
        assert (Decimal(made.quantity), Decimal(made.price)) == (quantity, price)
        assert (made.quantity, made.price) == (plain(quantity), plain(price))
        assert "E" not in made.quantity + made.price
