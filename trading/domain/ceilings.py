"""What no permission of the farm may go beyond, and which changes of a permission loosen it.

Ceilings are the operator's, permissions a person's: of each two numbers the smaller one counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from decimal import Decimal

from trading.domain.book import Limits

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True)
class Ceilings:
    """The farm's ceilings, named like the limits that they bound.

    Values in the account's currency, percent where the name says so, and counts.
    """

    max_order_value: Decimal
    max_position_value: Decimal
    max_allocation_pct: Decimal
    max_daily_entries: int
    max_daily_loss: Decimal
    max_open_positions: int
    price_collar_pct: Decimal

    def of(self, name: str) -> Decimal | int:
        """The ceiling of one limit. Raises AttributeError for a limit without one."""
        found: Decimal | int = getattr(self, name)
        return found

    def bound(self, limits: Limits) -> Limits:
        """The limits that count: the smaller of each two."""
        smaller = {name: min(getattr(limits, name), self.of(name)) for name in BOUNDED}
        return replace(limits, **smaller)

    def smaller(self, name: str, value: Decimal) -> Decimal:
        """`value` for the limit called `name`, or its ceiling where that is smaller."""
        return min(value, Decimal(self.of(name)))

    def exceeded(self, limits: Mapping[str, object]) -> dict[str, Decimal | int]:
        """The ceilings of those among `limits` that lie above them; empty when none does."""
        return {
            name: self.of(name)
            for name, value in limits.items()
            if name in BOUNDED and isinstance(value, Decimal | int) and value > self.of(name)
        }


BOUNDED = tuple(field.name for field in fields(Ceilings))


def loosened(*, before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """The limits in `after` that let an agent do more than those in `before`, by name.

    Both map names of a permission's limits to values; what `after` does not name stays as it is.
    """
    whole = {**before, **after}
    found = [name for name in after if name in LOOSER and LOOSER[name](before[name], after[name])]
    if HOURS & set(after) and _reaches_further(before, whole):
        found += sorted(HOURS & set(after))
    return tuple(found)


HOURS = frozenset({"hours_start", "hours_end", "hours_zone"})
Looser = Callable[[object, object], bool]


def _more(before: object, after: object) -> bool:
    return Decimal(str(after)) > Decimal(str(before))


def _allows_more(before: object, after: object) -> bool:
    """An empty list of allowed symbols allows all."""
    old, new = _names(before), _names(after)
    return bool(old) and (not new or not new <= old)


def _blocks_less(before: object, after: object) -> bool:
    return not _names(before) <= _names(after)


def _names(value: object) -> frozenset[str]:
    return (
        frozenset(str(name) for name in value) if isinstance(value, list | tuple) else frozenset()
    )


LOOSER: Mapping[str, Looser] = {
    **dict.fromkeys(BOUNDED, _more),
    "allowed_symbols": _allows_more,
    "blocked_symbols": _blocks_less,
    "stop_required": lambda before, after: bool(before) and not after,
    "active": lambda before, after: not before and bool(after),
}


def _reaches_further(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Whether some minute is open after that was not before; another zone counts as that."""
    if before["hours_start"] is None:
        return False
    if after["hours_start"] is None or before["hours_zone"] != after["hours_zone"]:
        return True
    return not _minutes(after) <= _minutes(before)


def _minutes(limits: Mapping[str, object]) -> frozenset[int]:
    """The open minutes of a day; equal start and end are the whole day."""
    start, end = _minute(limits["hours_start"]), _minute(limits["hours_end"])
    if start == end:
        return frozenset(range(MINUTES_OF_DAY))
    if start < end:
        return frozenset(range(start, end))
    return frozenset(range(start, MINUTES_OF_DAY)) | frozenset(range(end))


def _minute(value: object) -> int:
    return value.hour * 60 + value.minute if isinstance(value, time) else 0
