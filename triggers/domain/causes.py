"""What makes a trigger fire, and the keys that let one cause fire only once.

Keys are made of the trigger and of market time alone, so that a replay repeats them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_DNS, UUID, uuid5

from tradingfarm.kernel.canonical import moment

TRIGGERS = uuid5(NAMESPACE_DNS, "triggers.tradingfarm")


@dataclass(frozen=True)
class Hit:
    """A trigger's condition has come true. `evidence` holds text and whole numbers only."""

    trigger_id: UUID
    cause_key: str
    title: str
    symbol: str | None
    evidence: Mapping[str, str | int | None]


def trigger_id(*, owner_id: int, name: str) -> UUID:
    """The id of an owner's trigger: the same on every farm that was set up in the same way."""
    return uuid5(TRIGGERS, f"{owner_id}:{name}")


def firing_id(*, trigger: UUID, cause_key: str) -> UUID:
    return uuid5(trigger, cause_key)


def price_cause(*, trigger: UUID, symbol: str, at: datetime) -> str:
    """The cause of a price trigger: one symbol at one market time."""
    return f"{trigger}:{symbol}:{moment(at)}"


def time_cause(*, trigger: UUID, due_at: datetime) -> str:
    """The cause of a time trigger: one due minute."""
    return f"{trigger}:{moment(due_at)}"
