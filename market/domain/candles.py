"""Candles: one as Decimals (`Bar`), a history as arrays (`Bars`), and what splits do to both."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from typing import Self

import numpy as np
import numpy.typing as npt

from tradingfarm.kernel.money import MONEY

Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.datetime64]

MICROSECONDS = "datetime64[us]"


class Timeframe(StrEnum):
    """How long one candle lasts."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    H1 = "1h"
    D1 = "1d"

    @property
    def duration(self) -> timedelta:
        return DURATIONS[self]


DURATIONS = {
    Timeframe.M1: timedelta(minutes=1),
    Timeframe.M5: timedelta(minutes=5),
    Timeframe.M15: timedelta(minutes=15),
    Timeframe.H1: timedelta(hours=1),
    Timeframe.D1: timedelta(days=1),
}


class BadBar(Enum):
    """Why a candle is refused."""

    MISSING = "a price or the volume is missing"
    NOT_A_NUMBER = "a price or the volume is not a finite number"
    NOT_POSITIVE = "a price is zero or negative, or the volume is negative"
    OUT_OF_RANGE = "open or close lies outside of low and high"
    NO_SESSION = "its market was closed that day"


@dataclass(frozen=True)
class Bar:
    """One candle. `start` is in UTC; a daily one starts at midnight UTC of its session's date."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, eq=False)
class Bars:
    """A history of one instrument, oldest first: six arrays of one length.

    `start` is datetime64[us] in UTC, the others are float64. Slices are Bars again.
    """

    start: Moments
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) != 1:
            raise ValueError(f"The six arrays of Bars need one length, not {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(self.close)

    def __getitem__(self, part: slice) -> Self:
        return type(self)(*(getattr(self, field.name)[part] for field in fields(self)))

    @classmethod
    def of(cls, bars: Sequence[Bar]) -> Self:
        """The arrays of some candles in the order given. No candles give empty arrays."""
        columns = ([float(getattr(bar, name)) for bar in bars] for name in PRICES_AND_VOLUME)
        return cls(
            np.array([_naive(bar.start) for bar in bars], dtype=MICROSECONDS),
            *(np.array(column, dtype=np.float64) for column in columns),
        )

    def followed_by(self, bar: Bar) -> Self:
        """The same history with one more candle, such as the one that is still running."""
        tail = type(self).of([bar])
        return type(self)(
            *(
                np.concatenate([getattr(self, field.name), getattr(tail, field.name)])
                for field in fields(self)
            )
        )


PRICES_AND_VOLUME = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class StockSplit:
    """From `effective_on`, a session's date, `numerator` shares stand for `denominator` old."""

    effective_on: date
    numerator: int
    denominator: int

    @property
    def ratio(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


def refuse_bar(bar: Bar) -> BadBar | None:
    """Why a candle must not be stored, or None. Copes with a candle of Nones and with NaN."""
    values = [getattr(bar, name) for name in PRICES_AND_VOLUME]
    if any(value is None for value in values):
        return BadBar.MISSING
    if not all(value.is_finite() for value in values):
        return BadBar.NOT_A_NUMBER
    if min(values[:4]) <= 0 or bar.volume < 0:
        return BadBar.NOT_POSITIVE
    if bar.low > min(bar.open, bar.close) or bar.high < max(bar.open, bar.close):
        return BadBar.OUT_OF_RANGE
    return None


def split_ratio(*, on: date, splits: Sequence[StockSplit]) -> Fraction:
    """How many of today's shares one share of that day became: the product of all later splits."""
    ratio = Fraction(1)
    for split in splits:
        if on < split.effective_on:
            ratio *= split.ratio
    return ratio


def split_adjust_bar(bar: Bar, *, splits: Sequence[StockSplit]) -> Bar:
    """The candle in today's shares: prices divided, volume multiplied by every later split."""
    ratio = split_ratio(on=bar.start.date(), splits=splits)
    over, under = Decimal(ratio.numerator), Decimal(ratio.denominator)
    return Bar(
        start=bar.start,
        open=MONEY.divide(MONEY.multiply(bar.open, under), over),
        high=MONEY.divide(MONEY.multiply(bar.high, under), over),
        low=MONEY.divide(MONEY.multiply(bar.low, under), over),
        close=MONEY.divide(MONEY.multiply(bar.close, under), over),
        volume=MONEY.divide(MONEY.multiply(bar.volume, over), under),
    )


def split_adjust(bars: Bars, *, splits: Sequence[StockSplit]) -> Bars:
    """The history in today's shares: prices divided, volume multiplied by every later split."""
    days = bars.start.astype("datetime64[D]")
    ratio = np.ones(len(bars))
    for split in splits:
        ratio[days < np.datetime64(split.effective_on)] *= float(split.ratio)
    return Bars(
        start=bars.start,
        open=bars.open / ratio,
        high=bars.high / ratio,
        low=bars.low / ratio,
        close=bars.close / ratio,
        volume=bars.volume * ratio,
    )


def _naive(moment: datetime) -> datetime:
    """numpy's times carry no zone; ours are UTC."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"A candle's start needs a time zone: {moment!r}.")
    return moment.replace(tzinfo=None) - offset
