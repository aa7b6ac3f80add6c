"""The ledger against one of other means, on random courses; the campaign `book` does more."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.trading.machine import Course, happened

SHORT = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_two_ledgers_agree_whatever_happens():
    happened.clear()

    run_state_machine_as_test(Course, settings=SHORT)

    assert happened["booked"] > 0
