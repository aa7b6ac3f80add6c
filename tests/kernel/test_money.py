from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.kernel.money import (
    MONEY,
    NotAnAmount,
    amount,
    ceil_to_step,
    floor_to_step,
    plain,
    round_half_even,
)


@pytest.mark.parametrize("value", ["0.1", " 12 ", "-3", "1e3", 7, Decimal("0.00000001")])
def test_an_amount_is_read_exactly(value):
    assert amount(value) == Decimal(value)


@pytest.mark.parametrize("value", [0.1, "NaN", "Infinity", "-inf", "", "one", "1,000", "0x10"])
def test_what_is_no_finite_decimal_is_refused(value):
    with pytest.raises(NotAnAmount):
        amount(value)


@pytest.mark.parametrize(
    ("value", "step", "floor", "half", "ceil"),
    [
        ("1.25", "0.5", "1.0", "1.0", "1.5"),
        ("1.75", "0.5", "1.5", "2.0", "2.0"),
        ("-1.3", "0.5", "-1.5", "-1.5", "-1.0"),
        ("2", "0.5", "2.0", "2.0", "2.0"),
        ("100", "30", "90", "90", "120"),
    ],
)
def test_values_are_brought_to_a_step(value, step, floor, half, ceil):
    value, step = Decimal(value), Decimal(step)

    assert floor_to_step(value, step) == Decimal(floor)
    assert round_half_even(value, step) == Decimal(half)
    assert ceil_to_step(value, step) == Decimal(ceil)


@pytest.mark.parametrize("step", ["0", "-1"])
def test_a_step_is_positive(step):
    with pytest.raises(ValueError, match="positive"):
        floor_to_step(Decimal(1), Decimal(step))


def test_a_float_in_money_arithmetic_raises():
    with pytest.raises(TypeError):
        MONEY.add(Decimal(1), 0.1)  # type: ignore[arg-type] # that is what is refused


VALUES = st.decimals(min_value=-(10**9), max_value=10**9, places=8)
STEPS = st.sampled_from([Decimal(text) for text in ("1", "0.01", "0.00001", "0.25", "100", "3")])


@given(VALUES, STEPS)
def test_a_value_lies_between_its_floor_and_its_ceiling_one_step_apart(value, step):
    floor, ceil = floor_to_step(value, step), ceil_to_step(value, step)

    assert floor <= value <= ceil
    assert ceil - floor == (0 if floor == value else step)
    assert floor_to_step(floor, step) == ceil_to_step(floor, step) == floor


@given(VALUES, STEPS)
def test_the_nearest_step_is_at_most_half_a_step_away(value, step):
    assert abs(round_half_even(value, step) - value) * 2 <= step


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_plain_text_reads_back_and_has_no_exponent(value):
    text = plain(value)

    assert Decimal(text) == value
    assert "E" not in text
    assert not text.endswith(".")


@pytest.mark.parametrize(
    ("value", "text"),
    [("100", "100"), ("1E+2", "100"), ("0.50", "0.5"), ("-0.0", "0"), ("-3.250", "-3.25")],
)
def test_plain_text_has_no_trailing_zeros(value, text):
    assert plain(Decimal(value)) == text
