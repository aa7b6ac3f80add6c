"""Ceilings: the smaller of two limits counts, and loosening is told from tightening."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading import books
from trading.domain.allowances import share_of, standard_limits
from trading.domain.book import TradingHours
from trading.domain.ceilings import (
    BOUNDED,
    SCALED,
    Ceilings,
    equal_part,
    loosened,
    scaled,
)
from trading.domain.states import RiskLevel, WhenTainted

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
    "allowed_strategies": ["dip", "news"],
    "agent_allocation_pct": Decimal(20),
    "agent_allocation_value": Decimal(9_000),
    "risk_level": "medium",
    "confirm_above": Decimal(500),
    "min_seconds_between_entries": 60,
    "when_tainted": "confirm",
    "max_tainted_value": Decimal(100),
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
        {"allowed_strategies": []},
        {"allowed_strategies": ["dip", "own"]},
        {"agent_allocation_pct": Decimal("20.01")},
        {"agent_allocation_pct": None},
        {"agent_allocation_value": Decimal(9_001)},
        {"agent_allocation_value": None},
        {"risk_level": "high"},
        {"risk_level": RiskLevel.HIGH},
        {"confirm_above": Decimal("500.01")},
        {"confirm_above": None},
        {"min_seconds_between_entries": 59},
        {"when_tainted": "allow"},
        {"when_tainted": WhenTainted.ALLOW},
        {"max_tainted_value": Decimal(101)},
        {"max_tainted_value": None},
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
        {"allowed_strategies": ["news"], "agent_allocation_pct": Decimal(19)},
        {"agent_allocation_value": Decimal(1), "risk_level": RiskLevel.LOW},
        {"confirm_above": Decimal(0), "min_seconds_between_entries": 61},
        {"when_tainted": WhenTainted.DENY, "max_tainted_value": Decimal(0)},
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


def test_limits_that_were_none_can_be_set_and_an_equal_part_only_with_care() -> None:
    names = ("agent_allocation_value", "confirm_above", "max_tainted_value")
    free = BEFORE | dict.fromkeys((*names, "agent_allocation_pct"))

    assert loosened(before=free, after=dict.fromkeys(names, Decimal(10**9))) == ()
    assert loosened(before=free, after=dict.fromkeys(names)) == ()
    # Whether it is more than an equal part depends on who else trades the account.
    assert loosened(before=free, after={"agent_allocation_pct": Decimal(1)}) == (
        "agent_allocation_pct",
    )
    assert loosened(before=free, after={"agent_allocation_pct": None}) == ()


PARTS = st.decimals(min_value=0, max_value=2, places=2)


@given(PARTS, st.none() | st.decimals(min_value=0, max_value=50_000, places=2))
def test_a_part_of_limits_is_never_more(part: Decimal, value: Decimal | None) -> None:
    limits = replace(LIMITS, agent_allocation_value=value)

    given_, counts = scaled(limits, by=part), min(part, Decimal(1))

    for name in SCALED:
        assert getattr(given_, name) == getattr(limits, name) * counts
    assert given_.agent_allocation_value == (None if value is None else value * counts)
    same = {name: getattr(limits, name) for name in (*SCALED, "agent_allocation_value")}
    assert replace(given_, **same) == limits


def test_equal_parts_are_the_whole_together() -> None:
    assert equal_part(agents=0) == equal_part(agents=1) == 100
    assert equal_part(agents=4) == 25


def test_the_widest_that_a_permission_can_be_is_at_every_ceiling() -> None:
    hours = TradingHours(time(9), time(10), "UTC")

    widest = TOP.widest(replace(LIMITS, hours=hours, blocked_symbols=("AAPL",)))

    assert {name: getattr(widest, name) for name in BOUNDED} == {
        name: TOP.of(name) for name in BOUNDED
    }
    assert (widest.hours, widest.blocked_symbols) == (None, ("AAPL",))


def test_large_orders_of_a_new_session_wait_for_a_person() -> None:
    assert standard_limits(money=Decimal(100_000), ceilings=TOP)["confirm_above"] == 10_000
