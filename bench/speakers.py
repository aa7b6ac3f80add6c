"""What is said in the measurement of the fan-out, and the moment at which it was committed."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from channels.layers import get_channel_layer

from bench.stock import GROUP
from tests.campaigns.talking import WORDS, Talk
from tradingfarm.kernel.journal import heads_of


class FarmSpeaker:
    """Commits messages as agents do."""

    def __init__(self) -> None:
        self._talk = Talk()
        self.cookie = self._talk.cookie

    @property
    def socket(self) -> str:
        """The address of the page's socket, from what has been said until now."""
        stream = self._talk.stream
        return f"{self._talk.page_socket}&since={heads_of([stream]).get(stream, 0)}"

    def speak(self, number: int) -> tuple[str, float]:
        message = self._talk.speak()
        return f"message-{message}", time.time()


class StockSpeaker:
    """Gives a finished text of the same length to the group."""

    def __enter__(self) -> Self:
        # A loop of its own: the thread of the browser has one that is running.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(get_channel_layer().flush())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def speak(self, number: int) -> tuple[str, float]:
        key = f"message-{number}"
        text = f'<div class="said" id="{key}">{WORDS}{"." * 2000}</div>'
        at = time.time()
        self._run(get_channel_layer().group_send(GROUP, {"type": "said", "text": text}))
        return key, at
