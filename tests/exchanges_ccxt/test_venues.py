"""The six venues as values: complete, consistent, and within what ccxt knows of them."""

import re
from datetime import timedelta
from fnmatch import fnmatchcase

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.requests import client_order_id
from trading.domain.states import OrderState, OrderType, TimeInForce
from trading.exchanges.ccxt.naming import BadClientId, own_id, venue_id
from trading.exchanges.ccxt.terms import Expiry, Naming
from trading.exchanges.ccxt.venues import VENUES

each_venue = pytest.mark.parametrize("terms", VENUES.values(), ids=VENUES)
TABLES = ("refusals", "rate_limits", "absent", "too_late_to_cancel")
# ccxt gives a request a cost; one second has so many of them.
COSTS = {"kraken": 3}


def tables(terms):
    return {name: getattr(terms, name) for name in TABLES}


def test_the_six_venues_are_there():
    assert set(VENUES) == {"binance", "kraken", "coinbase", "bybit", "okx", "hyperliquid"}


@each_venue
def test_ccxt_has_it_and_agrees_on_what_it_has(terms):
    api = getattr(ccxt, terms.ccxt_id)()

    assert bool(api.urls.get("test")) is terms.has_sandbox
    assert api.requiredCredentials["walletAddress"] is terms.needs_wallet
    assert api.requiredCredentials["password"] is terms.needs_password
    if terms.capabilities.dead_man:
        assert api.has["cancelAllOrdersAfter"] is True


@each_venue
def test_we_ask_at_most_four_fifths_of_what_ccxt_allows_itself(terms):
    api = getattr(ccxt, terms.ccxt_id)()
    allowed = 1000 / (api.rateLimit * COSTS.get(terms.ccxt_id, 1))

    assert terms.rate <= 0.8 * allowed


@each_venue
def test_orders_and_cancels_are_counted_apart(terms):
    order = f"POST {terms.order_path}"

    assert any(fnmatchcase(order, action) for action in terms.actions)
    assert len(terms.actions) == 2


@each_venue
def test_an_absent_order_is_waited_for_as_long_as_it_could_still_appear(terms):
    shortest = timedelta(seconds=120 if terms.expiry is Expiry.NONE else 16)

    assert terms.delays.quarantine >= shortest
    assert terms.delays.send_window == timedelta(seconds=5)


@each_venue
def test_market_and_limit_orders_that_need_not_rest_are_claimed(terms):
    claimed = terms.capabilities

    assert {OrderType.MARKET, OrderType.LIMIT} <= claimed.order_types
    assert {TimeInForce.GTC, TimeInForce.IOC} <= claimed.times_in_force
    assert claimed.finds_by_client_id
    assert not claimed.reduce_only


@each_venue
def test_every_table_says_sentences(terms):
    for table in tables(terms).values():
        told = [*table.codes.values(), *table.beginnings.values()]
        assert all(sentence.endswith(".") for sentence in told)


@each_venue
def test_no_code_is_a_refusal_and_a_rate_limit(terms):
    assert not set(terms.refusals.codes) & set(terms.rate_limits.codes)


@pytest.mark.parametrize(
    ("venue", "code"),
    [
        ("binance", "-2010 Duplicate order sent."),
        ("binance", "-1006"),
        ("binance", "-1007"),
        ("binance", "-1000"),
        ("binance", "-1001"),
        ("kraken", "EService:Deadline elapsed"),
        ("kraken", "EService:Unavailable"),
        ("kraken", "EService:Busy"),
        ("kraken", "EGeneral:Internal error"),
        ("coinbase", "UNKNOWN_FAILURE_REASON"),
        ("coinbase", "internal_server_error"),
        ("bybit", "10016"),
        ("bybit", "10014"),
        ("bybit", "110072"),
        ("bybit", "170141"),
        ("bybit", "170007"),
        ("bybit", "170146"),
        ("bybit", "170149"),
        ("okx", "50004"),
        ("okx", "50013"),
        ("okx", "50026"),
        ("okx", "50071"),
        ("okx", "51016"),
        ("hyperliquid", "Cloid already exists"),
    ],
)
def test_timeouts_and_ids_in_use_prove_nothing(venue, code):
    terms = VENUES[venue]
    statuses = terms.refusals.statuses | terms.rate_limits.statuses

    for status in statuses:
        assert not terms.refusals.sentence(code, status=status)
        assert not terms.rate_limits.sentence(code, status=status)


@each_venue
def test_orders_end_in_states_that_an_order_may_move_to(terms):
    ends = {OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED}

    assert set(terms.endings.values()) <= ends
    assert OrderState.FILLED in terms.endings.values()


@each_venue
def test_a_path_that_nobody_reviewed_has_no_shape(terms):
    assert terms.shape_of("/wapi/v9/everything") is None


# ------------------------------------------------------------------------------ client ids


@each_venue
@given(order=st.uuids())
def test_our_ids_fit_and_come_back_unchanged(terms, order):
    ours = client_order_id(order=order, live=True)

    told = venue_id(ours, terms=terms)

    assert re.fullmatch(terms.client_id_pattern, told)
    assert own_id(told, terms=terms) == ours


@given(one=st.uuids(), other=st.uuids())
def test_two_orders_have_two_names_at_every_venue(one, other):
    for terms in VENUES.values():
        names = {venue_id(client_order_id(order=o, live=True), terms=terms) for o in (one, other)}
        assert len(names) == len({one, other})


@each_venue
@pytest.mark.parametrize("name", ["", "x" * 65, "spaces in it", "tfl" + "z" * 26 + "!"])
def test_an_id_of_another_form_is_refused(terms, name):
    with pytest.raises(BadClientId):
        venue_id(name, terms=terms)


@pytest.mark.parametrize("venue", ["kraken", "hyperliquid"])
def test_digits_that_are_no_order_are_refused(venue):
    # The largest 26 digits of base 32 are more than the 128 bits of an order's id.
    with pytest.raises(BadClientId):
        venue_id("tfl" + "z" * 26, terms=VENUES[venue])


@each_venue
def test_a_name_that_somebody_else_chose_stays_as_it_is(terms):
    assert own_id("web-1", terms=terms) == "web-1"
    assert own_id(None, terms=terms) == ""
    assert own_id("", terms=terms) == ""


def test_the_forms_are_those_that_the_venues_take():
    ours = "tfl" + "0" * 25 + "1"

    assert venue_id(ours, terms=VENUES["kraken"]) == "00000000-0000-0000-0000-000000000001"
    assert venue_id(ours, terms=VENUES["hyperliquid"]) == "0x" + "0" * 31 + "1"
    assert {t.ccxt_id for t in VENUES.values() if t.naming is Naming.PLAIN} == {
        "binance",
        "coinbase",
        "bybit",
        "okx",
    }
