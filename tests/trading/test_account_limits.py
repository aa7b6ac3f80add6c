"""Limits of a whole account: what loosens them, and what cannot be one."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.account_limits import NAMES, PERCENTAGES, loosened, unsound

SOUND: dict[str, Any] = {
    "max_daily_loss_pct": Decimal(3),
    "reduce_drawdown_pct": Decimal(5),
    "halt_drawdown_pct": Decimal(10),
    "max_sector_pct": Decimal(100),
    "max_orders_per_minute": 1,
    "slice_above": Decimal("0.01"),
}


def test_what_is_sound_is_not_found() -> None:
    assert set(SOUND) == set(NAMES)
    assert unsound(SOUND) == {}
    assert unsound(SOUND | {"slice_above": None}) == {}
    assert unsound({}) == {}


@pytest.mark.parametrize("name", PERCENTAGES)
@pytest.mark.parametrize("value", [Decimal(-1), Decimal(0), Decimal("100.01")])
def test_a_percentage_is_above_0_and_at_most_100(name: str, value: Decimal) -> None:
    assert unsound(SOUND | {name: value}) == {name: "More than 0 and at most 100 percent."}


def test_there_is_at_least_one_order_a_minute() -> None:
    assert set(unsound(SOUND | {"max_orders_per_minute": 0})) == {"max_orders_per_minute"}


@pytest.mark.parametrize("value", [Decimal(0), Decimal("-0.01")])
def test_an_amount_to_slice_above_is_above_0(value: Decimal) -> None:
    assert set(unsound(SOUND | {"slice_above": value})) == {"slice_above"}


def test_a_farm_does_not_halt_before_it_reduces() -> None:
    same = SOUND | {"halt_drawdown_pct": SOUND["reduce_drawdown_pct"]}
    assert unsound(same) == {}
    assert set(unsound(same | {"halt_drawdown_pct": Decimal("4.99")})) == {"halt_drawdown_pct"}


@given(
    st.sampled_from(NAMES),
    st.integers(min_value=1, max_value=100),
    st.integers(min_value=1, max_value=100),
)
def test_only_the_higher_limit_is_the_looser_one(name: str, old: int, new: int) -> None:
    found = loosened(before=SOUND | {name: old}, after={name: new})

    assert found == ((name,) if new > old else ())


def test_never_to_slice_is_the_loosest() -> None:
    never, above = {"slice_above": None}, {"slice_above": Decimal(1)}

    assert loosened(before=SOUND | above, after=never) == ("slice_above",)
    assert loosened(before=SOUND | never, after=above) == ()
    assert loosened(before=SOUND | never, after=never) == ()
