"""The steps of a replay, made from stored candles as they are needed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from market.domain.candles import Bar, Timeframe
from market.domain.instruments import Listing
from market.domain.replaying import Playable, ReplayStep, play_window, steps_of
from market.models import Candle, Instrument, Replay
from market.selectors.calendars import calendar_of

CANDLE_STARTS_AT_ONCE = 250
DAY = timedelta(days=1)


@dataclass
class _Course:
    """What the candles played so far leave behind for the next ones."""

    timeframe: Timeframe
    instruments: dict[UUID, Instrument]
    closes: dict[UUID, Decimal]
    days: dict[UUID, tuple[date, Decimal, Decimal | None]] = field(default_factory=dict)

    def play(self, candle: Candle) -> Playable | None:
        """What a candle needs for its ticks; None where its market has no session that day."""
        instrument = self.instruments[candle.instrument_id]
        session = calendar_of(instrument.calendar).session_on(candle.start.date())
        if session is None:
            return None
        before = self.days.get(instrument.id)
        if before is None or before[0] != session.day:
            before = (session.day, candle.open, self.closes.get(instrument.id))
        self.days[instrument.id] = before
        self.closes[instrument.id] = candle.close
        opens_at, closes_at = play_window(
            session=session, start=candle.start, timeframe=self.timeframe
        )
        return Playable(
            Listing(instrument.id, instrument.symbol, instrument.tick_size),
            Bar(candle.start, candle.open, candle.high, candle.low, candle.close, candle.volume),
            opens_at,
            closes_at,
            day_open=before[1],
            previous_close=before[2],
        )


def replay_steps(*, replay: Replay) -> Iterator[ReplayStep]:
    """What is left of a replay: the steps after its `as_of`, numbered from its `position`.

    Everything that trades at one instant is one step; closed hours have none. The same candles
    give the same steps, wherever it is taken up again. Candles are loaded some hundred at a time.
    """
    timeframe = Timeframe(replay.timeframe)
    source = replay.feed.source_id
    first = _midnight(replay.starts_on if replay.as_of is None else replay.as_of.date())
    end = _midnight(replay.ends_on) + DAY
    course = _Course(timeframe, _instruments(), _closes_before(source, timeframe, first))
    position = replay.position
    for start in _chunks(first, end, timeframe):
        until = min(start + timeframe.duration * CANDLE_STARTS_AT_ONCE, end)
        candles = _candles(source, timeframe, start, until)
        playables = [playable for candle in candles if (playable := course.play(candle))]
        for step in steps_of(playables, after=replay.as_of, position=position):
            yield step
            position = step.position + 1


def _chunks(first: datetime, end: datetime, timeframe: Timeframe) -> Iterator[datetime]:
    while first < end:
        yield first
        first += timeframe.duration * CANDLE_STARTS_AT_ONCE


def _candles(
    source: str | None, timeframe: Timeframe, start: datetime, until: datetime
) -> list[Candle]:
    found = Candle.objects.filter(
        feed_id=source, timeframe=timeframe.value, start__gte=start, start__lt=until
    )
    return list(found.order_by("start", "instrument_id"))


def _instruments() -> dict[UUID, Instrument]:
    return {instrument.id: instrument for instrument in Instrument.objects.all()}


def _closes_before(
    source: str | None, timeframe: Timeframe, moment: datetime
) -> dict[UUID, Decimal]:
    """The last close of each instrument before a moment."""
    found = Candle.objects.filter(
        feed_id=source, timeframe=timeframe.value, start__lt=moment
    ).order_by("instrument_id", "-start")
    return dict(found.distinct("instrument_id").values_list("instrument_id", "close"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
