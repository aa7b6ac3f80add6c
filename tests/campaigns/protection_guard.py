"""A program that does for protections what an engine does, for a feed on wall time.

A live feed has no engine of its own yet; this is made of an engine's parts, so that it can be
killed like one: `python -m tests.campaigns.protection_guard FEED`.
"""

import signal
import sys
import threading

import django

django.setup()

from trading.services.protections import fire  # noqa: E402 - after the settings
from tradingfarm.kernel import heartbeats  # noqa: E402 - after the settings
from tradingfarm.kernel.clock import SystemClock  # noqa: E402 - after the settings
from triggers.loop.protections import ProtectionIndex  # noqa: E402 - after the settings
from triggers.selectors.quotes import stored_ticks  # noqa: E402 - after the settings

LOOK_SECONDS = 0.2


def main(feed: str) -> None:
    """Compare the stored quotes with what is armed, until told to stop."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    clock, index = SystemClock(), ProtectionIndex(feed_name=feed)
    while not stopping.wait(LOOK_SECONDS):
        now = clock.now()
        heartbeats.beat(process="engine", now=now)
        ticks = stored_ticks(feed_name=feed)
        index.follow()
        index.trail(ticks)
        for reached in index.reached(ticks):
            last = ticks[reached.instrument_id].last
            fire(protection_id=reached.id, last=last, now=now, at=now)


if __name__ == "__main__":
    main(sys.argv[1])
