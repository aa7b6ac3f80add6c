"""Which armed protections has the price reached? By the same index of levels as the triggers."""

from collections.abc import Mapping
from uuid import UUID

from market.domain.levels import Direction, Level, LevelIndex
from market.domain.ticks import Tick
from trading.domain.states import ProtectionKind
from trading.selectors.protections import ArmedProtection, armed


class ProtectionIndex:
    """The armed protections of a feed's accounts. It follows the database when told to."""

    def __init__(self, *, feed_name: str) -> None:
        self._feed_name = feed_name
        self._armed: dict[UUID, ArmedProtection] = {}
        self._index: LevelIndex[UUID] = LevelIndex()

    def __len__(self) -> int:
        return len(self._armed)

    def follow(self) -> None:
        """Read what is armed now: one query. Only what changed moves in the index."""
        found = {protection.id: protection for protection in armed(feed_name=self._feed_name)}
        for key in self._armed.keys() - found.keys():
            self._index.discard(key)
        for key, protection in found.items():
            if self._armed.get(key) != protection:
                self._index.add(
                    key, instrument_id=protection.instrument_id, level=_level(protection)
                )
        self._armed = found

    def reached(self, ticks: Mapping[UUID, Tick]) -> list[ArmedProtection]:
        """Protections that lie at or beyond these prices, however they got there; stops first.

        Floats find them: the exit order is made only after Decimals agree.
        """
        keys = {
            key
            for instrument_id, tick in ticks.items()
            for key in self._index.hits(
                instrument_id=instrument_id, previous=None, price=float(tick.last)
            )
        }
        return [protection for key, protection in self._armed.items() if key in keys]


def _level(protection: ArmedProtection) -> Level:
    falls = protection.kind is ProtectionKind.STOP_LOSS
    direction = Direction.DOWN if falls else Direction.UP
    return Level(float(protection.price), direction, inclusive=True)
