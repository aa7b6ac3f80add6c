"""The list of triggers: each condition as a sentence, with how often it fires."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, DateTimeField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from tradingfarm.pages.markets.feeds import present_of
from triggers.models import Firing, Trigger
from triggers.selectors.sentences import trigger_sentence

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOT_DUE = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TriggerRow:
    """One trigger in the list.

    `fired_as_of` is the market time of its newest firing; `today` counts those of the day that its
    own clock shows, `held_back` those among them that woke nobody. `due_at` is in UTC.
    """

    id: UUID
    name: str
    type: str
    sentence: str
    team_id: UUID
    team: str
    feed: str
    enabled: bool
    fired_as_of: datetime | None
    today: int
    held_back: int
    due_at: datetime | None
    time_zone: str
    throttle: str


def triggers_of(*, owner_id: int) -> QuerySet[Trigger]:
    """The owner's triggers with what lists order by: `fired` and `due`, never null."""
    newest = Firing.objects.filter(trigger=OuterRef("pk")).order_by("-at")
    moment: DateTimeField[datetime, datetime] = DateTimeField()
    return (
        Trigger.objects.filter(owner=owner_id)
        .select_related("team", "feed__replay")
        .annotate(
            fired_as_of=Subquery(newest.values("as_of")[:1]),
            fired=Coalesce(Subquery(newest.values("at")[:1]), Value(NEVER), output_field=moment),
            due=Coalesce("next_due_at", Value(NOT_DUE), output_field=moment),
        )
    )


def trigger_rows(
    *, triggers: Sequence[Trigger], zone: str, now: datetime
) -> tuple[TriggerRow, ...]:
    """A row for each trigger. `zone` says when a day begins. One query."""
    counts = firings_today(triggers=triggers, zone=zone, now=now)
    return tuple(_row(trigger, *counts.get(trigger.id, (0, 0))) for trigger in triggers)


def firings_today(
    *, triggers: Sequence[Trigger], zone: str, now: datetime
) -> Mapping[UUID, tuple[int, int]]:
    """How often each fired on its clock's day, and how many of those woke nobody. One query."""
    days: dict[datetime, list[UUID]] = {}
    for trigger in triggers:
        days.setdefault(_day_start(trigger, zone, now), []).append(trigger.id)
    if not days:
        return {}
    wanted = Q()
    for start, ids in days.items():
        wanted |= Q(trigger__in=ids, as_of__gte=start)
    rows = Firing.objects.filter(wanted).order_by().values_list("trigger")
    counted = rows.annotate(all=Count("id"), heeded=Count("id", filter=Q(refused="")))
    return {trigger: (all_, all_ - heeded) for trigger, all_, heeded in counted}


def throttle_words(*, trigger: Trigger) -> str:
    """How often it may wake somebody: 'at most 60 an hour, 5 min between two'."""
    words = f"at most {trigger.max_executions_per_hour} an hour"
    pause = trigger.min_interval_seconds
    return f"{words}, {span_words(seconds=pause)} between two" if pause else words


def span_words(*, seconds: int) -> str:
    """A length of time: '45 s', '5 min', '1 h 30 min'."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def clock_of(*, trigger: Trigger, now: datetime) -> datetime:
    """What time it is for a trigger: that of its feed, or wall time without one."""
    return now if trigger.feed is None else present_of(feed=trigger.feed, now=now)


def _day_start(trigger: Trigger, zone: str, now: datetime) -> datetime:
    local = clock_of(trigger=trigger, now=now).astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time.min, tzinfo=ZoneInfo(zone))


def _row(trigger: Trigger, today: int, held_back: int) -> TriggerRow:
    return TriggerRow(
        id=trigger.id,
        name=trigger.name,
        type=trigger.type,
        sentence=trigger_sentence(trigger),
        team_id=trigger.team_id,
        team=trigger.team.name,
        feed=trigger.feed_id or "",
        enabled=trigger.enabled,
        fired_as_of=vars(trigger)["fired_as_of"],
        today=today,
        held_back=held_back,
        due_at=trigger.next_due_at if trigger.enabled else None,
        time_zone=trigger.time_zone,
        throttle=throttle_words(trigger=trigger),
    )
