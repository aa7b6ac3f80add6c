"""What the farm relies on in every exchange when it asks what an account has and did."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.contracts.orders import (
    LIMIT,
    RESTING,
    as_found,
    filled,
    placed,
    reported,
    resting,
)
from tests.factories import wall
from trading.domain.exchange import asset_of
from trading.domain.ledger import PRECISION
from trading.domain.states import Side
from tradingfarm.kernel.money import round_half_even

pytestmark = pytest.mark.django_db


def test_an_account_sees_its_own_open_orders_alone(venue):
    placed(venue, **RESTING)

    assert resting(venue, venue.another_account()) == ()


def test_open_orders_are_told_with_their_terms(venue):
    placing, outcome = placed(venue, **RESTING)

    (found,) = venue.exchange.open_orders(account_id=placing.account_id)

    assert (found.exchange_order_id, found.symbol) == (outcome.exchange_order_id, placing.symbol)
    assert (found.side, found.order_type, found.limit_price) == (Side.BUY, LIMIT, 95)
    assert abs(found.placed_at - wall()) < timedelta(minutes=1)


def test_an_order_of_somebody_else_is_found_and_can_be_canceled(venue):
    foreign, placing = venue.foreign_order(), venue.placing(1)

    (found,) = venue.exchange.open_orders(account_id=placing.account_id)
    venue.exchange.cancel(order=as_found(placing, found))

    assert (found.exchange_order_id, found.side, found.quantity) == (foreign, Side.BUY, 4)
    assert found.client_order_id != placing.client_order_id
    assert venue.exchange.open_orders(account_id=placing.account_id) == ()


def test_trades_are_told_with_the_orders_that_made_them(venue):
    ours = filled(venue)
    foreign = venue.foreign_order()
    venue.move("90")

    found = venue.exchange.trades(account_id=ours.account_id, since=wall() - timedelta(minutes=1))

    by_order = {trade.exchange_order_id: trade.client_order_id for trade in found}
    assert by_order[foreign] != ours.client_order_id
    assert ours.client_order_id in by_order.values()
    assert {trade.symbol for trade in found} == {ours.symbol}
    told = [trade.trade for trade in found if trade.client_order_id == ours.client_order_id]
    assert tuple(told) == reported(venue, ours).trades


def test_only_trades_since_the_moment_are_told(venue):
    placing = filled(venue)

    later = wall() + timedelta(minutes=1)

    assert venue.exchange.trades(account_id=placing.account_id, since=later) == ()


def test_balances_are_what_trades_and_fees_have_made_of_them(venue):
    account_id = venue.placing(1).account_id
    before = venue.exchange.balances(account_id=account_id)
    bought = filled(venue, 1)
    sold = filled(venue, 2, side=Side.SELL, quantity="4", worst_price="95", reduce_only=True)

    after = venue.exchange.balances(account_id=account_id)

    change = defaultdict(Decimal)
    for placing, sign in ((bought, 1), (sold, -1)):
        for trade in reported(venue, placing).trades:
            change[asset_of(placing.symbol)] += sign * trade.quantity
            value = round_half_even(trade.price * trade.quantity, PRECISION)
            change[venue.currency] -= sign * value
            change[trade.fee_currency or venue.currency] -= trade.fee
    assert change
    for asset in {*before, *after, *change}:
        assert after.get(asset, 0) - before.get(asset, 0) == change[asset], asset


def test_an_asset_that_is_not_held_is_missing(venue):
    placing = venue.placing(1)

    balances = venue.exchange.balances(account_id=placing.account_id)

    assert asset_of(placing.symbol) not in balances
    assert balances[venue.currency] > 0


def test_money_in_a_resting_order_is_still_held(venue):
    placing = venue.placing(1)
    before = venue.exchange.balances(account_id=placing.account_id)

    placed(venue, **RESTING)

    assert venue.exchange.balances(account_id=placing.account_id) == before


def test_its_clock_is_close_to_ours(venue):
    account_id = venue.placing(1).account_id

    assert abs(venue.exchange.clock_offset(account_id=account_id)) < timedelta(seconds=1)
