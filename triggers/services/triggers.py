"""Setting triggers up and changing them; every change is checked and journaled."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from uuid import UUID

from agents.models import Team
from market.domain.conditions import as_mapping, parse_condition
from market.models import Feed, Replay
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import owner_stream, record, transaction
from tradingfarm.people.models import User
from triggers.domain.causes import trigger_id
from triggers.domain.schedule import Missed, next_due
from triggers.models import Trigger
from triggers.services.checking import problems_of

CHANGEABLE = (
    "enabled",
    "team",
    "feed",
    "symbols",
    "condition",
    "cron",
    "time_zone",
    "missed",
    "max_executions_per_hour",
    "min_interval_seconds",
)
SCHEDULE = frozenset({"enabled", "feed", "cron", "time_zone"})


class InvalidTrigger(FarmError):
    """Settings that make no trigger. `problems` has a sentence for each field that is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()), permanent=True)
        self.problems = dict(problems)


def create_trigger(  # noqa: PLR0913 - what a trigger is made of
    *,
    owner: User,
    name: str,
    type: str,
    team: Team,
    actor: str,
    at: datetime,
    feed: Feed | None = None,
    symbols: Sequence[str] = (),
    condition: Mapping[str, object] | None = None,
    cron: str = "",
    time_zone: str = "UTC",
    missed: str = Missed.SKIP.value,
    enabled: bool = True,
    max_executions_per_hour: int = 60,
    min_interval_seconds: int = 0,
) -> Trigger:
    """A new trigger, journaled on its owner's stream. `at` is wall time.

    `type` is "time" (with cron and time zone) or "price" (with feed, symbols and condition, see
    market.domain.conditions.parse_condition). Raises InvalidTrigger.
    """
    trigger = Trigger(
        id=trigger_id(owner_id=owner.pk, name=name),
        owner=owner,
        name=name,
        type=type,
        team=team,
        feed=feed,
        symbols=symbols if isinstance(symbols, str) else list(symbols),
        condition=dict(condition or {}),
        cron=cron,
        time_zone=time_zone,
        missed=missed,
        enabled=enabled,
        max_executions_per_hour=max_executions_per_hour,
        min_interval_seconds=min_interval_seconds,
        created_at=at,
        changed_at=at,
    )
    _store_new(trigger, actor=actor, at=at)
    return trigger


def _store_new(trigger: Trigger, *, actor: str, at: datetime) -> None:
    with transaction():
        if Trigger.objects.filter(id=trigger.id).exists():
            raise InvalidTrigger(
                {"name": f"You have a trigger named {trigger.name!r}; choose another name."}
            )
        _check(trigger, at)
        trigger.next_due_at = _next_due(trigger, at)
        trigger.save(force_insert=True)
        _journal(trigger, before={}, actor=actor, at=at)


def update_trigger(
    *, trigger_id: UUID, changes: Mapping[str, object], actor: str, at: datetime
) -> Trigger:
    """Change some of a trigger's settings (those in CHANGEABLE); the engine follows within a step.

    Raises InvalidTrigger, and Trigger.DoesNotExist. Changing nothing journals nothing.
    """
    with transaction():
        trigger = Trigger.objects.select_for_update(no_key=True).get(id=trigger_id)
        before = _settings(trigger)
        _apply(trigger, changes)
        _check(trigger, at)
        changed = {name for name, value in _settings(trigger).items() if value != before[name]}
        if not changed:
            return trigger
        if changed & SCHEDULE:
            trigger.next_due_at = _next_due(trigger, at)
        trigger.changed_at = at
        trigger.save()
        old = {name: before[name] for name in changed}
        _journal(trigger, before=old, actor=actor, at=at)
    return trigger


def enable_trigger(*, trigger_id: UUID, actor: str, at: datetime) -> Trigger:
    """Let it fire again. What came due while it was disabled was not missed."""
    return update_trigger(trigger_id=trigger_id, changes={"enabled": True}, actor=actor, at=at)


def disable_trigger(*, trigger_id: UUID, actor: str, at: datetime) -> Trigger:
    """Let it fire no more. Executions that it woke go on."""
    return update_trigger(trigger_id=trigger_id, changes={"enabled": False}, actor=actor, at=at)


def _apply(trigger: Trigger, changes: Mapping[str, object]) -> None:
    unknown = sorted(set(changes) - set(CHANGEABLE))
    if unknown:
        raise InvalidTrigger({name: f"{name} cannot be changed." for name in unknown})
    for name, value in changes.items():
        setattr(trigger, name, value)


def _check(trigger: Trigger, at: datetime) -> None:
    problems = problems_of(trigger=trigger, at=at)
    if problems:
        raise InvalidTrigger(problems)
    if trigger.condition:
        # Numbers as text: the journal keeps no floats.
        trigger.condition = as_mapping(parse_condition(trigger.condition))


def _next_due(trigger: Trigger, at: datetime) -> datetime | None:
    """The next due minute on the trigger's clock; None for prices, or where that is unknown."""
    now = _clock(trigger.feed, at)
    if trigger.type != Trigger.Type.TIME or now is None:
        return None
    return next_due(cron=trigger.cron, time_zone=trigger.time_zone, after=now)


def _clock(feed: Feed | None, at: datetime) -> datetime | None:
    """What time it is for a trigger: that of a replay's last step, or its first day's midnight."""
    if feed is None or feed.kind != Feed.Kind.REPLAY:
        return at
    replay = Replay.objects.filter(feed=feed).first()
    if replay is None:
        return None
    return replay.as_of or datetime.combine(replay.starts_on, time.min, tzinfo=UTC)


def _settings(trigger: Trigger) -> dict[str, object]:
    """The settings as the journal keeps them."""
    columns = {"team": "team_id", "feed": "feed_id"}
    return {name: getattr(trigger, columns.get(name, name)) for name in CHANGEABLE}


def _journal(trigger: Trigger, *, before: Mapping[str, object], actor: str, at: datetime) -> None:
    record(
        stream=owner_stream(trigger.owner_id),
        kind="trigger.changed",
        actor=actor,
        subject=f"trigger:{trigger.id}",
        payload={
            "name": trigger.name,
            "type": trigger.type,
            "before": dict(before),
            "after": _settings(trigger),
        },
        at=at,
    )
