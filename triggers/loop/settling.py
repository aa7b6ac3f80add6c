"""Waiting until everything that a price set off has come to rest."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from agents.selectors.executions import open_count
from market.domain.ticks import Tick
from trading.exchanges.paper import match
from trading.selectors.activity import is_settled
from trading.services import protections
from trading.services.protections import FORCED_AFTER
from triggers.loop.protections import ProtectionIndex
from triggers.loop.pulse import Pulse

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.01
LONG = timedelta(seconds=10)
ATTEMPTS_AT_ONE_PRICE = FORCED_AFTER + 1
"""An exit that does not fill is tried again, at last a forced one; then it waits for a price."""


class Settling:
    """Fires protections, matches paper orders and waits for executions, at one step's prices."""

    def __init__(self, *, feed_name: str, pulse: Pulse) -> None:
        self._feed_name = feed_name
        self._pulse = pulse
        self._protections = ProtectionIndex(feed_name=feed_name)

    def settle(self, *, ticks: Mapping[UUID, Tick], now: datetime) -> bool:
        """Come to rest at these prices and market time; False when the engine is to stop instead.

        At rest no execution is open, no order is at work, and no protection that could fire is
        armed: a protection of what was just bought counts at once.
        """
        attempts: Counter[UUID] = Counter()
        self._fire_reached(ticks, attempts, now=now)
        while self._wait(ticks, now=now):
            if not self._fire_reached(ticks, attempts, now=now):
                return True
        return False

    def _fire_reached(
        self, ticks: Mapping[UUID, Tick], attempts: Counter[UUID], *, now: datetime
    ) -> bool:
        """Make the exit orders of all protections reached; whether there was one to wait for."""
        self._protections.follow()
        self._protections.trail(ticks)
        made = False
        for protection in self._protections.reached(ticks):
            if attempts[protection.id] >= ATTEMPTS_AT_ONE_PRICE:
                continue
            attempts[protection.id] += 1
            verdict = protections.fire(
                protection_id=protection.id,
                last=ticks[protection.instrument_id].last,
                now=now,
                at=self._pulse.now(),
            )
            made = made or (verdict is not None and verdict.approved)
        return made or self._waits_for_cancels(ticks, attempts)

    def _waits_for_cancels(self, ticks: Mapping[UUID, Tick], attempts: Counter[UUID]) -> bool:
        """Whether an exit waits until what rests on its share has been canceled."""
        self._protections.follow()
        waiting = self._protections.waiting(ticks)
        return any(attempts[key] < ATTEMPTS_AT_ONE_PRICE for key in waiting)

    def _wait(self, ticks: Mapping[UUID, Tick], *, now: datetime) -> bool:
        began = self._pulse.now()
        reported = False
        while True:
            at = self._pulse.now()
            match(feed_name=self._feed_name, quotes=ticks, now=now, at=at)
            waits_for = self._waits_for(now)
            if not waits_for or self._pulse.is_stopping():
                return not waits_for
            if not reported and at - began > LONG:
                logger.warning("%s waits for more than 10 s: %s.", self._feed_name, waits_for)
                reported = True
            self._pulse.sleep(POLL_SECONDS)

    def _waits_for(self, now: datetime) -> str:
        """Executions first: an order that one makes is stored before the execution ends."""
        executions = open_count(feed_name=self._feed_name)
        if executions:
            return f"{executions} executions are queued or thinking (is a worker running?)"
        if not is_settled(feed_name=self._feed_name, now=now):
            return "orders are at work (is a sender running?)"
        return ""
