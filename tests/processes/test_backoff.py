from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.processes.backoff import Backoff


def test_waits_double_from_a_fifth_of_a_second_to_five_seconds():
    backoff, waits = Backoff(), []

    for _ in range(7):
        backoff = backoff.after_death(lived_seconds=1)
        waits.append(backoff.wait_seconds)

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_half_a_minute_of_health_forgives_earlier_deaths():
    tired = Backoff(deaths=6)

    assert tired.after_death(lived_seconds=29.9).wait_seconds == 5.0
    assert tired.after_death(lived_seconds=30.0).wait_seconds == 0.2


def test_who_never_died_need_not_wait():
    assert Backoff().wait_seconds == 0


@given(st.lists(st.floats(min_value=0, max_value=1e6)))
def test_no_history_makes_a_wait_longer_than_five_seconds(lives):
    backoff = Backoff()

    for lived_seconds in lives:
        backoff = backoff.after_death(lived_seconds=lived_seconds)
        assert 0.2 <= backoff.wait_seconds <= 5.0
