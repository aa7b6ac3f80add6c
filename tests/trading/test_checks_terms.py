"""Types, prices and times in force that belong together, and the worst price of each."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import PRICE, buy, case, held, limited, sell
from trading.domain import checks
from trading.domain.states import OrderType, TimeInForce

GTC, DAY, IOC, FOK = TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK
MARKET, LIMIT, STOP, STOP_LIMIT = OrderType


def asked(make, kind, force, limit=None, stop=None, **changes):
    return make(
        order_type=kind,
        time_in_force=force,
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
        **changes,
    )


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (asked(buy, MARKET, IOC), ""),
        (asked(buy, MARKET, FOK), ""),
        (asked(buy, MARKET, DAY), "a market order is IOC or FOK"),
        (asked(sell, MARKET, GTC), "a market order is IOC or FOK"),
        (asked(buy, MARKET, IOC, limit="100"), "it has no limit price"),
        (asked(buy, MARKET, IOC, stop="101"), "it has no stop price"),
        (asked(buy, LIMIT, IOC, limit="99"), ""),
        (asked(buy, LIMIT, GTC, limit="99"), ""),
        (asked(sell, LIMIT, DAY, limit="105"), ""),
        (asked(buy, LIMIT, GTC), "it needs a limit price"),
        (asked(buy, LIMIT, GTC, limit="0"), "a limit price above zero, in steps of 0.01"),
        (asked(buy, LIMIT, GTC, limit="-1"), "a limit price above zero, in steps of 0.01"),
        (asked(buy, LIMIT, GTC, limit="99.005"), "a limit price above zero, in steps of 0.01"),
        (asked(buy, LIMIT, GTC, limit="99", stop="101"), "it has no stop price"),
        (asked(buy, STOP, GTC, stop="100.11"), ""),
        (asked(buy, STOP, DAY, stop="100.10"), "a stop price above the ask of 100.1"),
        (asked(sell, STOP, GTC, stop="99.89"), ""),
        (asked(sell, STOP, GTC, stop="99.90"), "a stop price below the bid of 99.9"),
        (asked(buy, STOP, IOC, stop="101"), "a stop order is DAY or GTC"),
        (asked(sell, STOP, FOK, stop="90"), "a stop order is DAY or GTC"),
        (asked(buy, STOP, GTC), "it needs a stop price"),
        (asked(buy, STOP, GTC, stop="101.001"), "a stop price above zero, in steps of 0.01"),
        (asked(buy, STOP_LIMIT, GTC, limit="102", stop="101"), ""),
        (asked(buy, STOP_LIMIT, GTC, stop="101"), "it needs a limit price"),
        (asked(buy, STOP_LIMIT, GTC, limit="101"), "it needs a stop price"),
        (buy(trailing_pct=Decimal(5), exit_after_seconds=60), ""),
        (buy(trailing_pct=Decimal(0)), "a trailing percent between 0 and 100"),
        (buy(trailing_pct=Decimal(100)), "a trailing percent between 0 and 100"),
        (buy(exit_after_seconds=0), "an exit after more than 0 seconds"),
    ],
)
def test_an_order_is_one_that_can_be_meant(request_, problem):
    check = checks.order_terms(case(request_))

    assert (check.passed, check.limit) == (not problem, problem or "sound")


def test_without_a_quote_nothing_is_said_of_a_stop():
    assert checks.order_terms(case(asked(buy, STOP, GTC, stop="1"), price=None)).passed


@pytest.mark.parametrize(
    ("request_", "worst"),
    [
        (asked(buy, LIMIT, GTC, limit="95"), "95"),
        (asked(sell, LIMIT, GTC, limit="105"), "105"),
        (asked(buy, STOP_LIMIT, GTC, limit="112", stop="110"), "112"),
        # Two percent from where they begin to work, on the tick within.
        (asked(buy, STOP, GTC, stop="110.01"), "112.21"),
        (asked(sell, STOP, GTC, stop="90.01"), "88.21"),
    ],
)
def test_the_worst_price_follows_the_type(request_, worst):
    assert case(request_).worst_price == Decimal(worst)
    if request_.order_type is not MARKET:
        assert case(request_, price=None).worst_price == Decimal(worst)


def test_a_limit_buy_sets_aside_its_limit_and_the_fee():
    assert case(asked(buy, LIMIT, GTC, limit="95")).worst_cost(Decimal(10)) == Decimal("950.95")


@pytest.mark.parametrize(
    ("request_", "passes"),
    [
        # Two percent above the ask of 100.10 is 102.102; below the bid of 99.90, 97.902.
        (asked(buy, LIMIT, IOC, limit="102.10"), True),
        (asked(buy, LIMIT, IOC, limit="102.11"), False),
        (asked(buy, LIMIT, GTC, limit="50"), True),
        (asked(sell, LIMIT, IOC, limit="97.91"), True),
        (asked(sell, LIMIT, IOC, limit="97.90"), False),
        (asked(sell, LIMIT, GTC, limit="500"), True),
        (asked(buy, STOP, GTC, stop="150"), True),
        (asked(sell, STOP, GTC, stop="50"), True),
        (asked(buy, STOP_LIMIT, GTC, limit="153", stop="150"), True),
        (asked(buy, STOP_LIMIT, GTC, limit="153.01", stop="150"), False),
        (asked(sell, STOP_LIMIT, GTC, limit="49", stop="50"), True),
        (asked(sell, STOP_LIMIT, GTC, limit="48.99", stop="50"), False),
        (asked(sell, STOP_LIMIT, GTC, limit="49", stop="0"), True),
    ],
)
def test_a_limit_gives_way_no_further_than_the_collar(request_, passes):
    assert checks.price_collar(case(request_, holding=held(10))).passed is passes


@pytest.mark.parametrize(
    ("request_", "passes"),
    [
        (asked(buy, LIMIT, GTC, limit="95", stop_loss=Decimal("94.99")), True),
        (asked(buy, LIMIT, GTC, limit="95", stop_loss=Decimal(95)), False),
        (asked(buy, LIMIT, GTC, limit="95", take_profit=Decimal("95.01")), True),
        (asked(buy, LIMIT, GTC, limit="95", take_profit=Decimal(95)), False),
        (asked(buy, LIMIT, IOC, limit="101", stop_loss=Decimal("99.90")), False),
        (asked(buy, LIMIT, IOC, limit="101", take_profit=Decimal("100.11")), True),
        (asked(buy, STOP, GTC, stop="110", stop_loss=Decimal(105)), True),
        (asked(buy, STOP, GTC, stop="110", stop_loss=Decimal(110)), False),
        (asked(buy, STOP, GTC, stop="110", take_profit=Decimal(109)), False),
        (asked(buy, STOP_LIMIT, GTC, limit="108", stop="110", stop_loss=Decimal(109)), False),
    ],
)
def test_protection_lies_around_the_price_that_the_entry_is_bought_at(request_, passes):
    assert checks.stop_required(case(request_)).passed is passes


def test_the_least_value_of_a_limit_order_counts_at_its_limit():
    terms = {"terms": replace(case().terms, minimum_notional=Decimal(500))}

    assert not checks.minimum_size(
        case(asked(buy, LIMIT, GTC, limit="40", quantity=5), **terms)
    ).passed
    assert checks.minimum_size(
        case(asked(buy, LIMIT, GTC, limit="100", quantity=5), **terms)
    ).passed


PRICES = st.decimals(min_value="0.01", max_value=500, places=2)


@given(PRICES, PRICES, st.sampled_from([LIMIT, STOP, STOP_LIMIT]), st.sampled_from([GTC, DAY]))
def test_a_sound_entry_never_fills_beyond_the_collar_around_where_it_begins(
    limit, stop, kind, force
):
    request_ = asked(
        buy,
        kind,
        force,
        limit if kind.has_limit else None,
        stop if kind.has_stop else None,
    )
    found = case(request_, limits=limited(price_collar_pct=Decimal(3)))
    if not (checks.order_terms(found).passed and checks.price_collar(found).passed):
        return

    start = stop if kind.has_stop else PRICE.ask
    assert found.worst_price <= start * Decimal("1.03")
