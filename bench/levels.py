"""Stored price levels against a tick: the index, and the plain loop over a symbol's levels.

    python -m bench.levels

prints one JSON line. Both see the same levels and ticks and must find the same hits. Levels stay
where they are, as those of triggers that wait for the next crossing do. What counts is the ratio
of the two in one run, in processor time, not how fast this machine is.
"""

import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from market.domain.levels import Direction, Level, LevelIndex

INSTRUMENTS = [UUID(int=number) for number in range(100)]
TICKS = 200_000
LOOPED_CHECKS = 3_000_000
SEED = 1

Move = tuple[UUID, float, float]


def levels(count: int) -> list[tuple[UUID, Level]]:
    """Stops below and targets above a price of 100, half a percent and more away."""
    rng = random.Random(SEED)
    found = []
    for number in range(count):
        away = 0.5 + rng.expovariate(0.1)
        is_up = number % 2 == 0
        price = 100 + away if is_up else max(100 - away, 0.01)
        direction = Direction.UP if is_up else Direction.DOWN
        found.append((INSTRUMENTS[number // 2 % 100], Level(price, direction, inclusive=True)))
    return found


def moves(count: int) -> list[Move]:
    """A random walk of every instrument: instrument, price before, price now."""
    rng = random.Random(SEED)
    prices = dict.fromkeys(INSTRUMENTS, 100.0)
    found = []
    for _ in range(count):
        instrument = rng.choice(INSTRUMENTS)
        previous = prices[instrument]
        prices[instrument] = previous * (1 + rng.gauss(0, 0.0003))
        found.append((instrument, previous, prices[instrument]))
    return found


def measure(count: int) -> dict[str, float]:
    """Ticks a second of both, their ratio, and the microseconds that adding one level takes."""
    stored = levels(count)
    index, added_us = _index_of(stored)
    by_symbol = defaultdict(list)
    for key, (instrument, level) in enumerate(stored):
        by_symbol[instrument].append((key, level.price, level.direction is Direction.UP))

    def search(instrument: UUID, previous: float, price: float) -> list[int]:
        return index.hits(instrument_id=instrument, previous=previous, price=price)

    def loop(instrument: UUID, previous: float, price: float) -> list[int]:
        return [
            key
            for key, level, is_up in by_symbol[instrument]
            if (previous < level <= price if is_up else price <= level < previous)
        ]

    looped = moves(max(LOOPED_CHECKS * len(INSTRUMENTS) // count, 100))
    _require_same_hits(search, loop, looped)
    slow, fast = _ticks_a_second(loop, looped), _ticks_a_second(search, moves(TICKS))
    return {
        "levels": count,
        "index_ticks_s": round(fast),
        "loop_ticks_s": round(slow),
        "ratio": round(fast / slow, 1),
        "add_us": round(added_us, 2),
    }


def _index_of(stored: list[tuple[UUID, Level]]) -> tuple[LevelIndex[int], float]:
    index: LevelIndex[int] = LevelIndex()
    begun = time.process_time()
    for key, (instrument, level) in enumerate(stored):
        index.add(key, instrument_id=instrument, level=level)
    return index, (time.process_time() - begun) / len(stored) * 1e6


def _ticks_a_second(
    find: Callable[[UUID, float, float], list[int]], path: list[Move], repeats: int = 3
) -> float:
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        for move in path:
            find(*move)
        best = min(best, time.process_time() - begun)
    return len(path) / best


def _require_same_hits(
    search: Callable[[UUID, float, float], list[int]],
    loop: Callable[[UUID, float, float], list[int]],
    path: list[Move],
) -> None:
    for move in path:
        if sorted(search(*move)) != loop(*move):
            sys.exit(f"The index and the loop disagree about {move}.")


if __name__ == "__main__":
    print(json.dumps({"bench": "levels", "results": [measure(10_000), measure(100_000)]}))
