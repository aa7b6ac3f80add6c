"""From flat to flat: what a round trip is, and that nothing of its profit is lost."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.reference import FOLDER
from tests.trading.books import APPLE, IBM, lot
from trading.domain.ledger import EMPTY, PRECISION, Oversold, TradeReport
from trading.domain.rebuild import BookedSplit, Ledger, rebuild
from trading.domain.round_trips import RoundTrips, round_trips, trip_figures
from trading.domain.states import Side
from tradingfarm.kernel.money import ZERO, floor_to_step, round_half_even

START = datetime(2001, 3, 7, 15, 30, tzinfo=UTC)


def at(minutes):
    return START + timedelta(minutes=minutes)


def bought(minutes, quantity, price, fee="0", *, of=APPLE):
    return fill(minutes, Side.BUY, quantity, price, fee, of)


def sold(minutes, quantity, price, fee="0", *, of=APPLE):
    return fill(minutes, Side.SELL, quantity, price, fee, of)


def fill(minutes, side, quantity, price, fee, instrument):
    amounts = (Decimal(quantity), Decimal(price), Decimal(fee))
    return at(minutes), TradeReport(instrument, side, *amounts)


def figures(*profits):
    """Figures on trips of one share each that made so much, one after the other."""
    trips = []
    for minute, profit in enumerate(profits):
        trips += [bought(minute, 1, 100), sold(minute, 1, 100 + profit)]
    return trip_figures(round_trips(trips))


def test_a_buy_and_the_sell_of_all_of_it_are_one_trip():
    trips = round_trips([bought(0, 10, 100, "1"), sold(30, 10, 110, "2")])

    (trip,) = trips.finished
    assert (trip.instrument_id, trip.entry_quantity, trip.exit_quantity) == (APPLE, 10, 10)
    assert (trip.entered_at, trip.exited_at) == (at(0), at(30))
    assert trip.duration == timedelta(minutes=30)
    assert (trip.average_entry, trip.average_exit) == (100, 110)
    assert (trip.profit, trip.fees) == (97, 3)
    assert trips.unfinished == ()


def test_partial_entries_and_exits_belong_to_the_same_trip():
    course = [bought(0, 1, 100), bought(1, 3, 104), sold(2, 1, 110), bought(3, 1, 107)]

    (trip,) = round_trips([*course, sold(4, 4, 90)]).finished

    assert (trip.entry_quantity, trip.entry_value) == (5, 519)
    assert (trip.exit_quantity, trip.exit_value) == (5, 470)
    assert (trip.average_entry, trip.average_exit) == (Decimal("103.8"), 94)
    assert trip.profit == -49


def test_a_buy_after_everything_was_sold_begins_another_trip():
    course = [bought(0, 1, 100), sold(1, 1, 110), bought(2, 2, 100), sold(3, 2, 95)]

    first, second = round_trips(course).finished

    assert (first.profit, second.profit) == (10, -10)
    assert (first.exited_at, second.entered_at) == (at(1), at(2))


def test_what_is_not_flat_yet_is_reported_apart():
    trips = round_trips([bought(0, 4, 100, "1"), sold(5, 1, 110, "1")])

    (trip,) = trips.unfinished
    assert trips.finished == ()
    assert (trip.entered_at, trip.last_fill_at) == (at(0), at(5))
    assert trip.lot == lot(3, "300.75", "8.75", "2")
    assert (trip.entry_quantity, trip.entry_value) == (4, 400)
    assert (trip.exit_quantity, trip.exit_value) == (1, 110)


def test_each_instrument_has_its_own_trips_in_the_order_in_which_they_ended():
    course = [bought(0, 1, 100), bought(1, 1, 50, of=IBM), sold(2, 1, 60, of=IBM), sold(3, 1, 90)]

    trips = round_trips(course).finished

    assert [(trip.instrument_id, trip.profit) for trip in trips] == [(IBM, 10), (APPLE, -10)]


def test_unfinished_trips_are_in_the_order_in_which_they_began():
    course = [bought(0, 1, 100), bought(1, 1, 50, of=IBM), bought(2, 1, 100)]

    assert [trip.instrument_id for trip in round_trips(course).unfinished] == [APPLE, IBM]


def test_a_trade_that_was_told_late_is_booked_late_and_still_counts_at_its_time():
    course = [bought(5, 1, 100), bought(0, 1, 90), sold(9, 1, 100), sold(7, 1, 100)]

    (trip,) = round_trips(course).finished

    assert (trip.entered_at, trip.exited_at) == (at(0), at(9))


def test_a_fee_taken_from_what_is_traded_leaves_less_to_sell_at_the_same_cost():
    entry = TradeReport(APPLE, Side.BUY, Decimal(10), Decimal(100), ZERO, Decimal("0.1"))

    (trip,) = round_trips([(at(0), entry), sold(1, "9.9", 110)]).finished

    assert (trip.entry_quantity, trip.exit_quantity) == (10, Decimal("9.9"))
    assert (trip.average_entry, trip.average_exit) == (100, 110)
    assert (trip.profit, trip.fees) == (89, 10)


def parted(minutes, numerator, denominator, quantity, cash="0"):
    """A split after which so many shares are held."""
    return at(minutes), BookedSplit(
        APPLE, numerator, denominator, Decimal(quantity), Decimal(cash)
    )


def test_a_split_is_within_its_trip_whose_prices_are_those_of_new_shares():
    course = [bought(0, 10, 100), sold(1, 5, 120), parted(2, 4, 1, 20), sold(3, 20, 35)]

    (trip,) = round_trips(course).finished

    assert (trip.entry_quantity, trip.exit_quantity) == (40, 40)
    assert (trip.average_entry, trip.average_exit) == (25, Decimal("32.5"))
    assert trip.profit == 300


def test_the_fraction_of_a_lot_that_a_split_pays_for_is_sold():
    course = [bought(0, 15, 10), parted(1, 1, 10, 1, "60"), sold(2, 1, 130)]

    (trip,) = round_trips(course).finished

    assert (trip.entry_quantity, trip.exit_quantity) == (Decimal("1.5"), Decimal("1.5"))
    assert (trip.exit_value, trip.profit) == (190, 40)


def test_the_rest_of_a_lot_that_others_had_a_part_in_is_bought():
    course = [bought(0, 15, 10), parted(1, 1, 10, 2, "-60"), sold(2, 2, 130)]

    (trip,) = round_trips(course).finished

    assert (trip.entry_quantity, trip.exit_quantity) == (2, 2)
    assert (trip.entry_value, trip.profit) == (210, 50)


def test_a_split_that_leaves_nothing_ends_the_trip():
    (trip,) = round_trips([bought(0, 3, 10), parted(1, 1, 10, 0, "27")]).finished

    assert (trip.exited_at, trip.profit) == (at(1), -3)


def test_more_cannot_be_sold_than_was_bought():
    with pytest.raises(Oversold):
        round_trips([bought(0, 1, 100), sold(1, 2, 100)])


def test_the_traded_value_is_of_all_buys_and_sells_without_fees():
    trips = round_trips([bought(0, 1, 100, "9"), sold(1, 1, 110, "9"), bought(2, 2, 50, of=IBM)])

    assert trips.traded_value == 310


def test_without_trips_nothing_is_defined_but_the_counts():
    found = trip_figures(RoundTrips())

    assert (found.finished, found.unfinished, found.realised) == (0, 0, 0)
    assert {found.win_rate, found.profit_factor, found.expectancy, found.average_duration} == {
        None
    }
    assert {found.average_win, found.average_loss} == {None}
    assert {found.largest_win, found.largest_loss} == {None}


def test_wins_and_losses_are_counted_and_averaged_apart():
    found = figures(30, -10, 10, -5, 0)

    assert found.finished == 5
    assert found.win_rate == 0.4
    assert (found.average_win, found.average_loss) == (20, Decimal("-7.5"))
    assert (found.largest_win, found.largest_loss) == (30, -10)
    assert found.expectancy == 5


def test_the_profit_factor_is_what_was_won_over_what_was_lost():
    assert figures(30, -10, 10, -5).profit_factor == pytest.approx(40 / 15)
    assert figures(-10, -5).profit_factor == 0


def test_there_is_no_profit_factor_while_nothing_was_lost():
    found = figures(30, 0)

    assert (found.profit_factor, found.average_loss, found.largest_loss) == (None, None, None)


def test_averages_of_money_are_rounded_once_to_eight_places():
    assert figures(1, 0, 0).expectancy == Decimal("0.33333333")


def test_the_average_duration_is_of_finished_trips():
    course = [bought(0, 1, 9), sold(10, 1, 9), bought(10, 1, 9), sold(40, 1, 9), bought(40, 1, 9)]

    found = trip_figures(round_trips(course))

    assert found.average_duration == timedelta(minutes=20)
    assert found.unfinished == 1


def test_what_partial_exits_realised_counts_before_the_trip_is_finished():
    found = trip_figures(round_trips([bought(0, 2, 100), sold(1, 1, 130)]))

    assert (found.realised, found.finished) == (30, 0)


AMOUNT = st.decimals(min_value="0.00001", max_value=1_000, places=5)
PRICE = st.decimals(min_value="0.01", max_value=5_000, places=2)
FEE = st.decimals(min_value=-1, max_value=20, places=8)
INSTRUMENT = st.sampled_from([APPLE, IBM])
TRADE = st.builds(TradeReport, INSTRUMENT, st.sampled_from(Side), AMOUNT, PRICE, FEE)
SPLIT = st.tuples(INSTRUMENT, st.integers(1, 7), st.integers(1, 7), PRICE)
COURSE = st.lists(st.one_of(TRADE, TRADE, TRADE, SPLIT), max_size=14)
FEES_EVERYWHERE = st.lists(
    st.builds(
        TradeReport,
        INSTRUMENT,
        st.sampled_from(Side),
        AMOUNT,
        PRICE,
        FEE,
        st.sampled_from([ZERO, Decimal("0.00000001")]),
        FEE,
    ),
    max_size=14,
)


def booked(course):
    """What of the course can happen, with its time: a sell is of all that is held at most."""
    events, ledger = [], Ledger()
    for minute, wanted in enumerate(course):
        event = possible(wanted, ledger.lots)
        if event is not None:
            events.append((at(minute), event))
            ledger = rebuild(movements=[], trades=[one for _, one in events])
    return events, ledger.lots


def possible(wanted, lots):
    if isinstance(wanted, tuple):
        return split_of(wanted, lots)
    held = lots.get(wanted.instrument_id, EMPTY).quantity
    if wanted.side is Side.BUY or wanted.quantity + wanted.fee_quantity <= held:
        return wanted
    return replace(wanted, quantity=held, fee_quantity=ZERO) if held else None


def split_of(wanted, lots):
    """A split of what is held, whose fractions of a lot are paid for at the price."""
    instrument, numerator, denominator, price = wanted
    held = lots.get(instrument, EMPTY).quantity
    if not held:
        return None
    own = held * numerator / denominator
    kept = floor_to_step(own, Decimal("0.00001"))
    cash = round_half_even((own - kept) * price, PRECISION)
    return BookedSplit(instrument, numerator, denominator, kept, cash)


@given(COURSE | FEES_EVERYWHERE)
def test_the_profit_of_trips_is_exactly_what_the_ledger_realised(course):
    events, lots = booked(course)

    trips = round_trips(events)

    assert trips.realised == sum(held.realised for held in lots.values())
    assert trip_figures(trips).realised == trips.realised


@given(COURSE)
def test_a_finished_trips_profit_is_what_came_back_less_what_went_in(course):
    for trip in round_trips(booked(course)[0]).finished:
        assert trip.profit == trip.exit_value - trip.entry_value - trip.fees
        assert trip.entered_at <= trip.exited_at


@given(COURSE)
def test_of_a_finished_trip_as_much_was_sold_as_bought(course):
    for trip in round_trips(booked(course)[0]).finished:
        assert trip.exit_quantity == pytest.approx(trip.entry_quantity, abs=Decimal("1e-20"))


@given(COURSE | FEES_EVERYWHERE)
def test_unfinished_trips_hold_exactly_what_the_ledger_holds(course):
    events, lots = booked(course)

    held = {trip.instrument_id: trip.lot for trip in round_trips(events).unfinished}

    assert {key: (one.quantity, one.cost) for key, one in held.items()} == {
        key: (one.quantity, one.cost) for key, one in lots.items() if one.quantity
    }


@given(COURSE)
def test_figures_on_trips_lie_where_they_can(course):
    found = trip_figures(round_trips(booked(course)[0]))

    assert found.win_rate is None or 0 <= found.win_rate <= 1
    assert found.profit_factor is None or found.profit_factor >= 0
    if found.largest_win and found.average_win:
        assert found.largest_win >= found.average_win > 0
    if found.largest_loss and found.average_loss:
        assert found.largest_loss <= found.average_loss < 0


SERIES = ("AAPL_1d_splitadj", "ETHBTC_5m_20180110")
STRATEGIES = ("rsi30_70", "sma20_50")
COMMISSION = Decimal("0.001")
TINY = Decimal("1e-11")


def trades_in(name):
    """Trades that others found in a backtest; skips, with the reason, where they are absent."""
    path = FOLDER / "reference" / "backtests" / name
    if not path.exists():
        pytest.skip(f"the reference file {name} is not beside this checkout")
    with path.open() as text:
        return list(csv.DictReader(text))


def fills_of(row):
    quantity = Decimal(row["size"])
    for side, which in ((Side.BUY, "entry"), (Side.SELL, "exit")):
        price = Decimal(row[f"{which}_price"])
        fee = round_half_even(price * quantity * COMMISSION, PRECISION)
        moment = datetime.fromisoformat(row[f"{which}_time"])
        yield moment, TradeReport(APPLE, side, quantity, price, fee)


@pytest.mark.parametrize("sizing", ["fixed", "all_in"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("series", SERIES)
def test_round_trips_agree_with_the_trades_of_public_backtesters(series, strategy, sizing):
    rows = trades_in(f"{series}.{strategy}.{sizing}.trades.csv")

    trips = round_trips(one for row in rows for one in fills_of(row))

    assert len(trips.finished) == len(rows)
    for trip, row in zip(trips.finished, rows, strict=True):
        assert trip.entered_at == datetime.fromisoformat(row["entry_time"])
        assert trip.exited_at == datetime.fromisoformat(row["exit_time"])
        assert trip.entry_quantity == trip.exit_quantity == Decimal(row["size"])
        assert trip.average_entry == pytest.approx(Decimal(row["entry_price"]), abs=TINY)
        assert trip.average_exit == pytest.approx(Decimal(row["exit_price"]), abs=TINY)
        # Values and fees are rounded to eight places here, and are binary fractions there.
        assert trip.fees == pytest.approx(Decimal(row["fees"]), abs=Decimal("2e-8"))
        assert trip.profit == pytest.approx(Decimal(row["pnl_net"]), abs=Decimal("5e-8"))
