"""Sockets that read and forget, in a process of their own: `python -m bench.crowd URL COOKIE N`.

Prints a line when all are open, reads until its standard input ends, and prints how many of them
were open until then. With a cookie a socket counts as open once it has been told where it stands.
"""

import asyncio
import contextlib
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

AT_ONCE = 20


class Crowd:
    """Readers that are let in twenty at a time."""

    def __init__(self, *, url: str, cookie: str) -> None:
        origin = url.replace("ws://", "http://").split("/ws", 1)[0]
        self._url = url
        self._headers = {"Cookie": cookie, "Origin": origin}
        self._is_greeted = bool(cookie)
        self._open = asyncio.Semaphore(0)
        self.left = 0

    async def gather(self, number: int) -> list[asyncio.Task[None]]:
        """Raises TimeoutError when they are not let in within a minute."""
        readers = []
        async with asyncio.timeout(60):
            for begun in range(number):
                readers.append(asyncio.create_task(self._read()))
                if begun >= AT_ONCE:
                    await self._open.acquire()
            for _ in range(min(number, AT_ONCE)):
                await self._open.acquire()
        return readers

    async def _read(self) -> None:
        async with connect(
            self._url, additional_headers=self._headers, compression=None
        ) as socket:
            with contextlib.suppress(ConnectionClosed):
                if self._is_greeted:
                    await socket.recv()
                self._open.release()
                async for _ in socket:
                    pass
        self.left += 1


async def main(url: str, cookie: str, number: int) -> None:
    crowd = Crowd(url=url, cookie=cookie)
    readers = await crowd.gather(number)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(number - crowd.left, flush=True)
    for reader in readers:
        reader.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
