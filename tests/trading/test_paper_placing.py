"""What the paper exchange takes: judged and written in one statement, refused with a sentence."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.contracts.venues import PaperVenue
from tests.factories import wall
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind, Sent
from trading.domain.states import OrderType, Side, TimeInForce
from trading.models import Account, PaperOrder

pytestmark = pytest.mark.django_db

LIMIT = {"order_type": OrderType.LIMIT, "limit_price": "95"}
STOP_LIMIT = {
    "order_type": OrderType.STOP_LIMIT,
    "time_in_force": TimeInForce.DAY,
    "stop_price": "105",
    "limit_price": "106",
}


@pytest.fixture
def venue():
    return PaperVenue()


def place(venue, number=1, **terms):
    return venue.exchange.place(venue.placing(number, **terms))


def switch(venue, **switches):
    Account.objects.filter(id=venue.account.id).update(**switches)


def sent(venue, number=1):
    placing = venue.placing(number)
    return Sent(placing.account_id, placing.client_order_id, "", placing.symbol, wall())


@pytest.mark.django_db(transaction=True)
def test_an_order_of_any_type_is_placed_in_one_statement(venue):
    for number, terms in enumerate(({}, LIMIT, STOP_LIMIT)):
        with CaptureQueriesContext(connection) as captured:
            place(venue, number, **terms)
        assert len(captured) == 1

    assert PaperOrder.objects.count() == 3


def test_an_order_is_kept_with_its_terms_and_those_of_its_account(venue):
    switch(venue, maker_fee_rate=Decimal("0.0004"), participation_pct=Decimal("12.5"))

    place(venue, **STOP_LIMIT | {"side": Side.SELL, "reduce_only": True})

    order = PaperOrder.objects.get()
    assert (order.order_type, order.time_in_force, order.side) == ("stop_limit", "DAY", "sell")
    assert (order.stop_price, order.limit_price, order.reduce_only) == (105, 106, True)
    assert order.good_until == venue.now + timedelta(hours=6)
    assert (order.maker_fee_rate, order.participation_pct) == (Decimal("0.0004"), Decimal("12.5"))


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        (LIMIT | {"limit_price": "95.001"}, "The limit price is not on the tick of 0.01."),
        (STOP_LIMIT | {"stop_price": "105.001"}, "The stop price is not on the tick of 0.01."),
        ({"quantity": "1.5"}, "The quantity is no multiple of the lot size 1."),
        (LIMIT | {"quantity": "1", "limit_price": "0.99"}, "The order is worth less than 1."),
        ({"quantity": "1", "worst_price": "0.99"}, "The order is worth less than 1."),
        (LIMIT | {"limit_price": None}, "It needs a limit price above zero."),
    ],
)
def test_terms_that_break_a_rule_are_refused_with_the_rule(venue, terms, problem):
    outcome = place(venue, **terms)

    assert (outcome.kind, outcome.problem) == (OutcomeKind.REJECTED, problem)
    assert not PaperOrder.objects.exists()


def test_a_sell_that_only_reduces_may_be_worth_little(venue):
    terms = LIMIT | {"quantity": "1", "limit_price": "0.99", "side": Side.SELL}

    assert place(venue, 1, **terms).kind is OutcomeKind.REJECTED
    assert place(venue, 2, **terms, reduce_only=True).kind is OutcomeKind.ACCEPTED


def test_an_account_or_an_instrument_that_is_not_there_takes_nothing(venue):
    nobody, nothing = {"account_id": UUID(int=1)}, {"instrument_id": UUID(int=1)}

    problems = [place(venue, **terms).problem for terms in (nobody, nothing)]

    assert problems == [
        "The paper exchange has no such account.",
        "The paper exchange has no such instrument.",
    ]


def test_an_exchange_that_refuses_orders_says_so_and_answers_questions(venue):
    switch(venue, rejects_orders=True)

    outcome = place(venue)

    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.problem == "The paper exchange refuses orders at the moment."
    assert venue.exchange.reports(orders=[sent(venue)]) == {}


@pytest.mark.parametrize("rejects_orders", [False, True])
def test_an_exchange_that_is_out_takes_nothing_and_proves_nothing(venue, rejects_orders):
    switch(venue, is_out=True, rejects_orders=rejects_orders)

    outcome = place(venue, **LIMIT)

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.problem == "The paper exchange does not answer."
    assert not PaperOrder.objects.exists()


@pytest.mark.parametrize(
    "question",
    [
        lambda venue: venue.exchange.reports(orders=[sent(venue)]),
        lambda venue: venue.exchange.cancel(order=sent(venue)),
        lambda venue: venue.exchange.open_orders(account_id=venue.account.id),
        lambda venue: venue.exchange.trades(account_id=venue.account.id, since=wall()),
        lambda venue: venue.exchange.balances(account_id=venue.account.id),
        lambda venue: venue.exchange.clock_offset(account_id=venue.account.id),
    ],
    ids=["reports", "cancel", "open orders", "trades", "balances", "clock"],
)
def test_an_exchange_that_is_out_answers_no_question(venue, question):
    place(venue)
    switch(venue, is_out=True)

    with pytest.raises(ExchangeUnavailable, match="does not answer"):
        question(venue)

    assert PaperOrder.objects.get().state == "OPEN"


def test_what_is_out_for_one_account_answers_another(venue):
    switch(venue, is_out=True)

    assert venue.exchange.open_orders(account_id=venue.another_account()) == ()


def test_an_id_that_is_in_use_proves_nothing_even_where_the_order_is_refused(venue):
    place(venue)
    switch(venue, rejects_orders=True)

    assert place(venue).kind is OutcomeKind.UNKNOWN


def test_a_switch_that_is_back_at_the_second_look_leaves_a_refusal(venue):
    switch(venue, rejects_orders=True)

    def back(execute, sql, *rest):
        if sql.strip().startswith("WITH judged"):
            Account.objects.filter(rejects_orders=True).update(rejects_orders=False)
        return execute(sql, *rest)

    with connection.execute_wrapper(back):
        outcome = place(venue)

    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.problem == "The paper exchange did not take it."
    assert not PaperOrder.objects.exists()


def test_there_is_no_dead_man(venue):
    with pytest.raises(ExchangeUnavailable):
        venue.exchange.arm_dead_man(account_id=venue.account.id, timeout=timedelta(seconds=1))
