"""One price of one instrument at one moment, and why some are refused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from uuid import UUID

MAX_AGE = timedelta(seconds=60)
SPIKE = 10


class BadTick(Enum):
    """Why a tick never reaches a decision."""

    NOT_A_NUMBER = "a price or the volume is not a finite number"
    ZERO = "a price is zero"
    NEGATIVE = "a price or the volume is negative"
    CROSSED = "the bid is above the ask"
    STALE = "it is too old, or older than the tick before it"
    EARLY = "it is stamped later than now"
    SPIKE = "the price is ten times, or a tenth of, the one before it"


@dataclass(frozen=True)
class Tick:
    """One price. `at` is market time in UTC; `volume` is what was traded in the running candle.

    The last five fields are what the feed knows of the day and of the running candle so far, None
    where it knows nothing. `interpolated` says that the moment was made from a candle.
    """

    instrument_id: UUID
    symbol: str
    last: Decimal
    bid: Decimal
    ask: Decimal
    volume: Decimal
    at: datetime
    day_open: Decimal | None = None
    previous_close: Decimal | None = None
    bar_high: Decimal | None = None
    bar_low: Decimal | None = None
    interpolated: bool = False


def refuse(
    *, tick: Tick, previous: Tick | None, now: datetime, max_age: timedelta = MAX_AGE
) -> BadTick | None:
    """Why `tick` must be dropped, or None when it may be used.

    `previous` is the last good tick of the same instrument. `now` is market time for a replay and
    wall time for a live feed; a tick exactly `max_age` old still passes.
    """
    return _bad_numbers(tick) or _bad_time(tick, previous, now, max_age) or _spike(tick, previous)


def _bad_numbers(tick: Tick) -> BadTick | None:
    prices = (tick.last, tick.bid, tick.ask)
    if not all(value.is_finite() for value in (*prices, tick.volume)):
        return BadTick.NOT_A_NUMBER
    if min(*prices, tick.volume) < 0:
        return BadTick.NEGATIVE
    if min(prices) == 0:
        return BadTick.ZERO
    return BadTick.CROSSED if tick.bid > tick.ask else None


def _bad_time(
    tick: Tick, previous: Tick | None, now: datetime, max_age: timedelta
) -> BadTick | None:
    if tick.at > now:
        return BadTick.EARLY
    if now - tick.at > max_age or (previous is not None and tick.at < previous.at):
        return BadTick.STALE
    return None


def _spike(tick: Tick, previous: Tick | None) -> BadTick | None:
    if previous is None:
        return None
    is_spike = tick.last >= previous.last * SPIKE or tick.last * SPIKE <= previous.last
    return BadTick.SPIKE if is_spike else None
