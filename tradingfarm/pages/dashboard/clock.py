"""The clock of the market that an account trades: real, or a replay's."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from market.domain.replaying import TICKS
from market.models import Replay
from tradingfarm.kernel.money import plain

STALE_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class ReplayCourse:
    """How far a replay has come. `speed` is a phrase, `done_pct` of its days from 0 to 100."""

    starts_on: date
    ends_on: date
    speed: str
    done_pct: int
    ended: bool


@dataclass(frozen=True)
class MarketClock:
    """Market time of the newest price; `stale_seconds` is its age (wall time) once it matters."""

    as_of: datetime | None
    replay: ReplayCourse | None
    stale_seconds: int | None


def clock_of(
    *,
    replay: Replay | None,
    quoted_at: datetime | None,
    quoted_as_of: datetime | None,
    now: datetime,
) -> MarketClock:
    """The clock as of `now` (wall time). A replay that has ended is over, not stale."""
    ended = replay is not None and replay.state == Replay.State.ENDED
    age = None if quoted_at is None or ended else now - quoted_at
    return MarketClock(
        as_of=(replay.as_of if replay else None) or quoted_as_of,
        replay=_course(replay) if replay else None,
        stale_seconds=int(age.total_seconds()) if age and age > STALE_AFTER else None,
    )


def _course(replay: Replay) -> ReplayCourse:
    ended = replay.state == Replay.State.ENDED
    days = (replay.ends_on - replay.starts_on).days + 1
    gone = (replay.as_of.date() - replay.starts_on).days + 1 if replay.as_of else 0
    return ReplayCourse(
        starts_on=replay.starts_on,
        ends_on=replay.ends_on,
        speed=pace(replay.speed),
        done_pct=100 if ended else min(100, 100 * gone // days),
        ended=ended,
    )


def pace(steps_a_second: Decimal) -> str:
    """A replay's speed as a phrase: a day of daily candles is four steps."""
    if steps_a_second == 0:
        return "as fast as the farm keeps up"
    days = steps_a_second / TICKS
    return f"{plain(days.quantize(Decimal('0.01')))} {'day' if days == 1 else 'days'} a second"
