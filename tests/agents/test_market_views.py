from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from agents.domain.contexts import Benchmark, HoursView, Indicators
from agents.domain.market_views import (
    QuoteFacts,
    benchmark_of,
    indicators_of,
    known_bars,
    symbol_view,
)
from market.domain.candles import Bars
from tests.agents.builders import sure
from tests.market.builders import bars_closing

OPEN = HoursView(is_open=True, minutes_to_close=100)


def quote(last="130", *, days=30, **changes):
    """A quote on the day after `days` candles of `bars_closing`."""
    values: dict[str, Any] = {
        "as_of": datetime(2001, 3, 5, 15, tzinfo=UTC) + timedelta(days=days),
        "bid": Decimal(last) - Decimal("0.13"),
        "ask": Decimal(last) + Decimal("0.13"),
        "volume": Decimal(7),
        "day_open": Decimal(128),
        "previous_close": Decimal(129),
        "bar_high": Decimal(131),
        "bar_low": Decimal(127),
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal(1),
        "minimum_notional": Decimal(1),
    }
    return QuoteFacts(symbol="AAPL", last=Decimal(last), **(values | changes))


def test_the_running_day_is_the_last_candle_as_far_as_it_has_gone():
    bars = known_bars(quote(), bars_closing(*range(100, 130)))

    assert len(bars) == 31
    last = [float(getattr(bars, name)[-1]) for name in ("open", "high", "low", "close", "volume")]
    assert last == [128, 131, 127, 130, 7]


def test_a_day_that_has_closed_is_not_added_twice():
    bars = bars_closing(*range(100, 131))

    assert known_bars(quote(), bars) is bars


def test_a_quote_that_knows_nothing_of_its_day_still_makes_a_sound_candle():
    bare = quote(day_open=None, bar_high=None, bar_low=None)

    bars = known_bars(bare, Bars.of([]))

    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0]) == (130, 130, 130, 130)


def test_few_candles_leave_indicators_open():
    assert indicators_of(quote=quote(), bars=Bars.of([])) == Indicators(candles=1)


def test_a_long_history_warms_everything_up():
    bars = bars_closing(*np.linspace(50, 129, 300))

    known = indicators_of(quote=quote(days=300), bars=bars)

    assert None not in vars(known).values()
    assert known.candles == 301
    assert known.rsi == 100
    assert known.below_high_pct == round(Decimal("0.7633587"), 2)
    assert known.last_volume == 1


def test_a_view_says_spread_day_and_strength_against_the_benchmark():
    bars = bars_closing(*range(100, 130))
    benchmark = benchmark_of(pairs=[(quote(), bars), (quote("65"), bars)])

    view = symbol_view(quote=quote(), bars=bars, benchmark=benchmark, hours=OPEN)

    assert view.spread_bps == 20
    assert view.day_change_pct == Decimal("0.78")
    assert benchmark == Benchmark(Decimal("-11.36"), Decimal(50), Decimal(50))
    assert view.strength_pct == sure(view.indicators.change_20_pct) - Decimal("-11.36")


def test_nothing_known_is_said_as_nothing():
    fresh = replace(quote(), previous_close=None)

    benchmark = benchmark_of(pairs=[(fresh, Bars.of([]))])
    view = symbol_view(quote=fresh, bars=Bars.of([]), benchmark=benchmark, hours=OPEN)

    assert benchmark == Benchmark(None, None, None)
    assert view.strength_pct is None
    assert view.day_change_pct is None
    assert view.fundamentals == "unknown"
