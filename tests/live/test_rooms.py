"""Rooms: rendered once for all readers, gathered, nothing missed, nothing out of order."""

import asyncio
from dataclasses import dataclass, field

import pytest
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from tradingfarm.live import rooms
from tradingfarm.live.readers import BACKLOG, WAITING, Part, Reader
from tradingfarm.live.rooms import Room


@dataclass(eq=False)
class Stream:
    """A source whose events are numbers; it counts how often it was read."""

    head: int = 0
    reads: list[tuple[int, bool]] = field(default_factory=list)
    failures: int = 0
    topics: tuple[str, ...] = ("stream:numbers", "feed:prices")
    most: int = 1_000

    def read(self, *, since: int, prices: bool, first: bool) -> Part:
        self.reads.append((since, prices))
        if self.failures:
            self.failures -= 1
            raise DatabaseError("away")
        until = min(self.head, since + self.most)
        texts = tuple(str(number) for number in range(since + 1, until + 1))
        return Part(since, max(since, until), texts, each=True)

    def still(self, *, seq: int) -> tuple[str, ...]:
        return ()


async def at_once(work):
    """Instead of a thread: others get a turn before and after."""
    await asyncio.sleep(0)
    part = work()
    await asyncio.sleep(0)
    return part


def opened(stream: Stream, *, seq: int = 0) -> Room:
    return Room(source=stream, seq=seq, in_thread=at_once)


async def numbers(reader: Reader, until: int) -> list[int]:
    """What a reader is told, up to a number."""
    told: list[int] = []
    async with asyncio.timeout(5):
        while not told or told[-1] < until:
            told += [int(text) for text in (await reader.take()).texts]
    return told


async def test_what_happened_is_read_once_for_all_readers() -> None:
    stream = Stream()
    room, readers = opened(stream), [Reader(0) for _ in range(50)]
    for reader in readers:
        await room.join(reader)
    stream.reads.clear()

    stream.head = 3
    room.ring(events=True)

    assert [await numbers(reader, 3) for reader in readers] == [[1, 2, 3]] * 50
    assert stream.reads == [(0, False)]
    room.close()


async def test_what_comes_close_together_is_gathered() -> None:
    stream = Stream()
    room, reader = opened(stream), Reader(0)
    await room.join(reader)
    stream.head = 1
    room.ring(events=True)
    await numbers(reader, 1)
    stream.reads.clear()

    for stream.head in range(2, 30):
        room.ring(events=True)
        await asyncio.sleep(0)

    assert await numbers(reader, 29) == list(range(2, 30))
    assert len(stream.reads) == 1
    room.close()


async def test_an_event_does_not_wait_for_the_prices_to_be_due() -> None:
    stream, loop = Stream(), asyncio.get_running_loop()
    room, reader = opened(stream), Reader(0)
    await room.join(reader)
    room.ring(prices=True)
    while (0, True) not in stream.reads:
        await asyncio.sleep(0)
    began = loop.time()

    room.ring(prices=True)
    stream.head = 1
    room.ring(events=True)

    assert await numbers(reader, 1) == [1]
    assert loop.time() - began < rooms.PRICES_SECONDS
    room.close()


async def test_a_late_reader_is_told_what_it_missed_first() -> None:
    stream = Stream(head=40)
    room, early, late = opened(stream, seq=40), Reader(40), Reader(7)
    await room.join(early)

    joining = asyncio.create_task(room.join(late))
    stream.head = 45
    room.ring(events=True)
    await joining

    assert await numbers(late, 45) == list(range(8, 46))
    assert await numbers(early, 45) == [41, 42, 43, 44, 45]
    room.close()


async def test_whoever_missed_more_than_one_read_brings_is_told_all_of_it() -> None:
    stream = Stream(head=95, most=10)
    room, reader = opened(stream, seq=95), Reader(3)

    joining = asyncio.create_task(room.join(reader))
    told = await numbers(reader, 95)
    await joining
    stream.head = 97
    room.ring(events=True)

    assert told + await numbers(reader, 97) == list(range(4, 98))
    room.close()


async def test_what_was_missed_is_read_no_faster_than_it_is_taken() -> None:
    stream = Stream(head=1_000, most=10)
    room, reader = opened(stream, seq=1_000), Reader(0)

    joining = asyncio.create_task(room.join(reader))
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(stream.reads) == BACKLOG + 1  # what waits, and one that waits to wait

    stream.head, stream.most = 1_050, 100
    room.ring(events=True)
    assert await numbers(reader, 1_050) == list(range(1, 1_051))
    await joining
    room.close()


async def test_whoever_begins_anew_is_told_no_more() -> None:
    class Long(Stream):
        def read(self, *, since: int, prices: bool, first: bool) -> Part:
            self.reads.append((since, prices))
            return Part(since, since + 10, ("begin anew",), ends=True)

    stream = Long(head=1_000)
    room, reader = opened(stream, seq=1_000), Reader(0)

    await room.join(reader)

    assert (await reader.take()).texts == ("begin anew",)
    assert len(stream.reads) == 1
    room.close()


async def test_a_reader_that_does_not_read_is_cut_off_and_the_others_are_not() -> None:
    stream = Stream()
    room, slow, quick = opened(stream), Reader(0), Reader(0)
    await room.join(slow)
    await room.join(quick)

    for number in range(1, WAITING + 3):
        part = Part(number - 1, number, (str(number),))
        slow.offer(part)
        quick.offer(part)
        await numbers(quick, number)

    assert (slow.is_late, quick.is_late) == (True, False)
    async with asyncio.timeout(1):
        await slow.until_late()
    room.close()


async def test_a_database_that_is_away_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "RETRY_SECONDS", 0.01)
    stream = Stream()
    room, reader = opened(stream), Reader(0)
    await room.join(reader)

    stream.head, stream.failures = 5, 2
    room.ring(events=True)

    assert await numbers(reader, 5) == [1, 2, 3, 4, 5]
    room.close()


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("happens"), st.integers(1, 4)),
            st.tuples(st.just("joins"), st.integers(0, 3)),
            st.tuples(st.just("breath"), st.integers(0, 3)),
        ),
        max_size=30,
    )
)
def test_every_reader_is_told_everything_in_order(steps: list[tuple[str, int]]) -> None:
    """Whatever happens while others join, each reader counts on without a gap or a step back."""

    async def play() -> None:
        stream = Stream()
        room = opened(stream)
        joined: list[tuple[Reader, int]] = []
        joining: list[asyncio.Task[None]] = []
        for step, size in steps:
            if step == "happens":
                stream.head += size
                room.ring(events=True)
            elif step == "joins":
                since = max(0, stream.head - size)
                joined.append((Reader(since), since))
                joining.append(asyncio.create_task(room.join(joined[-1][0])))
            for _ in range(size):
                await asyncio.sleep(0)
        await asyncio.gather(*joining)
        stream.head += 1
        room.ring(events=True)
        for reader, since in joined:
            told = await numbers(reader, stream.head)
            assert told == list(range(since + 1, stream.head + 1))
        room.close()

    asyncio.run(play())
