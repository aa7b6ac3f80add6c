"""Ceilings: the smaller of two limits counts, and loosening is told from tightening."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading import books
from trading.domain.allowances import share_of, standard_limits
from trading.domain.ceilings import BOUNDED, Ceilings, loosened

TOP = Ceilings(
    max_order_value=Decimal(5_000),
    max_position_value=Decimal(20_000),
    max_allocation_pct=Decimal(40),
    max_daily_entries=20,
    max_daily_loss=Decimal(2_000),
    max_open_positions=8,
    price_collar_pct=Decimal(3),
)
LIMITS = replace(
    books.LIMITS,
    max_allocation_pct=Decimal(25),
    max_daily_entries=10,
    max_daily_loss=Decimal(5_000),
    price_collar_pct=Decimal(5),
)
BEFORE = {
    "max_order_value": Decimal(100),
    "max_daily_entries": 3,
    "allowed_symbols": ["AAPL", "IBM"],
    "blocked_symbols": ["GOOG"],
    "stop_required": True,
    "active": False,
    "hours_start": time(9, 30),
    "hours_end": time(16),
    "hours_zone": "America/New_York",
}
numbers = st.integers(min_value=0, max_value=50_000)


def test_of_each_two_the_smaller_counts() -> None:
    bound = TOP.bound(LIMITS)

    assert (bound.max_order_value, bound.max_position_value) == (5_000, 10_000)
    assert (bound.max_daily_loss, bound.price_collar_pct) == (2_000, 3)
    assert (bound.agent_name, bound.stop_required) == ("Technical", True)


@given(values=st.fixed_dictionaries(dict.fromkeys(BOUNDED, numbers)))
def test_nothing_bound_is_above_its_ceiling_or_its_limit(values: dict[str, int]) -> None:
    limits = replace(LIMITS, **values)  # type: ignore[arg-type]  # numbers stand for decimals

    bound = TOP.bound(limits)

    for name in BOUNDED:
        assert getattr(bound, name) <= TOP.of(name)
        assert getattr(bound, name) <= values[name]
        assert getattr(bound, name) in (values[name], TOP.of(name))
    assert TOP.exceeded({name: getattr(bound, name) for name in BOUNDED}) == {}


def test_what_is_above_is_named_with_its_ceiling() -> None:
    asked = {"max_order_value": Decimal("5000.01"), "max_daily_entries": 20, "active": True}

    assert TOP.exceeded(asked) == {"max_order_value": 5_000}
    assert TOP.smaller("max_order_value", Decimal(7_000)) == 5_000


@pytest.mark.parametrize(
    "after",
    [
        {"max_order_value": Decimal("100.01")},
        {"max_daily_entries": 4},
        {"allowed_symbols": []},
        {"allowed_symbols": ["AAPL", "IBM", "MSFT"]},
        {"blocked_symbols": []},
        {"stop_required": False},
        {"active": True},
        {"hours_start": time(9)},
        {"hours_end": time(9, 30)},
        {"hours_end": time(8)},
        {"hours_start": None, "hours_end": None},
        {"hours_zone": "Asia/Tokyo"},
    ],
)
def test_loosening_is_noticed(after: dict[str, object]) -> None:
    assert loosened(before=BEFORE, after=after) == tuple(sorted(after))


@pytest.mark.parametrize(
    "after",
    [
        {},
        dict(BEFORE),
        {"max_order_value": Decimal(99), "max_daily_entries": 0},
        {"allowed_symbols": ["AAPL"], "blocked_symbols": ["GOOG", "IBM"]},
        {"hours_start": time(10), "hours_end": time(15, 59)},
    ],
)
def test_tightening_and_keeping_are_not(after: dict[str, object]) -> None:
    assert loosened(before=BEFORE, after=after) == ()


def test_hours_and_symbols_can_be_limited_where_they_were_not() -> None:
    free = BEFORE | {"hours_start": None, "hours_end": None, "allowed_symbols": []}
    night = {"hours_start": time(22), "hours_end": time(2)}

    assert loosened(before=free, after=night | {"allowed_symbols": ["AAPL"]}) == ()
    assert loosened(before=free | night, after={"hours_end": time(3)}) == ("hours_end",)
    assert loosened(before=free | night, after={"hours_end": time(1)}) == ()


@given(st.decimals(min_value="0.01", max_value=10**9, places=2))
def test_what_an_agent_is_given_first_is_within_the_ceilings(money: Decimal) -> None:
    limits = standard_limits(money=money, ceilings=TOP)

    assert TOP.exceeded(limits) == {}
    assert all(Decimal(str(limits[name])) > 0 for name in BOUNDED)


def test_a_share_of_money_is_down_to_the_cent_and_never_nothing() -> None:
    assert share_of(Decimal("1000.55"), percent=Decimal(25)) == Decimal("250.13")
    assert share_of(Decimal("0.01"), percent=Decimal(5)) == Decimal("0.01")
