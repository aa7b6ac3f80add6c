"""What is said in the measurement of the fan-out, and the moment at which it was committed."""

import asyncio
import time
from types import TracebackType
from typing import Self

from channels.layers import get_channel_layer

from bench.stock import GROUP
from tests.campaigns.talking import WORDS, Talk


class FarmSpeaker:
    """Commits messages as agents do."""

    def __init__(self) -> None:
        self._talk = Talk()
        self.cookie = self._talk.cookie
        self.socket = f"{self._talk.page_socket}&since=0"

    def speak(self, number: int) -> tuple[str, float]:
        message = self._talk.speak()
        return f"message-{message}", time.time()


class StockSpeaker:
    """Gives a finished text of the same length to the group."""

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(get_channel_layer().flush())
        self._runner.close()

    def speak(self, number: int) -> tuple[str, float]:
        key = f"message-{number}"
        text = f'<div class="said" id="{key}">{WORDS}{"." * 2000}</div>'
        at = time.time()
        self._runner.run(get_channel_layer().group_send(GROUP, {"type": "said", "text": text}))
        return key, at
