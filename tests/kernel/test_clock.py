from datetime import UTC, datetime, timedelta, timezone

import pytest

from tradingfarm.kernel.clock import ManualClock, SystemClock

NOON = datetime(2001, 3, 7, 12, tzinfo=UTC)


def test_the_system_clock_tells_aware_time_in_utc_and_returns_at_once_when_told_to():
    clock = SystemClock()

    before = clock.now()
    clock.sleep(-1)
    clock.sleep(0.001)

    assert before.tzinfo is UTC
    assert timedelta(milliseconds=1) <= clock.now() - before < timedelta(seconds=10)


def test_a_manual_clock_moves_only_when_told_to():
    clock = ManualClock(NOON)

    clock.sleep(1.5)
    clock.sleep(-3)
    slept = clock.now()
    clock.advance_to(NOON + timedelta(hours=1))

    assert slept == NOON + timedelta(seconds=1.5)
    assert clock.now() == NOON + timedelta(hours=1)


def test_a_manual_clock_never_goes_back():
    clock = ManualClock(NOON)

    with pytest.raises(ValueError, match="does not go back"):
        clock.advance_to(NOON - timedelta(seconds=1))


def test_a_manual_clock_is_set_to_a_moment_with_a_zone():
    with pytest.raises(ValueError, match="aware"):
        ManualClock(NOON.replace(tzinfo=None))

    berlin = timezone(timedelta(hours=1))
    assert ManualClock(NOON.astimezone(berlin)).now().tzinfo is UTC
