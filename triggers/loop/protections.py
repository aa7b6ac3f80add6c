"""Which armed protections has the price reached? By the same index of levels as the triggers."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from market.domain.levels import Direction, Level, LevelIndex
from market.domain.ticks import Tick
from trading.domain.protection import STOPS, follow_high
from trading.selectors.protections import ArmedProtection, Trail, armed, version
from trading.services.trailing import Rise, raise_stops


class ProtectionIndex:
    """The armed protections of a feed's accounts. It follows the database when told to.

    Three indexes of sorted levels: prices that fire, high prices that raise a trailing stop, and
    moments of market time. A tick costs the searches plus what it hits.
    """

    def __init__(self, *, feed_name: str) -> None:
        self._feed_name = feed_name
        self._version: tuple[int, int] | None = None
        self._armed: dict[UUID, ArmedProtection] = {}
        self._fired: set[UUID] = set()
        self._prices: LevelIndex[UUID] = LevelIndex()
        self._highs: LevelIndex[UUID] = LevelIndex()
        self._moments: LevelIndex[UUID] = LevelIndex()

    def __len__(self) -> int:
        return len(self._armed)

    def follow(self) -> None:
        """Read what is armed now, if anything happened: one small query, else two.

        Only what changed moves in the index.
        """
        # Before the rows: what is committed in between is read now and once more the next time.
        newest = version(feed_name=self._feed_name)
        if newest == self._version:
            return
        found = {protection.id: protection for protection in armed(feed_name=self._feed_name)}
        for key in self._armed.keys() - found.keys():
            self._discard(key)
        for key, protection in found.items():
            if self._armed.get(key) != protection:
                self._add(protection)
        self._version = newest

    def trail(self, ticks: Mapping[UUID, Tick]) -> None:
        """Let trailing stops follow prices above the highest one: one statement for all that do.

        What another transaction holds at this moment follows with the next call.
        """
        rises = {
            key: rise
            for instrument_id, tick in ticks.items()
            for key in self._highs.hits(
                instrument_id=instrument_id, previous=None, price=float(tick.last)
            )
            if (rise := _rise(self._armed[key], tick)) is not None
        }
        if not rises:
            return
        risen = raise_stops(rises=list(rises.values()))
        # In the order of the levels: each then lies where the search for it begins.
        for key, rise in rises.items():
            trail = self._armed[key].trail
            if key in risen and trail is not None:
                higher = replace(trail, highest=rise.highest)
                self._add(replace(self._armed[key], price=rise.price, trail=higher))

    def reached(self, ticks: Mapping[UUID, Tick]) -> list[ArmedProtection]:
        """Protections that lie at or beyond these prices, however they got there; stops first.

        A time exit is reached by the first price of its instrument at or after its moment. Floats
        find them: the exit order is made only after Decimals agree.
        """
        keys = self.waiting(ticks)
        for instrument_id, tick in ticks.items():
            keys.update(
                self._prices.hits(
                    instrument_id=instrument_id, previous=None, price=float(tick.last)
                ),
                self._moments.hits(
                    instrument_id=instrument_id, previous=None, price=tick.at.timestamp()
                ),
            )
        found = [self._armed[key] for key in keys]
        return sorted(found, key=lambda protection: protection.precedence)

    def waiting(self, ticks: Mapping[UUID, Tick]) -> set[UUID]:
        """Those of priced instruments that have fired and wait until others are canceled."""
        return {key for key in self._fired if self._armed[key].instrument_id in ticks}

    def _add(self, protection: ArmedProtection) -> None:
        key, instrument_id = protection.id, protection.instrument_id
        self._discard(key)
        self._armed[key] = protection
        if protection.has_fired:
            self._fired.add(key)
        elif protection.due_at is not None:
            due = Level(protection.due_at.timestamp(), Direction.UP, inclusive=True)
            self._moments.add(key, instrument_id=instrument_id, level=due)
        elif protection.price is not None:
            falls = Direction.DOWN if protection.kind in STOPS else Direction.UP
            level = Level(float(protection.price), falls, inclusive=True)
            self._prices.add(key, instrument_id=instrument_id, level=level)
            if protection.trail is not None:
                self._highs.add(key, instrument_id=instrument_id, level=_above(protection.trail))

    def _discard(self, key: UUID) -> None:
        self._armed.pop(key, None)
        self._fired.discard(key)
        for index in (self._prices, self._highs, self._moments):
            index.discard(key)


def _above(trail: Trail) -> Level:
    return Level(float(trail.highest), Direction.UP, inclusive=False)


def _rise(protection: ArmedProtection, tick: Tick) -> Rise | None:
    """What the tick makes of a trailing stop; None where Decimals know of no rise."""
    trail = protection.trail
    if trail is None:
        return None
    terms = follow_high(terms=protection.terms, last=tick.last, tick_size=trail.tick_size)
    if terms.price is None or terms.highest is None or terms.highest == trail.highest:
        return None
    return Rise(protection.id, trail.percent, terms.highest, terms.price)
