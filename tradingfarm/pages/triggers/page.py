"""One trigger as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from agents.models import Execution
from market.models import Instrument
from tradingfarm.pages.triggers.drawing import (
    Look,
    condition_of,
    instruments_of,
    looks,
    timeframe_of,
)
from tradingfarm.pages.triggers.rows import clock_of, throttle_words
from triggers.domain.schedule import InvalidSchedule, describe, next_due
from triggers.models import Firing, Trigger
from triggers.selectors.sentences import trigger_sentence

NEXT = 10
EVIDENCE = {
    "price": "price",
    "before": "price before",
    "reference": "measured against",
    "due_at": "due",
    "first_due_at": "first due",
}


@dataclass(frozen=True)
class FiringRow:
    """One firing. `evidence` has label and text; `executions` are those that it woke."""

    id: UUID
    title: str
    symbol: str
    evidence: tuple[tuple[str, str], ...]
    refused: str
    executions: tuple[tuple[UUID, str], ...]
    as_of: datetime
    at: datetime


@dataclass(frozen=True)
class TriggerPage:
    """`due` are the next ten due times (UTC) of a time trigger on its own clock.

    `looks` says for each symbol how often a price trigger would have fired; `clock` is its market
    time.
    """

    trigger: Trigger
    sentence: str
    throttle: str
    clock: datetime
    instruments: dict[str, Instrument]
    looks: tuple[Look, ...]
    due: tuple[datetime, ...]
    cron_words: str
    timeframe: str


def trigger_named(*, owner_id: int, trigger_id: UUID) -> Trigger:
    """The owner's trigger with its team and feed. One query. Raises Http404."""
    found = Trigger.objects.select_related("team", "feed__replay")
    trigger = found.filter(owner=owner_id, id=trigger_id).first()
    if trigger is None:
        raise Http404("You have no such trigger.")
    return trigger


def trigger_page(*, trigger: Trigger, now: datetime) -> TriggerPage:
    """What the page says of a trigger. Two queries for one of prices, none for one of time."""
    clock, condition = clock_of(trigger=trigger, now=now), condition_of(trigger=trigger)
    timeframe = timeframe_of(trigger=trigger)
    instruments: dict[str, Instrument] = {}
    found: tuple[Look, ...] = ()
    if condition is not None:
        instruments = instruments_of(trigger=trigger)
        found = looks(
            condition=condition,
            feed_name=trigger.feed_id or "",
            timeframe=timeframe,
            instruments={symbol: one.id for symbol, one in instruments.items()},
            until=clock,
        )
    is_timed = trigger.type == Trigger.Type.TIME
    return TriggerPage(
        trigger=trigger,
        sentence=trigger_sentence(trigger),
        throttle=throttle_words(trigger=trigger),
        clock=clock,
        instruments=instruments,
        looks=found,
        due=due_times(cron=trigger.cron, zone=trigger.time_zone, after=clock) if is_timed else (),
        cron_words=describe(cron=trigger.cron) if is_timed else "",
        timeframe=timeframe.value,
    )


def due_times(*, cron: str, zone: str, after: datetime, most: int = NEXT) -> tuple[datetime, ...]:
    """The next due minutes in UTC, as many as there are. Raises InvalidSchedule."""
    found = [next_due(cron=cron, time_zone=zone, after=after)]
    while len(found) < most:
        try:
            found.append(next_due(cron=cron, time_zone=zone, after=found[-1]))
        except InvalidSchedule:
            break
    return tuple(found)


def firings_of(*, trigger: Trigger) -> QuerySet[Firing]:
    """Its firings with the executions that each woke. Two queries when they are read."""
    executions = Execution.objects.only("id", "state").order_by("id")
    return Firing.objects.filter(trigger=trigger).prefetch_related(
        Prefetch("executions", executions)
    )


def firing_rows(*, firings: Sequence[Firing]) -> tuple[FiringRow, ...]:
    return tuple(_firing_row(firing) for firing in firings)


def _firing_row(firing: Firing) -> FiringRow:
    found = firing.evidence
    evidence = [(words, str(found[name])) for name, words in EVIDENCE.items() if found.get(name)]
    return FiringRow(
        id=firing.id,
        title=firing.title,
        symbol=str(found.get("symbol") or ""),
        evidence=tuple(evidence),
        refused=firing.refused,
        executions=tuple((one.id, one.state.lower()) for one in firing.executions.all()),
        as_of=firing.as_of,
        at=firing.at,
    )
