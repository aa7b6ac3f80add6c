"""One asyncio loop for the whole process, in a thread of its own, that all questions wait on."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")


@cache
def shared_loop() -> asyncio.AbstractEventLoop:
    """The loop, started with its thread at the first call."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="providers", daemon=True).start()
    return loop


def submit(coroutine: Coroutine[Any, Any, Result]) -> Future[Result]:
    """Run a coroutine on the shared loop; any thread may wait on its future or cancel it."""
    return asyncio.run_coroutine_threadsafe(coroutine, shared_loop())
