"""Firing: a cause becomes a row once, and wakes whoever the trigger is for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from agents.domain.causes import Cause
from agents.models import Execution
from agents.services.executions import queue_executions
from tradingfarm.kernel.journal import account_stream, owner_stream, record
from triggers.domain.causes import Hit, firing_id
from triggers.domain.throttle import Throttle, refuse
from triggers.models import Firing, Trigger

ACTOR = "triggers"
NOBODY = "no active trading session"

Triggers = Mapping[UUID, Trigger]
Target = tuple[UUID, str | None]
"""A team, and the feed whose accounts it is woken on; None means all of its accounts."""

Woken = Mapping[Target, Sequence[Execution]]


def fire(*, hits: Iterable[Hit], now: datetime, at: datetime) -> list[Firing]:
    """Store each cause that was not seen before and wake its team; returns the new firings.

    Runs inside the caller's `transaction()`. `now` is market time, or wall time for triggers
    without a feed; `at` is wall time. All causes of a team go into one call, in the order of their
    keys, whatever the order of `hits`. A firing that wakes nobody says why. Hits of triggers that
    are disabled by now are dropped. The number of statements depends on the teams alone.
    """
    wanted = {firing_id(trigger=hit.trigger_id, cause_key=hit.cause_key): hit for hit in hits}
    if not wanted:
        return []
    triggers = _lock(hit.trigger_id for hit in wanted.values())
    new = _unseen(wanted, triggers)
    firings = _throttle(new, triggers, now=now, at=at)
    woken = _wake(firings, triggers, now=now, at=at)
    for firing in firings:
        if not firing.refused and not woken[_target(triggers[firing.trigger_id])]:
            firing.refused = NOBODY
    _store(firings, triggers, woken, at=at)
    for firing in firings:
        _journal(firing, triggers[firing.trigger_id], woken)
    return firings


def _lock(ids: Iterable[UUID]) -> Triggers:
    """The enabled triggers, locked in one order: of two who fire one waits for the other."""
    found = Trigger.objects.filter(id__in=set(ids), enabled=True).order_by("id")
    return {trigger.id: trigger for trigger in found.select_for_update(no_key=True)}


def _unseen(wanted: Mapping[UUID, Hit], triggers: Triggers) -> list[tuple[UUID, Hit]]:
    """Causes without a firing, in the order of their keys. The triggers' locks keep it true."""
    seen = set(Firing.objects.filter(id__in=wanted).values_list("id", flat=True))
    new = [
        (key, hit) for key, hit in wanted.items() if key not in seen and hit.trigger_id in triggers
    ]
    return sorted(new, key=lambda item: item[1].cause_key)


def _throttle(
    new: Sequence[tuple[UUID, Hit]], triggers: Triggers, *, now: datetime, at: datetime
) -> list[Firing]:
    throttles = {key: _throttle_of(trigger) for key, trigger in triggers.items()}
    recent = _recent(throttles, now)
    firings = []
    for key, hit in new:
        earlier = recent[hit.trigger_id]
        reason = refuse(throttle=throttles[hit.trigger_id], recent=earlier, now=now)
        if not reason:
            earlier.append(now)
        firings.append(_firing(key, hit, reason, now=now, at=at))
    return firings


def _throttle_of(trigger: Trigger) -> Throttle:
    return Throttle(
        trigger.max_executions_per_hour, timedelta(seconds=trigger.min_interval_seconds)
    )


def _recent(throttles: Mapping[UUID, Throttle], now: datetime) -> dict[UUID, list[datetime]]:
    """When each trigger woke somebody, as far back as its throttle looks."""
    found: dict[UUID, list[datetime]] = defaultdict(list)
    horizon = max((throttle.horizon for throttle in throttles.values()), default=timedelta(0))
    heeded = Firing.objects.filter(
        trigger_id__in=throttles, refused="", as_of__gt=now - horizon, as_of__lte=now
    )
    for key, as_of in heeded.values_list("trigger_id", "as_of"):
        found[key].append(as_of)
    return found


def _firing(key: UUID, hit: Hit, refused: str, *, now: datetime, at: datetime) -> Firing:
    return Firing(
        id=key,
        trigger_id=hit.trigger_id,
        cause_key=hit.cause_key,
        title=hit.title,
        evidence=dict(hit.evidence) | {"symbol": hit.symbol},
        refused=refused,
        as_of=now,
        at=at,
    )


def _wake(
    firings: Sequence[Firing], triggers: Triggers, *, now: datetime, at: datetime
) -> dict[Target, list[Execution]]:
    causes: dict[Target, list[Cause]] = defaultdict(list)
    for firing in firings:
        if not firing.refused:
            trigger = triggers[firing.trigger_id]
            causes[_target(trigger)].append(_cause(firing, trigger))
    return {
        target: queue_executions(
            team_id=target[0],
            feed_name=target[1],
            causes=causes[target],
            as_of=now,
            at=at,
            actor=ACTOR,
        )
        for target in sorted(causes, key=str)
    }


def _cause(firing: Firing, trigger: Trigger) -> Cause:
    return Cause(
        key=firing.cause_key,
        kind="time" if trigger.type == Trigger.Type.TIME else "price",
        title=firing.title,
        symbol=firing.evidence["symbol"],
        evidence=firing.evidence,
    )


def _target(trigger: Trigger) -> Target:
    return trigger.team_id, trigger.feed_id


def _store(firings: Sequence[Firing], triggers: Triggers, woken: Woken, *, at: datetime) -> None:
    Firing.objects.bulk_create(firings, ignore_conflicts=True)
    heeded = [firing for firing in firings if not firing.refused]
    through = Firing.executions.through
    through.objects.bulk_create(
        [
            through(firing_id=firing.id, execution_id=execution.id)
            for firing in heeded
            for execution in woken[_target(triggers[firing.trigger_id])]
        ],
        ignore_conflicts=True,
    )
    Trigger.objects.filter(id__in={firing.trigger_id for firing in heeded}).update(
        last_triggered_at=at
    )


def _journal(firing: Firing, trigger: Trigger, woken: Woken) -> None:
    executions = [] if firing.refused else woken[_target(trigger)]
    streams = [(account_stream(one.account_id), str(one.id)) for one in executions]
    for stream, execution in streams or [(owner_stream(trigger.owner_id), "")]:
        record(
            stream=stream,
            kind="trigger.fired",
            actor=ACTOR,
            subject=f"trigger:{trigger.id}",
            payload={
                "firing": firing.id,
                "name": trigger.name,
                "title": firing.title,
                "cause_key": firing.cause_key,
                "evidence": firing.evidence,
                "execution": execution,
                "refused": firing.refused,
            },
            at=firing.at,
            as_of=firing.as_of,
        )
