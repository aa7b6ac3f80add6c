"""Sockets that read and forget, in a process of their own: `python -m bench.crowd URL COOKIE N`.

Prints one line when all are open, and reads until its standard input ends.
"""

import asyncio
import contextlib
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

AT_ONCE = 20


async def read(url: str, headers: dict[str, str], opened: asyncio.Semaphore) -> None:
    async with connect(url, additional_headers=headers, compression=None) as socket:
        opened.release()
        with contextlib.suppress(ConnectionClosed):
            async for _ in socket:
                pass


async def crowd(url: str, cookie: str, number: int) -> None:
    origin = url.replace("ws://", "http://").split("/ws", 1)[0]
    headers = {"Cookie": cookie, "Origin": origin}
    opened = asyncio.Semaphore(0)
    readers = []
    for begun in range(number):
        readers.append(asyncio.create_task(read(url, headers, opened)))
        if begun % AT_ONCE == AT_ONCE - 1:
            for _ in range(AT_ONCE):
                await opened.acquire()
    for _ in range(number % AT_ONCE):
        await opened.acquire()
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for reader in readers:
        reader.cancel()


if __name__ == "__main__":
    asyncio.run(crowd(sys.argv[1], sys.argv[2], int(sys.argv[3])))
