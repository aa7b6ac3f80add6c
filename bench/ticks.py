"""Ticks against 100,000 price triggers: the watcher, and a loop over the triggers of the symbol.

    python -m bench.ticks

prints one JSON line. Both get the same triggers (above, below, both crossings, changes in percent
from the day's open) and the same ticks, and must fire the same. What counts is the ratio of the
two in one run, in processor time, not how fast this machine is.
"""

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from uuid import UUID

from market.domain.conditions import (
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
)
from triggers.domain.watching import (
    PriceWatcher,
    References,
    Sighting,
    WatchKey,
    becomes_true,
)

INSTRUMENTS = [UUID(int=number) for number in range(100)]
TRIGGERS = 100_000
TICKS = 100_000
LOOPED_TICKS = 2_000
TICKS_A_DAY = 390
SEED = 1

Tick = tuple[UUID, Sighting]
Look = Callable[[UUID, Sighting], list[WatchKey]]


class Loop:
    """What one writes first: every trigger of the symbol is asked at every tick."""

    def __init__(self) -> None:
        self._conditions: dict[UUID, list[tuple[WatchKey, Condition]]] = defaultdict(list)
        self._before: dict[UUID, Sighting] = {}

    def watch(self, trigger_id: UUID, *, instruments: list[UUID], condition: Condition) -> None:
        for instrument in instruments:
            self._conditions[instrument].append(((trigger_id, instrument), condition))

    def look(self, instrument_id: UUID, sighting: Sighting) -> list[WatchKey]:
        before = self._before.get(instrument_id)
        self._before[instrument_id] = sighting
        return sorted(
            key
            for key, condition in self._conditions[instrument_id]
            if becomes_true(condition, before=before, now=sighting)
        )


def conditions(count: int) -> list[Condition]:
    """Levels half a percent and more away from a price of 100, as many of each kind."""
    rng = random.Random(SEED)
    return [
        _condition(n % 5, Decimal(round(50 + rng.expovariate(0.001))) / 100) for n in range(count)
    ]


def _condition(kind: int, away: Decimal) -> Condition:
    above, below = 100 + away, max(100 - away, Decimal("0.01"))
    match kind:
        case 0:
            return Above(above)
        case 1:
            return Below(below)
        case 2:
            return CrossesAbove(above)
        case 3:
            return CrossesBelow(below)
    return ChangePercent(-min(away, Decimal(99)))


def ticks(count: int) -> list[Tick]:
    """Random walks of a few cents a tick, one for each instrument, with a new open each day."""
    rng = random.Random(SEED + 1)
    cents = dict.fromkeys(INSTRUMENTS, 10_000)
    references = {instrument: References(Decimal(100)) for instrument in INSTRUMENTS}
    found = []
    for number in range(count):
        instrument = INSTRUMENTS[number % len(INSTRUMENTS)]
        cents[instrument] = max(cents[instrument] + rng.randint(-4, 4), 100)
        price = Decimal(cents[instrument]) / 100
        if number // len(INSTRUMENTS) % TICKS_A_DAY == 0:
            references[instrument] = References(price)
        found.append((instrument, Sighting(price, references[instrument])))
    return found


def measure(look: Look, played: Sequence[Tick]) -> tuple[float, list[WatchKey]]:
    """Ticks a second of processor time, and everything that fired."""
    fired: list[WatchKey] = []
    began = time.process_time()
    for instrument, sighting in played:
        fired += look(instrument, sighting)
    return len(played) / (time.process_time() - began), fired


def main() -> None:
    watcher, loop = PriceWatcher(), Loop()
    played = ticks(TICKS)
    began = time.process_time()
    made = conditions(TRIGGERS)
    for number, condition in enumerate(made):
        instruments = [INSTRUMENTS[number // 5 % len(INSTRUMENTS)]]
        watcher.watch(UUID(int=number), instruments=instruments, condition=condition)
        loop.watch(UUID(int=number), instruments=instruments, condition=condition)
    armed = time.process_time() - began
    looped, expected = measure(loop.look, played[:LOOPED_TICKS])
    first, same = measure(watcher.look, played[:LOOPED_TICKS])
    if same != expected:
        raise SystemExit("The watcher and the loop did not fire the same.")
    rest, fired = measure(watcher.look, played[LOOPED_TICKS:])
    print(
        json.dumps(
            {
                "bench": "ticks",
                "triggers": len(watcher),
                "arming_s": round(armed, 2),
                "ticks": TICKS,
                "fired": len(same) + len(fired),
                "watcher_ticks_per_s": round(rest),
                "watcher_ticks_per_s_with_first_opens": round(first),
                "loop_ticks_per_s": round(looped),
                "ratio": round(rest / looped),
            }
        )
    )


if __name__ == "__main__":
    main()
