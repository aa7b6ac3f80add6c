"""A large order in slices: whole lots, never more than the whole, and the last takes the rest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from trading.domain.slicing import MOST_SLICES, next_due, slice_quantity, slices_for

NOON = datetime(2001, 3, 7, 12, tzinfo=UTC)
LOTS = st.sampled_from([Decimal(1), Decimal("0.1"), Decimal("0.00001"), Decimal(25)])


def cut(quantity, planned, lot_size):
    """Every slice of the order, when each is sent in full."""
    slices, sent = [], Decimal(0)
    while len(slices) <= planned:
        size = slice_quantity(
            quantity=quantity, sent=sent, planned=planned, made=len(slices), lot_size=lot_size
        )
        if not size:
            break
        slices.append(size)
        sent += size
    return slices


@given(lots=st.integers(1, 10_000), planned=st.integers(1, 50), lot_size=LOTS)
def test_slices_are_whole_lots_and_add_up_to_the_order(lots, planned, lot_size):
    slices = cut(lots * lot_size, planned, lot_size)

    assert sum(slices) == lots * lot_size
    assert len(slices) <= planned
    assert all(size % lot_size == 0 and size > 0 for size in slices)
    assert max(slices) - min(slices) <= max(slices)


def test_equal_slices_where_the_lots_divide():
    assert cut(Decimal(100), 4, Decimal(1)) == [25, 25, 25, 25]
    assert cut(Decimal(10), 4, Decimal(1)) == [3, 3, 2, 2]


def test_nothing_left_is_no_slice():
    of_ten = partial(slice_quantity, quantity=Decimal(10), planned=2, lot_size=Decimal(1))

    assert of_ten(sent=Decimal(10), made=1) == 0
    assert of_ten(sent=Decimal(4), made=2) == 0


def test_an_order_gets_as_many_slices_as_its_value_needs():
    assert slices_for(value=Decimal(100), largest=Decimal(100)) == 1
    assert slices_for(value=Decimal(101), largest=Decimal(100)) == 2
    assert slices_for(value=Decimal(10**9), largest=Decimal(1)) == MOST_SLICES


def test_the_next_slice_is_due_an_interval_later_and_missed_ones_do_not_pile_up():
    minute = timedelta(minutes=1)

    assert next_due(due_at=NOON, interval=minute, now=NOON) == NOON + minute
    late = NOON + timedelta(hours=1)
    assert next_due(due_at=NOON, interval=minute, now=late) == late + minute / 2
