"""Doorbells for open pages ring after the commit, once for each name, and block nobody."""

import asyncio
import threading

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.factories import NOW
from tradingfarm.kernel import live
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import record, transaction
from tradingfarm.kernel.live import GROUP, Announcer

PATIENCE_SECONDS = 10


@pytest.fixture
def heard(monkeypatch):
    """The names that are rung, instead of the layer."""
    names = []
    monkeypatch.setattr(live.announcer, "put", names.extend)
    return names


def happen(stream):
    record(stream=stream, kind="test.happened", actor="test", payload={}, at=NOW)


@pytest.mark.django_db
def test_a_stream_is_named_once_after_the_commit(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction():
        happen("farm")
        happen("farm")
        during = list(heard)

    assert (during, heard) == ([], ["stream:farm"])


@pytest.mark.django_db(transaction=True)
def test_a_ringer_that_fails_does_not_undo_the_commit(monkeypatch):
    def refuse(_):
        raise OSError("No thread can be started.")

    monkeypatch.setattr(live.announcer, "put", refuse)

    with transaction():
        happen("farm")


def test_a_name_reaches_every_web_process():
    async def listen():
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        Announcer().put(["stream:mine"])
        topics = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "stream:mine" not in topics:  # what another test has rung may come first
                topics = (await layer.receive(channel))["topics"]
        await layer.flush()
        return topics

    assert asyncio.run(listen()) == ["stream:mine"]


def test_a_dead_layer_drops_and_counts_and_blocks_nobody(monkeypatch):
    gone = RedisPubSubChannelLayer(hosts=["unix:///nowhere/valkey.sock"])
    monkeypatch.setattr(live, "get_channel_layer", lambda: gone)
    announcer, clock = Announcer(), SystemClock()
    before = clock.now()

    announcer.put(["stream:farm", "feed:replay"])
    seconds = (clock.now() - before).total_seconds()

    assert dropped(announcer) == 2
    assert seconds < 1


def dropped(announcer):
    """How many names were dropped, once some were or patience has ended."""
    waiting = threading.Event()
    for _ in range(PATIENCE_SECONDS * 20):
        if announcer.dropped:
            break
        waiting.wait(0.05)
    return announcer.dropped
