"""Price triggers as levels: which conditions does this price make true that were not true before?

A trigger fires when its condition becomes true and again only after it was false. Truth is a
function of one sighting (a price and what it is measured against), so the sighting before is all
the memory there is: a restart that knows it neither loses nor repeats anything. An index of levels
in floats finds the few candidates; Decimals decide.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from market.domain.candles import Bars
from market.domain.conditions import (
    Above,
    Below,
    ChangePercent,
    Condition,
    CrossesAbove,
    CrossesBelow,
)
from market.domain.levels import Level, LevelIndex
from tradingfarm.kernel.money import MONEY

WatchKey = tuple[UUID, UUID]
"""A trigger's id and an instrument's."""

HUNDRED = Decimal(100)
NO_BARS = Bars.of([])


@dataclass(frozen=True)
class References:
    """What changes are measured against: the day's open, and closes of earlier bars, newest last.

    The closes do not include the bar that is running.
    """

    day_open: Decimal | None = None
    closes: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Sighting:
    """One price of one instrument with its references."""

    price: Decimal
    references: References


def is_true(condition: Condition, sighting: Sighting) -> bool:
    """Whether the condition holds at this price. Crossings are read as lying beyond the price."""
    match condition:
        case Above() | CrossesAbove():
            return sighting.price > condition.price
        case Below() | CrossesBelow():
            return sighting.price < condition.price
        case ChangePercent():
            return _has_changed(condition, sighting)
    raise TypeError(f"{condition!r} cannot be watched tick by tick.")


def becomes_true(condition: Condition, *, before: Sighting | None, now: Sighting) -> bool:
    """Whether the condition is true now and was not before. A crossing needs a price before."""
    if before is None:
        return is_true(condition, now) and not isinstance(condition, CrossesAbove | CrossesBelow)
    return is_true(condition, now) and not is_true(condition, before)


def reference_of(condition: Condition, references: References) -> Decimal | None:
    """The price that a change is measured against; None where there is none, or none is known."""
    if not isinstance(condition, ChangePercent):
        return None
    if isinstance(condition.against, str):
        return references.day_open
    if len(references.closes) < condition.against:
        return None
    return references.closes[-condition.against]


def bars_needed(condition: Condition) -> int:
    """How many closes of earlier bars the condition looks back on."""
    if isinstance(condition, ChangePercent) and not isinstance(condition.against, str):
        return condition.against
    return 0


def _has_changed(condition: ChangePercent, sighting: Sighting) -> bool:
    reference = reference_of(condition, sighting.references)
    if reference is None:
        return False
    target = MONEY.multiply(reference, MONEY.add(HUNDRED, condition.percent))
    price = MONEY.multiply(sighting.price, HUNDRED)
    return price >= target if condition.percent > 0 else price <= target


@dataclass
class _Watched:
    """What is watched of one instrument, and how it was last seen."""

    conditions: dict[WatchKey, Condition] = field(default_factory=dict)
    relative: dict[WatchKey, ChangePercent] = field(default_factory=dict)
    before: Sighting | None = None


class PriceWatcher:
    """The price triggers of one feed. A tick costs a search plus what it hits.

    Changes in percent become price levels when they are armed, and again whenever what they are
    measured against changes: at the day's open and with each new bar. Not for several threads.
    """

    def __init__(self) -> None:
        self._index: LevelIndex[WatchKey] = LevelIndex()
        self._instruments: dict[UUID, _Watched] = {}
        self._of_trigger: dict[UUID, list[UUID]] = {}

    def __len__(self) -> int:
        return sum(len(watched.conditions) for watched in self._instruments.values())

    def watch(self, trigger_id: UUID, *, instruments: list[UUID], condition: Condition) -> None:
        """Watch these instruments for a trigger, instead of what was watched for it before.

        A condition that is true already fires only after it was false.
        """
        self.forget(trigger_id)
        self._of_trigger[trigger_id] = list(dict.fromkeys(instruments))
        for instrument_id in self._of_trigger[trigger_id]:
            watched = self._of(instrument_id)
            key = (trigger_id, instrument_id)
            watched.conditions[key] = condition
            if isinstance(condition, ChangePercent):
                watched.relative[key] = condition
            self._arm(key, condition, watched.before)

    def forget(self, trigger_id: UUID) -> None:
        """Watch nothing for this trigger any more."""
        for instrument_id in self._of_trigger.pop(trigger_id, []):
            key = (trigger_id, instrument_id)
            watched = self._instruments[instrument_id]
            del watched.conditions[key]
            watched.relative.pop(key, None)
            self._index.discard(key)

    def condition(self, key: WatchKey) -> Condition:
        """The condition under a key that `look` gave. Raises KeyError for any other."""
        return self._instruments[key[1]].conditions[key]

    def before(self, instrument_id: UUID) -> Sighting | None:
        """The last sighting of an instrument."""
        watched = self._instruments.get(instrument_id)
        return watched.before if watched else None

    def bars_needed(self, instrument_id: UUID) -> int:
        """How many closes of earlier bars a sighting of this instrument must carry."""
        watched = self._instruments.get(instrument_id)
        return max(map(bars_needed, watched.relative.values()), default=0) if watched else 0

    def prime(self, instrument_id: UUID, sighting: Sighting) -> None:
        """Say how an instrument was seen before, as after a restart; nothing fires."""
        self._see(instrument_id, self._of(instrument_id), sighting)

    def look(self, instrument_id: UUID, sighting: Sighting) -> list[WatchKey]:
        """Take a sighting; the keys whose conditions it makes true, in the order of their ids."""
        watched = self._of(instrument_id)
        before = watched.before
        candidates = self._candidates(instrument_id, watched, sighting)
        self._see(instrument_id, watched, sighting)
        if not candidates:
            return []
        return sorted(
            key
            for key in set(candidates)
            if becomes_true(watched.conditions[key], before=before, now=sighting)
        )

    def _candidates(
        self, instrument_id: UUID, watched: _Watched, sighting: Sighting
    ) -> list[WatchKey]:
        before = watched.before
        found = self._index.hits(
            instrument_id=instrument_id,
            previous=None if before is None else float(before.price),
            price=float(sighting.price),
        )
        if watched.relative and _have_changed(before, sighting):
            found += watched.relative
        return found

    def _see(self, instrument_id: UUID, watched: _Watched, sighting: Sighting) -> None:
        before, watched.before = watched.before, sighting
        if watched.relative and _have_changed(before, sighting):
            for key, condition in watched.relative.items():
                self._arm(key, condition, sighting)

    def _arm(self, key: WatchKey, condition: Condition, seen: Sighting | None) -> None:
        level = _level(condition, seen)
        if level is None:
            self._index.discard(key)
        else:
            self._index.add(key, instrument_id=key[1], level=level)

    def _of(self, instrument_id: UUID) -> _Watched:
        watched = self._instruments.get(instrument_id)
        if watched is None:
            watched = self._instruments[instrument_id] = _Watched()
        return watched


def _have_changed(before: Sighting | None, now: Sighting) -> bool:
    return before is None or (
        before.references is not now.references and before.references != now.references
    )


def _level(condition: Condition, seen: Sighting | None) -> Level | None:
    """The level that the condition waits for; None while its reference is unknown."""
    if not isinstance(condition, ChangePercent):
        return condition.levels(NO_BARS)[0]
    reference = reference_of(condition, seen.references) if seen else None
    return None if reference is None else condition.level_from(float(reference))
