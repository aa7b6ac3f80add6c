"""What the farm relies on in every exchange. The same tests run against each of them."""

from dataclasses import replace

import pytest

from tests.contracts.orders import (
    EVERY_KIND,
    RESTING,
    claim,
    filled,
    is_claimed,
    placed,
    reported,
    resting,
    sent,
    terms_of,
    traded,
)
from tests.factories import wall
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind
from trading.domain.states import OrderState

pytestmark = pytest.mark.django_db


# ------------------------------------------------------------------------------ placing, asking


def test_an_accepted_order_that_waits_is_open(venue):
    placing, outcome = placed(venue, **RESTING)

    report = reported(venue, placing)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.exchange_order_id
    assert (report.state, report.trades) == (OrderState.OPEN, ())
    assert report.exchange_order_id == outcome.exchange_order_id
    assert resting(venue, placing.account_id) == (placing.client_order_id,)


def test_an_order_is_found_by_the_id_that_the_exchange_gave_it_too(venue):
    placing, outcome = placed(venue, **RESTING)
    asked = replace(sent(placing), exchange_order_id=outcome.exchange_order_id)

    assert list(venue.exchange.reports(orders=[asked])) == [placing.client_order_id]


def test_an_order_that_the_exchange_does_not_know_is_missing_from_its_answer(venue):
    placing, _ = placed(venue, **RESTING)
    asked = [sent(placing), sent(venue.placing(2))]

    assert list(venue.exchange.reports(orders=asked)) == [placing.client_order_id]
    assert venue.exchange.reports(orders=[]) == {}


def test_an_order_that_comes_after_its_deadline_is_refused_and_never_appears(venue):
    placing, outcome = placed(venue, late=True)
    venue.trade()

    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.problem
    assert reported(venue, placing) is None
    assert resting(venue, placing.account_id) == ()


def test_an_id_that_is_used_twice_makes_one_order_and_proves_no_refusal(venue):
    placing, first = placed(venue, **RESTING)
    _, second = placed(venue, **RESTING)
    venue.move("95")

    assert first.kind is OutcomeKind.ACCEPTED
    assert second.kind is not OutcomeKind.REJECTED
    assert traded(reported(venue, placing)) == placing.quantity


def test_every_order_has_an_id_of_its_own(venue):
    outcomes = [placed(venue, number, **RESTING)[1] for number in (1, 2, 3)]

    assert len({outcome.exchange_order_id for outcome in outcomes}) == 3


# --------------------------------------------------------------------------- what it can do


@pytest.mark.parametrize(("kind", "duration"), EVERY_KIND)
def test_what_is_claimed_is_accepted(venue, kind, duration):
    claim(venue, kind, duration)

    placing, outcome = placed(venue, **terms_of(kind, duration))

    assert outcome.kind is OutcomeKind.ACCEPTED, outcome.problem
    assert reported(venue, placing) is not None


def test_what_is_not_claimed_is_refused_before_anything_is_sent(venue):
    unclaimed = [terms_of(*each) for each in EVERY_KIND if not is_claimed(venue, *each)]
    if not unclaimed:
        pytest.skip("It claims everything.")

    with venue.line_is_cut():
        answers = [placed(venue, number, **terms) for number, terms in enumerate(unclaimed)]

    # Over a cut line whatever was to be sent is UNKNOWN.
    assert {outcome.kind for _, outcome in answers} == {OutcomeKind.REJECTED}
    assert all(outcome.problem for _, outcome in answers)
    assert all(reported(venue, placing) is None for placing, _ in answers)


@pytest.mark.parametrize(
    "terms",
    [
        RESTING | {"limit_price": "95.0000000001"},
        RESTING | {"quantity": "10.0000000001"},
        RESTING | {"quantity": "4", "limit_price": "0.01"},
    ],
    ids=["off the tick", "no whole lots", "worth too little"],
)
def test_terms_that_break_the_rules_of_the_instrument_are_refused(venue, terms):
    placing, outcome = placed(venue, **terms)

    assert outcome.kind is OutcomeKind.REJECTED
    assert outcome.problem
    assert resting(venue, placing.account_id) == ()


# --------------------------------------------------------------------------------- canceling


def test_a_canceled_order_never_trades(venue):
    placing, _ = placed(venue, **RESTING)

    venue.exchange.cancel(order=sent(placing))
    venue.move("90")

    report = reported(venue, placing)
    assert (report.state, report.trades) == (OrderState.CANCELED, ())
    assert resting(venue, placing.account_id) == ()


def test_a_cancel_of_a_partly_filled_order_keeps_its_trades(venue):
    placing, _ = placed(venue, **RESTING)
    venue.move("95", quantity="4")
    before = reported(venue, placing)

    venue.exchange.cancel(order=sent(placing))
    venue.move("90")

    report = reported(venue, placing)
    assert (report.state, traded(report)) == (OrderState.CANCELED, 4)
    assert report.trades == before.trades


def test_a_cancel_that_comes_too_late_changes_nothing(venue):
    placing = filled(venue)

    venue.exchange.cancel(order=sent(placing))

    assert reported(venue, placing).state is OrderState.FILLED


def test_a_cancel_of_an_unknown_order_is_no_error(venue):
    venue.exchange.cancel(order=sent(venue.placing(9)))

    assert reported(venue, venue.placing(9)) is None


# -------------------------------------------------------------------------------- a cut line


def test_placing_over_a_cut_line_is_unknown_and_raises_nothing(venue):
    with venue.line_is_cut():
        _, outcome = placed(venue)

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.problem


def test_questions_over_a_cut_line_have_no_answer(venue):
    placing, _ = placed(venue, **RESTING)
    exchange, account_id = venue.exchange, placing.account_id
    questions = [
        lambda: reported(venue, placing),
        lambda: exchange.open_orders(account_id=account_id),
        lambda: exchange.cancel(order=sent(placing)),
        lambda: exchange.trades(account_id=account_id, since=wall()),
        lambda: exchange.balances(account_id=account_id),
        lambda: exchange.clock_offset(account_id=account_id),
    ]

    with venue.line_is_cut():
        for question in questions:
            with pytest.raises(ExchangeUnavailable):
                question()

    assert reported(venue, placing).state is OrderState.OPEN


def test_the_delays_of_an_exchange_make_a_quarantine(venue):
    delays = venue.exchange.delays

    assert delays.quarantine >= delays.send_window
    assert delays.between_queries.total_seconds() > 0
