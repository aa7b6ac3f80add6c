"""How many requests we allow ourselves."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.exchanges.ccxt.budget import Budget

START = datetime(2026, 3, 2, tzinfo=UTC)


def after(seconds):
    return START + timedelta(seconds=seconds)


def test_a_burst_waits_for_nothing_and_the_next_one_for_its_turn():
    budget = Budget(rate=2, burst=3)
    for _ in range(3):
        assert budget.wait(now=START) == timedelta(0)
        budget.spend(now=START)

    assert budget.wait(now=START) == timedelta(seconds=0.5)
    assert budget.wait(now=after(0.5)) == timedelta(0)


def test_it_never_holds_more_than_a_burst():
    budget = Budget(rate=10, burst=2)
    budget.spend(now=START)

    for _ in range(2):
        budget.spend(now=after(3600))

    assert budget.wait(now=after(3600)) > timedelta(0)


def test_credit_ends_after_one_more_burst():
    budget = Budget(rate=1, burst=3)

    spent = 0
    while not budget.is_overdrawn(now=START):
        budget.spend(now=START)
        spent += 1

    assert spent == 6
    assert not budget.is_overdrawn(now=after(1))


def test_a_clock_that_goes_back_gives_nothing():
    budget = Budget(rate=1, burst=1)
    budget.spend(now=START)

    assert budget.wait(now=after(-100)) == timedelta(seconds=1)


@given(
    rate=st.floats(0.1, 20),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 5), max_size=60),
)
def test_who_waits_as_told_stays_within_the_rate(rate, burst, pauses):
    budget, now, leaving = Budget(rate=rate, burst=burst), START, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        now += budget.wait(now=now)
        budget.spend(now=now)
        leaving.append((now - START).total_seconds())

    for first, begun in enumerate(leaving):
        for last in range(first, len(leaving)):
            sent, seconds = last - first + 1, leaving[last] - begun
            assert sent <= burst + rate * seconds + 1e-3 * (1 + rate)


def test_waiting_is_not_rounded_to_nothing():
    budget = Budget(rate=0.26, burst=1)
    budget.spend(now=START)

    assert budget.wait(now=START).total_seconds() == pytest.approx(1 / 0.26, abs=1e-5)
