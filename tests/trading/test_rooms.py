"""How large an order each check would let pass, in accounts of any size."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.trading.books import (
    ACCOUNT_LIMITS,
    APPLE,
    IBM,
    PRICE,
    TERMS,
    buy,
    case,
    held,
    limited,
    lot,
    sell,
)
from trading.domain import checks
from trading.domain.book import Holding
from trading.domain.states import OrderType, TimeInForce


def test_dust_is_never_ordered_for_more_than_there_is():
    # Value and fee of a few lots are each rounded up to the same last decimal place.
    terms = replace(TERMS, lot_size=Decimal("1e-7"), minimum_notional=Decimal(0))
    price = replace(PRICE, bid=Decimal("0.01"), ask=Decimal("0.01"), last=Decimal("0.01"))
    cash = Decimal("22e-8")
    poor = case(price=price, terms=terms, cash=cash, fee_rate=Decimal("0.05"))

    room = checks.buying_power(poor).room

    assert 0 < poor.worst_cost(room) <= cash


def test_without_a_price_no_size_has_room():
    assert checks.order_size(case(price=None)).room == 0


MONEY = st.decimals(min_value=0, max_value=1_000_000, places=2)
PRICES = st.decimals(min_value="0.01", max_value=100_000, places=2)
STEPS = st.sampled_from(["1", "0.1", "0.001", "0.00001", "100", "0.25"])


@st.composite
def sized_cases(draw):
    """A buy of one lot in an account of any size, prices and limits."""
    last = draw(PRICES)
    price = replace(PRICE, bid=last, ask=last, last=last)
    terms = replace(
        TERMS, lot_size=Decimal(draw(STEPS)), minimum_notional=Decimal(0), sector="Energy"
    )
    limits = limited(
        agent_allocation_pct=draw(st.decimals(min_value="0.01", max_value=100, places=2)),
        agent_allocation_value=draw(st.none() | MONEY),
        confirm_above=draw(MONEY),
        max_tainted_value=draw(MONEY),
        max_order_value=draw(MONEY) + 1,
        max_position_value=draw(MONEY) + 1,
        max_allocation_pct=draw(st.decimals(min_value="0.01", max_value=100, places=2)),
        price_collar_pct=draw(st.decimals(min_value="0.01", max_value=20, places=2)),
    )
    holding = Holding(
        position=lot(draw(st.integers(0, 1_000))),
        share=lot(draw(st.integers(0, 100))),
        buying_cash=draw(MONEY) / 10,
        share_buying_cash=draw(MONEY) / 100,
    )
    cash = draw(MONEY)
    kind = draw(st.sampled_from([OrderType.MARKET, OrderType.LIMIT]))
    return case(
        buy(
            terms.lot_size,
            stop_loss=last / 2,
            is_tainted=True,
            order_type=kind,
            limit_price=draw(PRICES) if kind.has_limit else None,
            time_in_force=TimeInForce.IOC,
        ),
        price=price,
        sectors={APPLE: "Energy", IBM: draw(st.sampled_from(["Energy", "Health"]))},
        holdings={IBM: held(draw(st.integers(0, 50)), buying_cash=draw(MONEY) / 100)},
        account_limits=replace(
            ACCOUNT_LIMITS,
            max_sector_pct=draw(st.decimals(min_value="0.01", max_value=100, places=2)),
        ),
        terms=terms,
        limits=limits,
        holding=holding,
        cash=cash,
        reserved=draw(st.decimals(min_value=0, max_value=cash, places=2)),
        fee_rate=draw(st.decimals(min_value=0, max_value="0.05", places=6)),
    )


SIZED = (
    checks.order_size,
    checks.position_size,
    checks.allocation,
    checks.agent_allocation,
    checks.sector,
    checks.tainted,
    checks.buying_power,
    checks.confirmation,
)


def test_every_check_with_a_room_is_among_these():
    found = case(
        buy(is_tainted=True),
        terms=replace(TERMS, sector="Energy"),
        limits=limited(max_tainted_value=Decimal(1), confirm_above=Decimal(1)),
    )

    assert {rule for rule in checks.RULES if rule(found).room is not None} == set(SIZED)
    assert [rule for rule in checks.RULES if rule(case(sell())).room is not None] == [
        checks.position_held
    ]


@pytest.mark.parametrize("rule", SIZED)
@given(sized_cases())
def test_the_room_of_a_check_is_the_largest_size_that_passes_it(rule, found):
    room = rule(found.sized(Decimal(10**9))).room

    assert room % found.terms.lot_size == 0
    assert rule(found.sized(room + found.terms.lot_size)).passed is False
    if room > 0:
        assert rule(found.sized(room)).passed


@given(sized_cases(), st.decimals(min_value=0, max_value=10_000, places=5))
def test_the_room_of_an_exit_is_what_is_free_in_whole_lots(found, free):
    assume(free > 0)
    selling = replace(found, request=sell(1))
    holding = held(free + 3, share_reserved=Decimal(3))
    selling = replace(selling, book=replace(selling.book, holdings={APPLE: holding}))

    room = checks.position_held(selling).room

    assert room <= free < room + found.terms.lot_size
    assert room % found.terms.lot_size == 0


@given(sized_cases(), st.integers(1, 1_000), PRICES)
def test_no_fill_within_the_worst_price_costs_more_than_was_set_aside(found, lots, price):
    assume(price <= found.worst_price)
    quantity = lots * found.terms.lot_size
    value = (price * quantity).quantize(Decimal("1e-8"))
    fee = (price * quantity * found.book.fee_rate).quantize(Decimal("1e-8"), rounding="ROUND_UP")

    assert value + fee <= found.worst_cost(quantity)
