"""What no permission of the farm may go beyond, and which changes of a permission loosen it.

Ceilings are the operator's, permissions a person's: of each two numbers the smaller one counts.
What agents ask for is then held to a part of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from trading.domain.book import HUNDRED, Limits
from trading.domain.states import RiskLevel, WhenTainted

MINUTES_OF_DAY = 24 * 60
SCALED = ("max_order_value", "max_position_value", "max_daily_loss", "agent_allocation_pct")
"""The limits of which an agent is given a part; the most money in its hands is another."""


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

    def widest(self, limits: Limits) -> Limits:
        """The same permission as wide as the farm allows any, whenever a market is open."""
        top: dict[str, Any] = {name: self.of(name) for name in BOUNDED}
        return replace(limits, hours=None, **top)

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


def scaled(limits: Limits, *, by: Decimal) -> Limits:
    """The part of its limits that an agent is given; `by` more than one is taken for one."""
    by = min(by, Decimal(1))
    parts: dict[str, Any] = {name: getattr(limits, name) * by for name in SCALED}
    value = limits.agent_allocation_value
    return replace(limits, agent_allocation_value=None if value is None else value * by, **parts)


def equal_part(*, agents: int) -> Decimal:
    """What each of so many agents may have of an account, in percent of its equity."""
    return HUNDRED / max(agents, 1)


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


def _lifted(before: object, after: object) -> bool:
    """None is no limit at all."""
    return before is not None and (after is None or _more(before, after))


def _other_part(before: object, after: object) -> bool:
    """None is an equal part, which may be more or less: from it and to it counts as more."""
    if before is None or after is None:
        return before is not after
    return _more(before, after)


def _later(order: type[StrEnum]) -> Looser:
    """The words of `order` stand in it with the tightest first."""
    words = [member.value for member in order]
    return lambda before, after: words.index(str(after)) > words.index(str(before))


LOOSER: Mapping[str, Looser] = {
    **dict.fromkeys(BOUNDED, _more),
    **dict.fromkeys(("agent_allocation_value", "confirm_above", "max_tainted_value"), _lifted),
    "agent_allocation_pct": _other_part,
    "min_seconds_between_entries": lambda before, after: _more(after, before),
    "risk_level": _later(RiskLevel),
    "when_tainted": lambda before, after: _later(WhenTainted)(after, before),
    "allowed_strategies": _allows_more,
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
