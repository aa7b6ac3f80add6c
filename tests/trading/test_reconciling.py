"""Compared with the exchange: ready when the books agree, reducing when they keep differing."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk, make_instrument, wall
from tests.trading.locks import locks_taken
from tests.trading.steps import approved, claimed, decided, make_sender, report, sent
from tests.trading.venues import RecordingExchange, found
from trading.domain.exchange import ExchangeUnavailable, FoundTrade, Outcome, OutcomeKind, Trade
from trading.domain.states import BreakerKind, OrderState, Side, Source
from trading.models import Account, Breaker, Fill, Order, Position, Reconciliation
from trading.services.fills import ingest
from trading.services.leases import Ownership, OwnershipLost
from trading.services.reconciling import reconcile
from trading.services.recovery import follow_up, look_for_tombstones
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db

START, PERIODIC = Reconciliation.Kind.START, Reconciliation.Kind.PERIODIC


def unready(**changes):
    """A desk whose account has a new owner, and its exchange, which holds what we think."""
    desk = make_desk()
    Account.objects.update(is_ready=False, **changes)
    exchange = RecordingExchange()
    exchange.held = {"USD": Decimal(100_000)}
    return desk, exchange


def compared(desk, exchange, *, after=0, kind=START, token=0):
    at = wall() + timedelta(seconds=after)
    reading = reconcile(
        account=Account.objects.get(id=desk.account.id),
        exchange=exchange,
        ownership=Ownership(desk.account.id, token),
        kind=kind,
        now=NOW,
        at=at,
    )
    desk.account.refresh_from_db()
    return reading


def trade(trade_id, *, quantity="4", price="100", side=Side.BUY, order="x-9", client=""):
    told = Trade(str(trade_id), Decimal(quantity), Decimal(price), Decimal(0), NOW)
    return FoundTrade(client, order, "AAPL", side, told)


def test_books_that_agree_make_the_account_ready():
    desk, exchange = unready()

    reading = compared(desk, exchange)

    assert reading.agrees
    assert (desk.account.is_ready, desk.account.reconciliation) == (True, "")
    assert Reconciliation.objects.get().agreed
    assert JournalEvent.objects.filter(kind="account.reconciled").count() == 1


def test_an_exchange_that_does_not_answer_makes_nobody_ready():
    desk, _ = unready()

    with pytest.raises(ExchangeUnavailable):
        compared(desk, RecordingExchange(is_down=True))

    assert not Account.objects.get().is_ready


def test_a_sender_that_lost_the_account_makes_nobody_ready():
    desk, exchange = unready(fencing_token=2)

    with pytest.raises(OwnershipLost):
        compared(desk, exchange, token=1)

    assert not Account.objects.get().is_ready


def test_a_first_difference_leaves_the_account_unready_and_says_what_differs():
    desk, exchange = unready()
    exchange.held = {"USD": Decimal(99_000)}

    compared(desk, exchange)

    assert not desk.account.is_ready
    assert desk.account.reconciliation == "USD: 100000 here, 99000 at the exchange"
    assert not Breaker.objects.exists()


def test_the_same_difference_seconds_later_only_lets_it_reduce():
    desk, exchange = unready()
    exchange.held = {"USD": Decimal(99_000)}

    compared(desk, exchange)
    compared(desk, exchange, after=6)

    assert desk.account.is_ready
    assert Breaker.objects.get().kind == BreakerKind.DIFFERENCE
    assert "BREAKERS" in decided(desk, desk.buy(1)).denials


def test_no_claim_is_under_way_when_a_difference_halts_the_account():
    desk, exchange = unready()
    compared(desk, exchange)
    exchange.held = {"USD": Decimal(99_000)}

    with locks_taken() as taken:
        compared(desk, exchange, kind=PERIODIC)

    assert taken[:2] == ["barrier", "row"]


def test_books_that_agree_hold_no_claim_up():
    desk, exchange = unready()

    with locks_taken() as taken:
        compared(desk, exchange)

    assert "barrier" not in taken


def test_a_difference_that_went_by_itself_is_none():
    desk, exchange = unready()
    exchange.held = {"USD": Decimal(99_000)}
    compared(desk, exchange)

    exchange.held = {"USD": Decimal(100_000)}
    compared(desk, exchange, after=6)

    assert desk.account.is_ready
    assert not Breaker.objects.exists()


def test_two_readings_too_soon_after_each_other_count_as_one():
    desk, exchange = unready()
    exchange.held = {"USD": Decimal(99_000)}

    compared(desk, exchange)
    compared(desk, exchange, after=4)

    assert not desk.account.is_ready


def test_a_comparison_across_a_change_of_our_own_proves_nothing():
    desk, exchange = unready()

    class Busy(RecordingExchange):
        def balances(self, *, account_id):
            Account.objects.update(cash=Decimal(1))
            return exchange.held

    reading = compared(desk, Busy())

    assert not reading.is_final
    assert not desk.account.is_ready


def test_an_open_order_that_is_not_ours_is_adopted_and_freezes_its_instrument():
    desk, exchange = unready()
    exchange.elsewhere = [found("by-hand", quantity="3")]

    compared(desk, exchange)
    compared(desk, exchange, after=1)

    order = Order.objects.get()
    assert (order.source, order.state, order.quantity) == (Source.EXTERNAL, OrderState.OPEN, 3)
    assert order.permission is None
    breaker = Breaker.objects.get()
    assert (breaker.kind, breaker.instrument) == ("external_activity", desk.instrument)
    assert "BREAKERS" in decided(desk, desk.buy(1)).denials
    assert JournalEvent.objects.filter(kind="order.external").count() == 1


def test_trades_of_an_order_that_is_not_ours_are_booked_once():
    desk, exchange = unready()
    exchange.traded = [trade(1), trade(2, quantity="1")]
    exchange.held = {"USD": Decimal(99_500), "AAPL": Decimal(5)}

    compared(desk, exchange)
    compared(desk, exchange, after=1)

    assert Fill.objects.count() == 2
    assert Position.objects.get().quantity == 5
    assert Account.objects.get().cash == 99_500
    assert Order.objects.get().state == OrderState.FILLED
    assert desk.account.is_ready


def test_a_trade_that_shows_after_its_order_has_ended_is_booked():
    desk, exchange = unready()
    Account.objects.update(is_ready=True)
    order = sent(desk, desk.buy(10))
    ingest(order_id=order.id, report=report(order, state=OrderState.CANCELED), at=wall())
    late = report(order, (7, 4, 100), state=OrderState.CANCELED)
    exchange.known = {order.client_order_id: late}
    exchange.traded = [trade(7, order="at-the-exchange", client=order.client_order_id)]
    exchange.held = {"USD": Decimal(99_600), "AAPL": Decimal(4)}

    reading = compared(desk, exchange, kind=PERIODIC)
    compared(desk, exchange, kind=PERIODIC)

    order.refresh_from_db()
    assert (order.state, order.filled_quantity) == (OrderState.CANCELED, 4)
    assert (Fill.objects.count(), desk.share().quantity) == (1, 4)
    assert reading.agrees


def test_more_trades_of_an_order_that_is_not_ours_are_booked_when_they_show():
    desk, exchange = unready()
    exchange.traded = [trade(1, client="by-hand")]
    exchange.held = {"USD": Decimal(99_600), "AAPL": Decimal(4)}
    compared(desk, exchange)

    exchange.traded += [trade(2, quantity="1", client="by-hand")]
    exchange.held = {"USD": Decimal(99_500), "AAPL": Decimal(5)}
    reading = compared(desk, exchange, after=1)

    assert reading.agrees
    assert (Order.objects.get().quantity, Position.objects.get().quantity) == (5, 5)


def test_trades_of_two_instruments_may_have_one_id():
    desk, exchange = unready()
    other = FoundTrade("", "x-10", make_instrument("MSFT").symbol, Side.BUY, trade(1).trade)
    exchange.traded = [trade(1)]
    compared(desk, exchange)

    exchange.traded += [other]
    compared(desk, exchange, after=1)

    assert Fill.objects.count() == 2


def test_an_order_with_a_name_too_long_for_ours_is_adopted_once():
    desk, exchange = unready()
    exchange.elsewhere = [found("web_0123456789abcdef0123456789abcdef")]

    readings = [compared(desk, exchange, after=after) for after in (0, 1)]

    assert [reading.adopted for reading in readings] == [1, 0]
    assert Order.objects.count() == 1


def test_an_order_in_an_unknown_symbol_is_said_and_not_booked():
    desk, exchange = unready()
    exchange.elsewhere = [found("by-hand", symbol="NOPE")]

    compared(desk, exchange)

    assert "NOPE" in desk.account.reconciliation
    assert not Order.objects.exists()


def test_what_would_sell_more_than_is_held_halts_the_account():
    desk, exchange = unready()
    exchange.traded = [trade(1, side=Side.SELL)]

    compared(desk, exchange)

    assert Account.objects.get().halt_state == "HALTED"


def test_a_claim_that_a_crash_left_is_settled_before_the_account_is_ready():
    desk, exchange = unready()
    order = claimed_before(desk)
    exchange.known = {order.client_order_id: report(order, (1, 10, 100), state=OrderState.FILLED)}
    exchange.held = {"USD": Decimal(99_000), "AAPL": Decimal(10)}

    compared(desk, exchange)

    order.refresh_from_db()
    assert order.state == OrderState.FILLED
    assert desk.account.is_ready


def claimed_before(desk):
    Account.objects.update(is_ready=True)
    order = approved(desk, desk.buy(10))
    claimed(order)
    Account.objects.update(is_ready=False)
    return order


def gone(desk):
    """An order that was proved absent, a moment ago."""
    unknown = RecordingExchange(outcome=Outcome(OutcomeKind.UNKNOWN))
    order = sent(desk, desk.buy(10), unknown)
    for seconds in (17, 20):
        at = order.attempt_at + timedelta(seconds=seconds)
        follow_up(account=desk.account, exchange=RecordingExchange(), at=at)
    order.refresh_from_db()
    assert order.state == OrderState.NOT_PLACED
    return order


def test_an_order_that_was_proved_absent_is_looked_for_another_day():
    desk = make_desk()
    order = gone(desk)

    assert order.watch_until - order.ended_at == timedelta(hours=24)


def test_an_order_that_appears_all_the_same_is_canceled_and_told():
    desk = make_desk()
    order = gone(desk)
    exchange = RecordingExchange(known=[report(order)])

    looked = look_for_tombstones(account=desk.account, exchange=exchange, at=wall())

    order.refresh_from_db()
    assert (looked, exchange.canceled) == (1, [order.client_order_id])
    assert (order.state, order.watch_until is None) == (OrderState.NOT_PLACED, False)
    assert JournalEvent.objects.filter(kind="order.reappeared").count() == 1


def test_its_trades_are_booked_and_nothing_is_sent_again():
    desk = make_desk()
    order = gone(desk)
    told = report(order, (1, 10, 100), state=OrderState.FILLED)

    look_for_tombstones(account=desk.account, exchange=RecordingExchange(known=[told]), at=wall())

    order.refresh_from_db()
    assert (order.state, order.filled_quantity) == (OrderState.NOT_PLACED, 10)
    assert order.watch_until is None
    assert desk.share().quantity == 10
    assert Account.objects.get().reserved == 0


def test_a_trade_of_it_forbids_the_proof_of_absence():
    desk = make_desk()
    order = sent(desk, desk.buy(10), RecordingExchange(outcome=Outcome(OutcomeKind.UNKNOWN)))
    exchange = RecordingExchange()
    exchange.traded = [trade(1, client=order.client_order_id)]

    for seconds in (17, 20, 60):
        at = order.attempt_at + timedelta(seconds=seconds)
        follow_up(account=desk.account, exchange=exchange, at=at)

    order.refresh_from_db()
    assert order.state == OrderState.UNKNOWN


def test_a_clock_that_is_off_proves_nothing():
    desk = make_desk()
    order = sent(desk, desk.buy(10), RecordingExchange(outcome=Outcome(OutcomeKind.UNKNOWN)))
    exchange = RecordingExchange()
    exchange.offset = timedelta(milliseconds=-500)

    for seconds in (17, 20, 60):
        at = order.attempt_at + timedelta(seconds=seconds)
        follow_up(account=desk.account, exchange=exchange, at=at)

    order.refresh_from_db()
    assert order.state == OrderState.UNKNOWN


def test_the_sender_reconciles_a_new_account_before_anything_else():
    make_desk()
    assert Account.objects.get().fencing_token == 0

    make_sender().work()

    account = Account.objects.get()
    assert (account.is_ready, account.fencing_token) == (True, 1)
    assert Reconciliation.objects.get().kind == START


def test_an_account_that_is_not_ready_lets_no_agent_order():
    desk = make_desk()
    Account.objects.update(is_ready=False)

    assert decided(desk, desk.buy(1)).denials == ("READY",)
