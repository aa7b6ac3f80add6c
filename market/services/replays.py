"""The course of a replay: one engine at a time may advance it, and nothing turns it back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet
from django.db.transaction import atomic

from market.domain.candles import Timeframe
from market.domain.replaying import ReplayStep
from market.models import Feed, Replay
from tradingfarm.kernel.errors import FarmError


class CannotReplay(FarmError):
    """A replay cannot be started as asked; the message says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class ReplayLost(FarmError):
    """Somebody else has advanced or ended this replay: stop, and let the transaction roll back."""

    def __init__(self, replay_id: UUID) -> None:
        super().__init__(f"Replay {replay_id} is in other hands now.", permanent=True)
        self.replay_id = replay_id


def start_replay(  # noqa: PLR0913 - a replay has these parts
    *,
    replay_id: UUID,
    feed_name: str,
    source: str,
    starts_on: date,
    ends_on: date,
    speed: Decimal,
    now: datetime,
    timeframe: Timeframe = Timeframe.D1,
) -> Replay:
    """A replay of the stored feed `source` on a new feed of its own; both days are included.

    `speed` is in steps a second at most, 0 is without a limit; `now` is wall time. The same id
    again gives the replay that exists. Raises CannotReplay.
    """
    problem = _problem(feed_name, source, starts_on, ends_on, speed)
    if problem:
        raise CannotReplay(problem)
    with atomic():
        feed, _ = Feed.objects.get_or_create(
            name=feed_name,
            defaults={
                "kind": Feed.Kind.REPLAY,
                "source_id": source,
                "description": f"{source} from {starts_on} to {ends_on}",
            },
        )
        replay, _ = Replay.objects.get_or_create(
            feed=feed,
            defaults={
                "id": replay_id,
                "starts_on": starts_on,
                "ends_on": ends_on,
                "timeframe": timeframe.value,
                "speed": speed,
                "started_at": now,
            },
        )
    if replay.id != replay_id:
        raise CannotReplay(f"The feed {feed_name} belongs to replay {replay.id}; name another.")
    return replay


def _problem(
    feed_name: str, source: str, starts_on: date, ends_on: date, speed: Decimal
) -> str | None:
    kinds = dict(Feed.objects.filter(name__in=[source, feed_name]).values_list("name", "kind"))
    if kinds.get(source) != Feed.Kind.STORED:
        return f"{source} is no feed of stored candles; import candles first."
    if kinds.get(feed_name, Feed.Kind.REPLAY) != Feed.Kind.REPLAY:
        return f"The feed {feed_name} is no replay; name another."
    if ends_on < starts_on:
        return f"A replay cannot start on {starts_on} and end on {ends_on}."
    if speed < 0:
        return f"A speed of {speed} steps a second is not possible; 0 is without a limit."
    return None


CLAIM = """
UPDATE market_replay
SET lease_owner = %(owner)s, lease_until = %(until)s, fencing_token = fencing_token + 1
WHERE id = %(id)s AND state = 'RUNNING'
    AND (lease_until IS NULL OR lease_until <= %(now)s OR lease_owner = %(owner)s)
RETURNING fencing_token
"""


def claim_replay(*, replay_id: UUID, owner: str, now: datetime, lease: timedelta) -> int | None:
    """Take the replay until `now` (wall time) + `lease`: the fencing token, None if not free.

    Free is what runs and whose lease is over or was this owner's already. A new token makes all
    earlier ones worthless, so two processes under one name still cannot both advance it.
    """
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"id": replay_id, "owner": owner, "now": now, "until": now + lease})
        row = cursor.fetchone()
    return int(row[0]) if row else None


def renew_replay(*, replay_id: UUID, token: int, now: datetime, lease: timedelta) -> bool:
    """Hold on to the replay until `now` + `lease`. False: it was lost, so stop."""
    return _held(replay_id, token).update(lease_until=now + lease) == 1


def release_replay(*, replay_id: UUID, token: int) -> bool:
    """Let another engine take the replay at once. False when it was lost before."""
    return _held(replay_id, token).update(lease_owner="", lease_until=None) == 1


def advance_replay(*, replay_id: UUID, token: int, step: ReplayStep) -> None:
    """Store that `step` has been played. Call it in the transaction that stores what it caused.

    Raises ReplayLost when another token rules, or when this is not the step that was due: none is
    played twice and none is left out.
    """
    moved = _held(replay_id, token).filter(position=step.position)
    played = F("ticks") + len(step.ticks)
    if moved.update(position=F("position") + 1, ticks=played, as_of=step.at) != 1:
        raise ReplayLost(replay_id)


def end_replay(*, replay_id: UUID, token: int, now: datetime) -> None:
    """Say that the last step has been played. `now` is wall time. Raises ReplayLost."""
    ended = _held(replay_id, token).update(
        state=Replay.State.ENDED, ended_at=now, lease_owner="", lease_until=None
    )
    if ended != 1:
        raise ReplayLost(replay_id)


def _held(replay_id: UUID, token: int) -> QuerySet[Replay]:
    """The replay while the token is the newest, it runs and its lease was not given back."""
    return Replay.objects.filter(
        id=replay_id,
        fencing_token=token,
        state=Replay.State.RUNNING,
        lease_until__isnull=False,
    )
