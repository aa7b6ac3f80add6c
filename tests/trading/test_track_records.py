"""Trips that are counted as they end: the same figures as from all fills, wherever one stopped."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import APPLE, IBM
from tests.trading.test_round_trips import at, bought, sold
from trading.domain.ledger import Oversold, TradeReport
from trading.domain.rebuild import BookedSplit
from trading.domain.round_trips import round_trips, trip_figures
from trading.domain.states import Side
from trading.domain.track_records import HandedOver, TrackRecord, continued

EMPTY = TrackRecord()


def recorded(*booked):
    return continued(EMPTY, booked)


def handed_over(minutes, quantity):
    return at(minutes), HandedOver(APPLE, Decimal(quantity))


def split(minutes, quantity, cash):
    """Three new shares for two old ones."""
    return at(minutes), BookedSplit(APPLE, 3, 2, Decimal(quantity), Decimal(cash))


def test_nothing_booked_has_no_figures():
    assert (EMPTY.win_rate, EMPTY.profit_factor, EMPTY.expectancy) == (None, None, None)
    assert (EMPTY.average_win, EMPTY.average_loss, EMPTY.average_duration) == (None, None, None)
    assert (EMPTY.cost, recorded()) == (0, EMPTY)


def test_wins_losses_and_trips_without_either_are_counted():
    found = recorded(
        *(bought(0, 1, 100), sold(10, 1, 130)),
        *(bought(20, 1, 100), sold(40, 1, 90)),
        *(bought(50, 1, 100), sold(50, 1, 100)),
    )

    assert (found.fills, found.trips, found.wins, found.losses) == (6, 3, 1, 1)
    assert (found.won, found.lost, found.realised) == (30, -10, 20)
    assert (found.win_rate, found.profit_factor) == (pytest.approx(1 / 3), 3)
    assert found.expectancy == Decimal("6.66666667")
    assert (found.average_win, found.average_loss) == (30, -10)
    assert found.average_duration == timedelta(minutes=10)


def test_a_position_that_is_not_flat_is_no_trip_yet_and_its_partial_exit_is_realised():
    found = recorded(bought(0, 2, 100, "1"), sold(10, 1, 110, "1"))

    assert (found.trips, len(found.at_work)) == (0, 1)
    assert (found.realised, found.fees, found.cost) == (Decimal("8.5"), 2, Decimal("100.5"))


def test_a_fill_that_was_told_late_makes_its_trip_begin_earlier():
    found = recorded(bought(10, 1, 100), bought(5, 1, 100), sold(30, 2, 100))

    assert found.average_duration == timedelta(minutes=25)


def test_what_others_took_ends_a_trip_with_what_was_realised_until_then():
    found = recorded(bought(0, 3, 100), sold(10, 1, 110), handed_over(20, 2))

    assert (found.trips, found.won, found.at_work) == (1, 10, {})
    assert found.fills == 2


def test_what_others_took_of_nothing_is_no_trip():
    assert recorded(handed_over(0, 2)) == EMPTY


def test_more_sold_than_bought_is_refused():
    with pytest.raises(Oversold):
        recorded(bought(0, 1, 100), sold(1, 2, 100))


def test_a_split_keeps_the_trip_and_what_is_paid_for_a_fraction_is_realised():
    found = recorded(bought(0, 3, 100), split(1, 4, "33"), sold(2, 4, 70))

    assert (found.trips, found.fills) == (1, 2)
    assert found.won == 4 * 70 + 33 - 300


def test_what_is_paid_in_for_a_whole_lot_counts_as_bought():
    found = recorded(bought(0, 3, 100), split(1, 5, "-33"))

    assert (found.traded_value, found.cost, found.realised) == (333, 333, 0)


def test_a_fee_in_what_is_sold_that_the_lot_cannot_bear_was_owed_instead():
    report = TradeReport(
        APPLE, Side.SELL, Decimal(1), Decimal(100), Decimal(0), fee_quantity=Decimal("0.01")
    )

    flat = recorded(bought(0, 1, 90), (at(1), report))
    rest = recorded(bought(0, 2, 90), (at(1), report))

    assert (flat.trips, flat.won) == (1, 9)
    assert rest.at_work[APPLE].lot.quantity == Decimal("0.99")


# Properties

AMOUNT = st.integers(1, 9).map(Decimal)
PRICE = st.decimals(min_value=1, max_value=500, places=2)
FEE = st.decimals(min_value=0, max_value=3, places=4)


@st.composite
def courses(draw):
    """Buys, sells of what there is, and splits, of two instruments."""
    held, booked = {APPLE: Decimal(0), IBM: Decimal(0)}, list[tuple[Any, Any]]()
    for minute in range(draw(st.integers(0, 25))):
        of = draw(st.sampled_from([APPLE, IBM]))
        moment = at(minute + draw(st.integers(-3, 3)))
        kind = draw(st.sampled_from(["buy", "sell", "all", "split"]))
        if kind == "split" and held[of]:
            numerator, denominator = draw(st.sampled_from([(2, 1), (3, 2), (1, 4)]))
            kept = held[of] * numerator // denominator
            short = held[of] * numerator / denominator - kept
            cash = (short * 100).quantize(Decimal("0.01"))
            booked.append((moment, BookedSplit(of, numerator, denominator, kept, cash)))
            held[of] = kept
            continue
        if kind == "buy" or not held[of]:
            side, quantity = Side.BUY, draw(AMOUNT)
        else:
            most = int(held[of])
            quantity = held[of] if kind == "all" else Decimal(draw(st.integers(1, most)))
            side = Side.SELL
        held[of] += quantity if side is Side.BUY else -quantity
        booked.append((moment, TradeReport(of, side, quantity, draw(PRICE), draw(FEE))))
    return booked


@given(courses(), st.data())
def test_it_goes_on_wherever_one_has_stopped(booked, data):
    stop = data.draw(st.integers(0, len(booked)))

    stopped = continued(EMPTY, booked[:stop])

    assert continued(stopped, booked[stop:]) == recorded(*booked)


@given(courses())
def test_it_finds_what_all_round_trips_say(booked):
    found, trips = recorded(*booked), round_trips(booked)

    expected = trip_figures(trips)
    assert (found.trips, len(found.at_work)) == (expected.finished, expected.unfinished)
    assert (found.win_rate, found.profit_factor) == (expected.win_rate, expected.profit_factor)
    assert (found.expectancy, found.realised) == (expected.expectancy, expected.realised)
    assert (found.average_win, found.average_loss) == (
        expected.average_win,
        expected.average_loss,
    )
    assert found.average_duration == expected.average_duration
    assert found.traded_value == trips.traded_value
    assert found.fees == sum(
        [
            *(trip.fees for trip in trips.finished),
            *(trip.lot.fees for trip in trips.unfinished),
        ]
    )
