"""Time triggers: rows that are due, each fired once for each due minute."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from market.models import Feed
from tradingfarm.kernel.canonical import moment
from tradingfarm.kernel.journal import transaction
from triggers.domain.causes import Hit, time_cause
from triggers.domain.schedule import Missed, decide_missed, due_between, next_due
from triggers.models import Firing, Trigger
from triggers.services.firing import fire

A_MOMENT = timedelta(microseconds=1)


def fire_due(*, now: datetime) -> list[Firing]:
    """Fire what is due at wall time `now`, but for the triggers of replays.

    One transaction. Rows that another call holds are left to it. A replay's triggers are due on
    the replay's clock, which its engine alone moves: see `due_hits`.
    """
    with transaction():
        return fire(hits=due_hits(now=now), now=now, at=now)


def due_hits(*, now: datetime, feed_name: str | None = None) -> list[Hit]:
    """Take the due triggers of a replay at market time `now`; without a feed those of wall time.

    Runs inside the caller's transaction, which must also `fire` the hits: the next due minute is
    set here. Many due minutes collapse into the newest one.
    """
    due = list(_due(now, feed_name))
    hits = [hit for trigger in due if (hit := _hit(trigger, now, feed_name)) is not None]
    for trigger in due:
        trigger.next_due_at = next_due(cron=trigger.cron, time_zone=trigger.time_zone, after=now)
    Trigger.objects.bulk_update(due, ["next_due_at"])
    return hits


def _due(now: datetime, feed_name: str | None) -> QuerySet[Trigger]:
    found = Trigger.objects.filter(
        Q(next_due_at__lte=now) | Q(next_due_at__isnull=True), type=Trigger.Type.TIME, enabled=True
    ).order_by("id")
    if feed_name is not None:
        return found.filter(feed_id=feed_name).select_for_update(no_key=True)
    of_wall_time = Q(feed__isnull=True) | ~Q(feed__kind=Feed.Kind.REPLAY)
    return found.filter(of_wall_time).select_for_update(
        no_key=True, skip_locked=True, of=("self",)
    )


def _hit(trigger: Trigger, now: datetime, feed_name: str | None) -> Hit | None:
    """What to fire for a due trigger; nothing for one that was never scheduled before."""
    first = trigger.next_due_at
    if first is None:
        return None
    newest = due_between(
        cron=trigger.cron, time_zone=trigger.time_zone, after=first - A_MOMENT, until=now
    )
    due_at = decide_missed(
        newest_due=newest or first,
        now=now,
        policy=Missed(trigger.missed),
        clock_jumps=feed_name is not None,
    )
    if due_at is None:
        return None
    return Hit(
        trigger_id=trigger.id,
        cause_key=time_cause(trigger=trigger.id, due_at=due_at),
        title=_title(trigger, due_at),
        symbol=None,
        evidence={
            "due_at": moment(due_at),
            "first_due_at": moment(first),
            "cron": trigger.cron,
            "time_zone": trigger.time_zone,
        },
    )


def _title(trigger: Trigger, due_at: datetime) -> str:
    local = due_at.astimezone(ZoneInfo(trigger.time_zone))
    return f"{trigger.name}: {local:%A %H:%M} {trigger.time_zone}"
