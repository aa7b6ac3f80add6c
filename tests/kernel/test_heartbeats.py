import os
from datetime import UTC, datetime, timedelta

import pytest

from tradingfarm.kernel.heartbeats import FRESH, beat, is_alive
from tradingfarm.kernel.models import Heartbeat

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_a_process_that_spoke_lately_is_alive():
    beat(process="engine", now=NOW)

    assert is_alive(process="engine", pid=os.getpid(), now=NOW + FRESH)
    assert not is_alive(process="engine", pid=os.getpid(), now=NOW + FRESH + timedelta(seconds=1))


def test_another_process_of_that_name_is_not_the_one_that_was_asked_for():
    beat(process="engine", now=NOW)

    assert not is_alive(process="engine", pid=os.getpid() + 1, now=NOW)
    assert not is_alive(process="sender", pid=os.getpid(), now=NOW)


def test_a_process_has_one_row():
    beat(process="engine", now=NOW)
    beat(process="engine", now=NOW + timedelta(minutes=1))

    assert Heartbeat.objects.get().at == NOW + timedelta(minutes=1)
