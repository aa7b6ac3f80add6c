"""Doorbells are heard after the commit, and a dead broker is noticed by nobody but the counter."""

import json
import socket
import threading

import pytest
import redis
from celery import current_app
from django.conf import settings

from tradingfarm.kernel import wake
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.wake import Doorbell, Ringer, ring

PATIENCE_SECONDS = 10


@pytest.fixture
def heard(monkeypatch):
    """What is rung, instead of a broker."""
    bells = []
    monkeypatch.setattr(wake.ringer, "put", bells.append)
    return bells


@pytest.mark.django_db
def test_a_bell_rings_after_the_commit(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction():
        ring("agents.think", row_id=7)
        during = list(heard)

    assert (during, heard) == ([], [Doorbell("agents.think", "7")])


@pytest.mark.django_db(transaction=True)
def test_a_rollback_rings_nothing(heard):
    with pytest.raises(Undone), transaction():
        _fail_after_ringing()

    assert heard == []


class Undone(Exception):
    """What a test raises."""


def _fail_after_ringing():
    ring("agents.think", row_id=7)
    raise Undone


@pytest.mark.django_db(transaction=True)
def test_a_ringer_that_fails_does_not_undo_the_commit(monkeypatch):
    def refuse(_):
        raise OSError("No thread can be started.")

    monkeypatch.setattr(wake.ringer, "put", refuse)

    with transaction():
        ring("agents.think", row_id=7)


@pytest.fixture
def listener(tmp_path, monkeypatch):
    """A broker that takes connections and never says a word."""
    path = tmp_path / "broker.sock"
    monkeypatch.setitem(current_app.conf, "broker_write_url", f"redis+socket://{path}")
    monkeypatch.setitem(current_app.conf, "broker_url", f"redis+socket://{path}")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))
        opened.listen(64)
        yield opened


@pytest.fixture
def dead_broker(listener):
    """A socket that nobody listens on any more."""
    listener.close()


def put_three(ringer):
    for number in range(3):
        ringer.put(Doorbell("agents.think", str(number)))


@pytest.mark.usefixtures("dead_broker")
def test_a_dead_broker_drops_and_counts_and_blocks_nobody():
    ringer, clock = Ringer(), SystemClock()
    before = clock.now()

    put_three(ringer)
    seconds = (clock.now() - before).total_seconds()

    assert dropped(ringer) == 3
    assert seconds < 1


@pytest.mark.usefixtures("listener")
def test_a_broker_that_has_fallen_silent_drops_and_counts():
    ringer = Ringer()

    put_three(ringer)

    assert dropped(ringer) == 3


def test_a_bell_reaches_the_queue_of_its_task():
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("agents")

    Ringer().put(Doorbell("agents.think", "7"))

    found = broker.blpop(["agents"], timeout=PATIENCE_SECONDS)
    assert found is not None
    headers = json.loads(found[1])["headers"]
    assert headers["task"] == "agents.think"
    assert "'row_id': '7'" in headers["kwargsrepr"]


def test_a_full_queue_drops_and_counts(monkeypatch):
    monkeypatch.setattr(wake, "WAITING", 2)
    ringer = Ringer()
    monkeypatch.setattr(ringer, "_start", lambda: None)

    put_three(ringer)

    assert ringer.dropped == 1


def dropped(ringer):
    """How many bells were dropped, once three were or patience has ended."""
    waiting = threading.Event()
    for _ in range(PATIENCE_SECONDS * 20):
        if ringer.dropped >= 3:
            break
        waiting.wait(0.05)
    return ringer.dropped
