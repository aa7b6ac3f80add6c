from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.candles import Timeframe
from market.domain.instruments import Listing, instrument_id
from market.domain.replaying import (
    Playable,
    interpolate,
    known_at,
    play_window,
    spread,
    steps_of,
)
from market.domain.sessions import RoundTheClock, Session
from market.domain.ticks import refuse
from tests.market.builders import APPLE, IBM, MONDAY, bar, prices, sound_bars

OPEN, CLOSE = datetime(2001, 3, 5, 14, 30, tzinfo=UTC), datetime(2001, 3, 5, 21, tzinfo=UTC)
SESSION = Session(date(2001, 3, 5), OPEN, CLOSE)
CENT = Decimal("0.01")


def playable(candle=None, *, instrument=APPLE, symbol="AAPL", opens_at=OPEN, closes_at=CLOSE):
    candle = candle or bar()
    return Playable(
        Listing(instrument, symbol, CENT),
        candle,
        opens_at,
        closes_at,
        day_open=candle.open,
        previous_close=Decimal(9),
    )


def test_a_candle_that_rose_plays_open_low_high_close():
    ticks = interpolate(playable(bar(prices=("10", "12", "9", "11"))))

    assert [str(tick.last) for tick in ticks] == ["10", "9", "12", "11"]


def test_a_candle_that_fell_plays_open_high_low_close():
    ticks = interpolate(playable(bar(prices=("11", "12", "9", "10"))))

    assert [str(tick.last) for tick in ticks] == ["11", "12", "9", "10"]


def test_a_candle_that_stood_still_plays_its_low_first():
    ticks = interpolate(playable(bar(prices=("10", "12", "9", "10"))))

    assert [str(tick.last) for tick in ticks] == ["10", "9", "12", "10"]


def test_the_four_ticks_lie_at_the_thirds_of_the_session():
    ticks = interpolate(playable())

    hours = [tick.at.strftime("%H:%M") for tick in ticks]
    assert hours == ["14:30", "16:40", "18:50", "21:00"]


def test_volume_grows_by_quarters_and_ticks_say_that_they_are_interpolated():
    ticks = interpolate(playable(bar(volume="1001")))

    assert [str(tick.volume) for tick in ticks] == ["250.25", "500.5", "750.75", "1001"]
    assert all(tick.interpolated for tick in ticks)


def test_a_tick_knows_the_day_and_only_the_extremes_so_far():
    first, second, third, last = interpolate(playable())

    assert (first.bar_high, first.bar_low) == (10, 10)
    assert (second.bar_high, second.bar_low) == (10, 9)
    assert (third.bar_high, third.bar_low) == (12, 9)
    assert (last.day_open, last.previous_close) == (10, 9)


@given(sound_bars())
def test_ticks_stay_inside_their_candle_and_are_never_refused(candle):
    previous = None
    for tick in interpolate(playable(candle)):
        assert candle.low <= tick.last <= candle.high
        assert tick.bid <= tick.last or tick.bid == CENT
        assert tick.ask >= tick.last
        if previous is None or candle.high < candle.low * 10:
            assert refuse(tick=tick, previous=previous, now=tick.at) is None
        previous = tick


def test_the_spread_is_two_basis_points_to_each_side_rounded_outward():
    assert spread(last=Decimal(100), tick_size=CENT) == (Decimal("99.98"), Decimal("100.02"))
    assert spread(last=Decimal("29.64"), tick_size=CENT) == (Decimal("29.63"), Decimal("29.65"))


def test_a_price_below_one_tick_has_a_bid_all_the_same():
    assert spread(last=Decimal("0.004"), tick_size=CENT) == (CENT, CENT)


@given(prices, st.sampled_from([CENT, Decimal("0.25"), Decimal("0.0001")]))
def test_bid_and_ask_are_multiples_of_the_tick_and_never_crossed(price, tick_size):
    bid, ask = spread(last=price, tick_size=tick_size)

    assert bid % tick_size == 0
    assert ask % tick_size == 0
    assert 0 < bid <= ask


def test_a_daily_candle_of_a_stock_is_known_at_the_close_of_its_session():
    assert known_at(session=SESSION, start=MONDAY, timeframe=Timeframe.D1) == CLOSE
    window = play_window(session=SESSION, start=MONDAY, timeframe=Timeframe.D1)

    assert window == (OPEN, CLOSE - timedelta(minutes=1))


def test_a_daily_candle_of_crypto_is_known_at_midnight_and_played_just_before():
    session = RoundTheClock().session_on(MONDAY.date())
    midnight = MONDAY + timedelta(days=1)

    first, last = play_window(session=session, start=MONDAY, timeframe=Timeframe.D1)

    assert known_at(session=session, start=MONDAY, timeframe=Timeframe.D1) == midnight
    assert first == MONDAY
    assert last == midnight - timedelta(minutes=1)


def test_an_hour_that_begins_before_the_session_is_played_from_its_open():
    two_o_clock = MONDAY + timedelta(hours=14)

    first, last = play_window(session=SESSION, start=two_o_clock, timeframe=Timeframe.H1)

    assert first == OPEN
    assert last < two_o_clock + timedelta(hours=1)


def test_an_hour_inside_the_session_is_played_in_that_hour():
    four_o_clock = MONDAY + timedelta(hours=16)

    first, last = play_window(session=SESSION, start=four_o_clock, timeframe=Timeframe.H1)

    assert first == four_o_clock
    assert last < four_o_clock + timedelta(hours=1)


def test_what_ticks_at_one_instant_is_one_step_ordered_by_symbol():
    both = [playable(instrument=IBM, symbol="IBM"), playable()]

    steps = steps_of(both, after=None, position=8)

    assert [step.position for step in steps] == [8, 9, 10, 11]
    assert [[tick.symbol for tick in step.ticks] for step in steps] == [["AAPL", "IBM"]] * 4
    assert all(tick.at == step.at for step in steps for tick in step.ticks)


def test_instruments_with_other_hours_make_steps_of_their_own():
    crypto = playable(
        instrument=IBM, symbol="BTC", opens_at=MONDAY, closes_at=MONDAY + timedelta(hours=23)
    )

    steps = steps_of([playable(), crypto], after=None, position=0)

    assert len(steps) == 8
    assert [step.at for step in steps] == sorted(step.at for step in steps)


@pytest.mark.parametrize("played", [1, 2, 3])
def test_steps_taken_up_again_are_the_rest_of_the_same_steps(played):
    whole = steps_of([playable()], after=None, position=0)

    rest = steps_of([playable()], after=whole[played - 1].at, position=played)

    assert rest == whole[played:]


def test_an_instrument_has_one_id_everywhere_and_another_on_another_venue():
    apple = instrument_id(venue="NASDAQ", symbol="AAPL")

    assert str(apple) == "77069bb3-f12d-5778-959d-e5b48a4774d9"
    assert apple != instrument_id(venue="NYSE", symbol="AAPL")
