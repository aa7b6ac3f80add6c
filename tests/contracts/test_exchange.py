"""What the farm relies on in every exchange. The same tests run against each of them."""

from datetime import timedelta

import pytest

from tests.contracts.venues import VENUES
from trading.domain.exchange import ExchangeUnavailable, OutcomeKind, Sent
from trading.domain.states import OrderState

pytestmark = pytest.mark.django_db


@pytest.fixture(params=VENUES, ids=lambda venue: venue.__name__)
def venue(request):
    return request.param()


def placed(venue, number=1, **terms):
    placing = venue.placing(number, **terms)
    return placing, venue.exchange.place(placing)


def reported(venue, placing):
    return venue.exchange.reports(orders=[sent(placing)]).get(placing.client_order_id)


def sent(placing):
    """The order as it is asked for: the exchange's own id is not known yet."""
    return Sent(
        account_id=placing.account_id,
        client_order_id=placing.client_order_id,
        exchange_order_id="",
        symbol=placing.symbol,
        since=placing.deadline - timedelta(minutes=2),
    )


def resting(venue, account_id):
    """Client ids of what rests at the exchange."""
    found = venue.exchange.open_orders(account_id=account_id)
    return tuple(order.client_order_id for order in found)


def test_an_accepted_order_is_open_until_it_trades(venue):
    placing, outcome = placed(venue)

    report = reported(venue, placing)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.exchange_order_id
    assert (report.state, report.trades) == (OrderState.OPEN, ())
    assert report.exchange_order_id == outcome.exchange_order_id
    assert resting(venue, placing.account_id) == (placing.client_order_id,)


def test_an_order_that_the_exchange_does_not_know_is_missing_from_its_answer(venue):
    placing, _ = placed(venue)
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
    placing, first = placed(venue)
    _, second = placed(venue)
    venue.trade()

    traded = sum(trade.quantity for trade in reported(venue, placing).trades)
    assert first.kind is OutcomeKind.ACCEPTED
    assert second.kind is not OutcomeKind.REJECTED
    assert traded == placing.quantity


def test_a_filled_order_reports_trades_that_add_up(venue):
    placing, _ = placed(venue)

    venue.trade()

    report = reported(venue, placing)
    assert report.state is OrderState.FILLED
    assert sum(trade.quantity for trade in report.trades) == placing.quantity
    assert all(0 < trade.price <= placing.worst_price for trade in report.trades)
    assert all(trade.fee >= 0 and trade.as_of.tzinfo for trade in report.trades)
    assert resting(venue, placing.account_id) == ()


def test_trades_keep_their_ids(venue):
    placing, _ = placed(venue)
    venue.trade()
    before = reported(venue, placing)

    venue.trade()

    assert reported(venue, placing) == before
    assert len({trade.trade_id for trade in before.trades}) == len(before.trades)


def test_no_order_trades_beyond_its_worst_price(venue):
    placing, _ = placed(venue, worst_price="99.99")

    venue.trade()

    report = reported(venue, placing)
    assert (report.state, report.trades) == (OrderState.CANCELED, ())


def test_a_canceled_order_never_trades(venue):
    placing, _ = placed(venue)

    venue.exchange.cancel(order=sent(placing))
    venue.trade()

    report = reported(venue, placing)
    assert (report.state, report.trades) == (OrderState.CANCELED, ())
    assert resting(venue, placing.account_id) == ()


def test_a_cancel_that_comes_too_late_changes_nothing(venue):
    placing, _ = placed(venue)
    venue.trade()

    venue.exchange.cancel(order=sent(placing))

    assert reported(venue, placing).state is OrderState.FILLED


def test_a_cancel_of_an_unknown_order_is_no_error(venue):
    venue.exchange.cancel(order=sent(venue.placing(9)))

    assert reported(venue, venue.placing(9)) is None


def test_an_account_sees_its_own_open_orders_alone(venue):
    placed(venue)

    assert resting(venue, venue.another_account()) == ()


def test_placing_over_a_cut_line_is_unknown_and_raises_nothing(venue):
    with venue.line_is_cut():
        _, outcome = placed(venue)

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.problem


def test_questions_over_a_cut_line_have_no_answer(venue):
    placing, _ = placed(venue)

    with venue.line_is_cut():
        with pytest.raises(ExchangeUnavailable):
            reported(venue, placing)
        with pytest.raises(ExchangeUnavailable):
            venue.exchange.open_orders(account_id=placing.account_id)
        with pytest.raises(ExchangeUnavailable):
            venue.exchange.cancel(order=sent(placing))


def test_the_delays_of_an_exchange_make_a_quarantine(venue):
    delays = venue.exchange.delays

    assert delays.quarantine >= delays.send_window
    assert delays.between_queries.total_seconds() > 0
