"""Which stored price levels does this tick reach? Sorted thresholds, searched and not walked."""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum
from math import inf, nextafter
from typing import Generic, TypeVar
from uuid import UUID

K = TypeVar("K", bound=Hashable)


class Direction(Enum):
    """Which way the price must go to reach a level."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Level:
    """A price that something waits for. `inclusive`: touching is enough, else it is passed."""

    price: float
    direction: Direction
    inclusive: bool

    @property
    def threshold(self) -> float:
        """The first float, in the level's direction, at which it is reached."""
        if self.inclusive:
            return self.price
        return nextafter(self.price, inf if self.direction is Direction.UP else -inf)

    def is_reached(self, price: float) -> bool:
        """Whether `price` is at or beyond the level."""
        if self.direction is Direction.UP:
            return price >= self.threshold
        return price <= self.threshold


@dataclass
class _Side(Generic[K]):
    """Thresholds in rising order and, at the same places, the keys that wait for them."""

    thresholds: list[float] = field(default_factory=list)
    keys: list[K] = field(default_factory=list)

    def add(self, threshold: float, key: K) -> None:
        place = bisect_right(self.thresholds, threshold)
        self.thresholds.insert(place, threshold)
        self.keys.insert(place, key)

    def discard(self, threshold: float, key: K) -> None:
        place = self.keys.index(key, bisect_left(self.thresholds, threshold))
        del self.thresholds[place]
        del self.keys[place]


class LevelIndex(Generic[K]):
    """Price levels of many instruments under keys of the caller; one level for each key.

    A tick costs two searches plus what it hits, whatever the number stored. Levels stay until they
    are discarded. Not for several threads.
    """

    def __init__(self) -> None:
        self._up: dict[UUID, _Side[K]] = {}
        self._down: dict[UUID, _Side[K]] = {}
        self._places: dict[K, tuple[_Side[K], float]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: K) -> bool:
        return key in self._places

    def add(self, key: K, *, instrument_id: UUID, level: Level) -> None:
        """Wait for a level. A key that is there already moves to the new one.

        Raises ValueError for a price that is not a number.
        """
        if level.price != level.price:
            raise ValueError(f"The level of {key!r} is not a number.")
        self.discard(key)
        sides = self._up if level.direction is Direction.UP else self._down
        side = sides.setdefault(instrument_id, _Side())
        side.add(level.threshold, key)
        self._places[key] = (side, level.threshold)

    def discard(self, key: K) -> None:
        """Forget a key. One that is not there changes nothing."""
        place = self._places.pop(key, None)
        if place is not None:
            side, threshold = place
            side.discard(threshold, key)

    def hits(self, *, instrument_id: UUID, previous: float | None, price: float) -> list[K]:
        """Keys of the levels reached on the way from `previous` to `price`, in that order.

        A level that `previous` had already reached is not hit again. Without `previous` (the first
        tick after a start) every level that `price` is at or beyond is hit.
        """
        found: list[K] = []
        if previous is None or price > previous:
            found += self._rising(instrument_id, -inf if previous is None else previous, price)
        if previous is None or price < previous:
            found += self._falling(instrument_id, inf if previous is None else previous, price)
        return found

    def _rising(self, instrument_id: UUID, previous: float, price: float) -> list[K]:
        side = self._up.get(instrument_id)
        if side is None:
            return []
        first = bisect_right(side.thresholds, previous)
        return side.keys[first : bisect_right(side.thresholds, price, first)]

    def _falling(self, instrument_id: UUID, previous: float, price: float) -> list[K]:
        side = self._down.get(instrument_id)
        if side is None:
            return []
        last = bisect_left(side.thresholds, previous)
        return side.keys[bisect_left(side.thresholds, price, 0, last) : last][::-1]
