"""What the farm relies on in every exchange when orders trade, whole or in parts."""

from decimal import Decimal

import pytest

from tests.contracts.orders import (
    AT_WORK,
    DAY,
    ENDED_EARLY,
    FOK,
    GTC,
    IOC,
    LIMIT,
    RESTING,
    STOP,
    STOP_LIMIT,
    claim,
    filled,
    placed,
    reported,
    resting,
    terms_of,
    traded,
)
from trading.domain.states import OrderState, Side

pytestmark = pytest.mark.django_db


def test_a_filled_order_reports_trades_that_add_up(venue):
    placing = filled(venue)

    report = reported(venue, placing)
    assert report.state is OrderState.FILLED
    assert traded(report) == placing.quantity
    assert all(0 < trade.price <= placing.worst_price for trade in report.trades)
    assert all(trade.fee >= 0 and trade.as_of.tzinfo for trade in report.trades)
    assert resting(venue, placing.account_id) == ()


def test_trades_keep_their_ids(venue):
    placing = filled(venue)
    before = reported(venue, placing)

    venue.trade()

    assert reported(venue, placing) == before
    assert len({trade.trade_id for trade in before.trades}) == len(before.trades)


def test_no_order_trades_beyond_its_worst_price(venue):
    placing, _ = placed(venue, worst_price="99.99")
    venue.trade()

    report = reported(venue, placing)
    assert (report.state in ENDED_EARLY, report.trades) == (True, ())


@pytest.mark.parametrize("duration", [GTC, DAY])
def test_a_limit_below_the_market_waits_and_trades_at_its_own_price(venue, duration):
    claim(venue, LIMIT, duration)
    placing, _ = placed(venue, **RESTING | {"time_in_force": duration})

    venue.move("95.01")
    before = reported(venue, placing)
    venue.move("95")

    report = reported(venue, placing)
    assert (before.state, before.trades) == (OrderState.OPEN, ())
    assert (report.state, traded(report)) == (OrderState.FILLED, placing.quantity)
    assert {trade.price for trade in report.trades} == {placing.limit_price}
    assert all(trade.is_maker for trade in report.trades)


def test_a_limit_above_the_market_trades_at_once_and_not_beyond_it(venue):
    placing, _ = placed(venue, **RESTING | {"limit_price": "101"})
    venue.trade()

    report = reported(venue, placing)
    assert report.state is OrderState.FILLED
    assert all(trade.price <= 101 and not trade.is_maker for trade in report.trades)


@pytest.mark.parametrize("duration", [IOC, FOK])
def test_what_may_not_rest_ends_where_nothing_trades_with_it(venue, duration):
    claim(venue, LIMIT, duration)
    placing, _ = placed(venue, **RESTING | {"time_in_force": duration})
    venue.trade()

    report = reported(venue, placing)
    assert (report.state in ENDED_EARLY, report.trades) == (True, ())


@pytest.mark.parametrize(("kind", "limit"), [(STOP, None), (STOP_LIMIT, "106")])
def test_a_stop_trades_from_its_price_on_and_not_before(venue, kind, limit):
    claim(venue, kind, GTC)
    placing, _ = placed(venue, **terms_of(kind, GTC))

    venue.move("104.99")
    before = reported(venue, placing)
    venue.move("105")

    report = reported(venue, placing)
    assert (before.state, before.trades) == (OrderState.OPEN, ())
    assert (report.state, traded(report)) == (OrderState.FILLED, placing.quantity)
    worst = Decimal(limit) if limit else placing.worst_price
    assert all(trade.price <= worst for trade in report.trades)


def test_a_reduce_only_sell_sells_no_more_than_is_held(venue):
    if not venue.exchange.capabilities.reduce_only:
        pytest.skip("It does not claim reduce-only.")
    bought = filled(venue, 1)

    selling = filled(venue, 2, side=Side.SELL, quantity="14", worst_price="95", reduce_only=True)

    report = reported(venue, selling)
    assert (report.state in ENDED_EARLY, traded(report)) == (True, bought.quantity)


# ------------------------------------------------------------------------------------- parts


def test_a_resting_order_is_filled_in_parts(venue):
    placing, _ = placed(venue, **RESTING)

    states, sums = [], []
    for _ in range(3):
        venue.move("95", quantity="4")
        report = reported(venue, placing)
        states.append(report.state)
        sums.append(traded(report))

    assert sums == [4, 8, 10]
    assert set(states[:2]) <= AT_WORK
    assert states[2] is OrderState.FILLED
    assert len({trade.trade_id for trade in report.trades}) == 3


def test_a_partly_filled_order_shows_how_far_it_is(venue):
    placing, _ = placed(venue, **RESTING)
    venue.move("95", quantity="4")

    (found,) = venue.exchange.open_orders(account_id=placing.account_id)

    assert (found.quantity, found.filled_quantity) == (placing.quantity, 4)


def test_what_may_not_rest_keeps_the_part_that_traded(venue):
    claim(venue, LIMIT, IOC)
    venue.move("95", quantity="4")
    placing, _ = placed(venue, **RESTING | {"time_in_force": IOC})
    venue.trade()

    report = reported(venue, placing)
    assert (report.state in ENDED_EARLY, traded(report)) == (True, 4)


def test_all_or_nothing_is_nothing_where_there_is_less(venue):
    claim(venue, LIMIT, FOK)
    venue.move("95", quantity="4")
    placing, _ = placed(venue, **RESTING | {"time_in_force": FOK})
    venue.trade()

    report = reported(venue, placing)
    assert (report.state in ENDED_EARLY, report.trades) == (True, ())


def test_all_or_nothing_is_all_where_there_is_enough(venue):
    claim(venue, LIMIT, FOK)
    venue.move("95")
    placing, _ = placed(venue, **RESTING | {"time_in_force": FOK})
    venue.trade()

    report = reported(venue, placing)
    assert (report.state, traded(report)) == (OrderState.FILLED, placing.quantity)
