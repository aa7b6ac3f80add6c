"""What was changed of a trigger, by whom and when, out of the journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agents.models import Team
from market.domain.conditions import InvalidCondition, parse_condition, sentence
from tradingfarm.kernel.journal import owner_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.triggers.rows import span_words
from triggers.domain.schedule import InvalidSchedule, describe
from triggers.models import Trigger

MOST = 12
LABELS = {
    "enabled": "Switch",
    "team": "Wakes",
    "feed": "Feed",
    "symbols": "Symbols",
    "condition": "Condition",
    "cron": "Schedule",
    "time_zone": "Time zone",
    "missed": "Missed minutes",
    "max_executions_per_hour": "At most an hour",
    "min_interval_seconds": "Pause between two",
}
POLICIES = {"skip": "skipped", "once": "fire once for all"}


@dataclass(frozen=True)
class Part:
    """One setting before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class TriggerChange:
    """One event of the journal; `is_new` when the trigger was made. `at` is wall time."""

    event_id: int
    actor: str
    at: datetime
    is_new: bool
    parts: tuple[Part, ...]


def changes_of(*, trigger: Trigger) -> tuple[TriggerChange, ...]:
    """Its twelve newest changes, newest first. One query, two where a team was changed."""
    # An owner has few changes in all; by its subject alone, every firing would be walked through.
    found = JournalEvent.objects.filter(
        stream=owner_stream(trigger.owner_id),
        kind="trigger.changed",
        subject=f"trigger:{trigger.id}",
    )
    events = list(found.order_by("-seq")[:MOST])
    teams = _teams(trigger) if any("team" in event.payload["before"] for event in events) else {}
    return tuple(_change(event, teams) for event in events)


def _teams(trigger: Trigger) -> dict[str, str]:
    names = Team.objects.filter(owner=trigger.owner_id).values_list("id", "name")
    return {str(key): name for key, name in names}


def _change(event: JournalEvent, teams: Mapping[str, str]) -> TriggerChange:
    before, after = (
        values | {"team": teams.get(values["team"], "a team of before")}
        if "team" in values
        else values
        for values in (event.payload["before"], event.payload["after"])
    )
    parts = [
        Part(label, _words(name, before[name]), _words(name, after[name]))
        for name, label in LABELS.items()
        if name in before
    ]
    actor = event.actor.removeprefix("person:")
    return TriggerChange(event.id, actor, event.at, not before, tuple(parts))


def _words(name: str, value: object) -> str:
    if value in ("", None, [], {}):
        return "none"
    return WORDS.get(name, str)(value)


def _condition_words(value: Mapping[str, object]) -> str:
    try:
        return sentence(parse_condition(value), symbol="").strip()
    except InvalidCondition:
        return str(value)


def _cron_words(value: str) -> str:
    try:
        return f"{describe(cron=value)} ({value})"
    except InvalidSchedule:
        return value


WORDS: Mapping[str, Callable[[Any], str]] = {
    "enabled": lambda value: "on" if value else "off",
    "symbols": ", ".join,
    "condition": _condition_words,
    "cron": _cron_words,
    "min_interval_seconds": lambda value: span_words(seconds=value),
    "missed": lambda value: POLICIES.get(value, value),
}
