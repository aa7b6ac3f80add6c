"""Small market values for tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
from hypothesis import strategies as st

from market.domain.candles import MICROSECONDS, Bar, Bars
from market.domain.ticks import Tick

APPLE = UUID("00000000-0000-0000-0000-00000000aa91")
IBM = UUID("00000000-0000-0000-0000-000000001b00")
MONDAY = datetime(2001, 3, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def bar(start=MONDAY, *, prices=("10", "12", "9", "11"), volume="1000"):
    """A candle from open, high, low and close."""
    opened, high, low, close = (Decimal(price) for price in prices)
    return Bar(start, opened, high, low, close, Decimal(volume))


def bars_closing(*closes, opens=None, step=DAY):
    """A history with these closes; open, high and low follow the close where nothing is said."""
    close = np.array(closes, dtype=np.float64)
    start = np.datetime64("2001-03-05", "us") + np.arange(len(close)) * np.timedelta64(step)
    opened = close if opens is None else np.array(opens, dtype=np.float64)
    volume = np.ones(len(close))
    return Bars(start.astype(MICROSECONDS), opened, close, close, close, volume)


def tick(last="100", *, bid=None, ask=None, volume="500", at=MONDAY, instrument=APPLE):
    price = Decimal(last)
    return Tick(
        instrument_id=instrument,
        symbol="AAPL",
        last=price,
        bid=Decimal(bid) if bid else price,
        ask=Decimal(ask) if ask else price,
        volume=Decimal(volume),
        at=at,
    )


prices = st.integers(min_value=1, max_value=10_000).map(lambda cents: Decimal(cents) / 100)


@st.composite
def sound_bars(draw, start=MONDAY):
    """A candle whose four prices agree with each other."""
    low, *between, high = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
    opened, closed = draw(st.permutations(between))
    volume = Decimal(draw(st.integers(min_value=0, max_value=10**9)))
    return Bar(start, opened, high, low, closed, volume)


@st.composite
def histories(draw, max_size=40):
    """Histories of bars some hours apart, with few distinct prices so that levels are touched."""
    size = draw(st.integers(min_value=0, max_value=max_size))
    price = st.sampled_from([95.0, 97.0, 100.0, 101.5, 103.0])
    close = draw(st.lists(price, min_size=size, max_size=size))
    opened = draw(st.lists(price, min_size=size, max_size=size))
    hours = draw(st.integers(min_value=1, max_value=12))
    return bars_closing(*close, opens=opened, step=timedelta(hours=hours))
