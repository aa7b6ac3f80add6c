"""What wakes a team next: the earliest due minute, and the conditions that prices may meet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from triggers.models import Trigger
from triggers.selectors.sentences import trigger_sentence


@dataclass(frozen=True)
class TriggerNote:
    """One trigger as a sentence. `next_due_at` is None for prices and while a clock is unknown."""

    id: UUID
    name: str
    words: str
    enabled: bool
    next_due_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True)
class Waking:
    """The enabled triggers of some teams. `next_at` is on the clock of `by`'s feed."""

    triggers: tuple[TriggerNote, ...] = ()

    @property
    def next_by(self) -> TriggerNote | None:
        """The time trigger that comes due first, None without one."""
        due = [(note.next_due_at, note) for note in self.on if note.next_due_at is not None]
        return min(due, key=lambda pair: pair[0])[1] if due else None

    @property
    def on(self) -> tuple[TriggerNote, ...]:
        return tuple(note for note in self.triggers if note.enabled)

    @property
    def on_prices(self) -> int:
        """How many enabled triggers wait for a price."""
        return sum(note.next_due_at is None for note in self.on)


def wakings_of(*, team_ids: Iterable[UUID]) -> dict[UUID, Waking]:
    """By team; a team that nothing wakes is missing. One query."""
    notes: dict[UUID, list[TriggerNote]] = defaultdict(list)
    for trigger in Trigger.objects.filter(team__in=set(team_ids)).order_by("name"):
        notes[trigger.team_id].append(
            TriggerNote(
                id=trigger.id,
                name=trigger.name,
                words=trigger_sentence(trigger),
                enabled=trigger.enabled,
                next_due_at=trigger.next_due_at,
                last_at=trigger.last_triggered_at,
            )
        )
    return {team: Waking(tuple(found)) for team, found in notes.items()}


def together(*, wakings: Iterable[Waking]) -> Waking:
    """What wakes any of several teams."""
    return Waking(tuple(note for waking in wakings for note in waking.triggers))
