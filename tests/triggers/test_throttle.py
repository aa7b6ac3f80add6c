from datetime import UTC, datetime, timedelta

import pytest

from triggers.domain.throttle import HOUR, Throttle, refuse

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFTEN = Throttle(max_per_hour=2, min_interval=timedelta(0))
SLOW = Throttle(max_per_hour=100, min_interval=3 * HOUR)


def test_the_first_firing_passes():
    assert refuse(throttle=OFTEN, recent=[], now=NOW) == ""


def test_one_more_than_allowed_within_an_hour_is_refused_and_says_so():
    reason = refuse(throttle=OFTEN, recent=[NOW - 59 * MINUTE, NOW], now=NOW)

    assert reason == "throttled: 2 an hour"


def test_a_firing_exactly_an_hour_ago_no_longer_counts():
    assert refuse(throttle=OFTEN, recent=[NOW - HOUR, NOW], now=NOW) == ""


@pytest.mark.parametrize(
    ("ago", "reason"),
    [
        (3 * HOUR - MINUTE, "throttled: 10800 s between two"),
        (3 * HOUR, ""),
    ],
)
def test_the_pause_between_two_firings_may_be_longer_than_an_hour(ago, reason):
    assert refuse(throttle=SLOW, recent=[NOW - ago], now=NOW) == reason


def test_two_causes_at_one_instant_both_pass_without_a_pause():
    assert refuse(throttle=OFTEN, recent=[NOW], now=NOW) == ""


def test_the_horizon_covers_the_hour_and_the_pause():
    assert OFTEN.horizon == HOUR
    assert SLOW.horizon == 3 * HOUR
