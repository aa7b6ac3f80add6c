"""A replay plays each stored candle as four ticks inside its session, and nothing in between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from market.domain.candles import Bar, Timeframe
from market.domain.instruments import Listing
from market.domain.sessions import Session
from market.domain.ticks import Tick
from tradingfarm.kernel.money import MONEY, ceil_to_step, floor_to_step

SPREAD_BPS = Decimal(2)
TEN_THOUSAND = Decimal(10_000)
# Keeps the last tick of a candle before the first one of the next.
LAST_MINUTE = timedelta(minutes=1)
A_MOMENT = timedelta(microseconds=1)
TICKS = Decimal(4)


@dataclass(frozen=True)
class ReplayStep:
    """Everything that ticks at one instant. `position` counts the steps of the replay from 0."""

    position: int
    at: datetime
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Playable:
    """A candle with what its ticks need: when it is played, and what the day was before it."""

    listing: Listing
    bar: Bar
    opens_at: datetime
    closes_at: datetime
    day_open: Decimal
    previous_close: Decimal | None


def known_at(*, session: Session, start: datetime, timeframe: Timeframe) -> datetime:
    """From when a whole candle is known: its end, or its session's close if that is first."""
    return min(session.closes_at, start + timeframe.duration)


def play_window(
    *, session: Session, start: datetime, timeframe: Timeframe
) -> tuple[datetime, datetime]:
    """When the first and last tick of a candle are: in its session, before the next candle.

    The last tick carries the close a minute before the bell: what it wakes can still trade.
    """
    ends_at = min(session.closes_at - LAST_MINUTE, start + timeframe.duration - A_MOMENT)
    return max(session.opens_at, start), ends_at


def extremes(bar: Bar) -> tuple[Decimal, Decimal]:
    """The order in which a candle's extremes are played: low first when it did not close lower."""
    return (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)


def spread(
    *, last: Decimal, tick_size: Decimal, bps: Decimal = SPREAD_BPS
) -> tuple[Decimal, Decimal]:
    """Bid and ask around a price: `bps` to each side, then outward to the tick; above zero."""
    part = MONEY.divide(bps, TEN_THOUSAND)
    bid = floor_to_step(MONEY.multiply(last, 1 - part), tick_size)
    return max(bid, tick_size), ceil_to_step(MONEY.multiply(last, 1 + part), tick_size)


def interpolate(playable: Playable, *, spread_bps: Decimal = SPREAD_BPS) -> tuple[Tick, ...]:
    """The candle as four ticks: open, the two extremes, close; volume 25, 50, 75, 100 %.

    They lie at the start, one third, two thirds and the end of the time it is played in. High and
    low of the running candle are those of the ticks so far, so no tick knows a later one.
    """
    bar = playable.bar
    prices = (bar.open, *extremes(bar), bar.close)
    return tuple(_tick(playable, prices, number, spread_bps) for number in range(4))


def _tick(playable: Playable, prices: Sequence[Decimal], number: int, bps: Decimal) -> Tick:
    bar, seen = playable.bar, prices[: number + 1]
    last = prices[number]
    bid, ask = spread(last=last, tick_size=playable.listing.tick_size, bps=bps)
    length = playable.closes_at - playable.opens_at
    return Tick(
        instrument_id=playable.listing.instrument_id,
        symbol=playable.listing.symbol,
        last=last,
        bid=bid,
        ask=ask,
        volume=MONEY.divide(MONEY.multiply(bar.volume, Decimal(number + 1)), TICKS),
        at=playable.opens_at + length * number / 3,
        day_open=playable.day_open,
        previous_close=playable.previous_close,
        bar_high=max(seen),
        bar_low=min(seen),
        interpolated=True,
    )


def steps_of(
    playables: Sequence[Playable], *, after: datetime | None, position: int
) -> list[ReplayStep]:
    """The steps of some candles that lie later than `after`, in order, numbered from `position`.

    All ticks of one instant are one step, ordered by symbol. Deterministic.
    """
    ticks = [tick for playable in playables for tick in interpolate(playable)]
    left = [tick for tick in ticks if after is None or tick.at > after]
    left.sort(key=attrgetter("at", "symbol", "instrument_id"))
    return [
        ReplayStep(position + number, at, tuple(group))
        for number, (at, group) in enumerate(groupby(left, key=attrgetter("at")))
    ]
