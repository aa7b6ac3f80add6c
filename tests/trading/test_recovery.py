"""What a crash or a silent exchange left is found again, and never sent a second time."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import make_desk, wall
from tests.trading.steps import approved, claimed, filled, report, sent
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import ExchangeUnavailable, Outcome, OutcomeKind
from trading.domain.states import OrderState
from trading.models import Account, Fill, Order, PositionShare
from trading.services.recovery import follow_up
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db

UNKNOWN = Outcome(OutcomeKind.UNKNOWN, problem="Timed out.")


def followed(order, exchange, *, after):
    """One look at the order, `after` seconds since the attempt to send it."""
    order.refresh_from_db()
    at = order.attempt_at + timedelta(seconds=after)
    moved = follow_up(account=Account.objects.get(), exchange=exchange, at=at)
    order.refresh_from_db()
    return moved


def crashed():
    """An order whose sender died after the claim."""
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    claimed(order)
    return desk, order


def test_a_claim_whose_sender_died_is_unknown_past_its_deadline():
    _, order = crashed()

    followed(order, RecordingExchange(), after=5)
    assert order.state == "SUBMITTING"
    followed(order, RecordingExchange(), after=5.001)

    assert order.state == "UNKNOWN"
    assert Account.objects.get().reserved == Decimal("1021.02")


def test_an_absent_order_is_proved_absent_by_two_answers_after_the_quarantine_a_while_apart():
    # This exchange's quarantine is 16 seconds, its answers must lie 2 apart.
    _, order = crashed()
    exchange = RecordingExchange()

    states = []
    for seconds in (6, 10, 15.9, 16, 17.9, 18):
        followed(order, exchange, after=seconds)
        states.append(order.state)

    assert states == ["UNKNOWN"] * 5 + ["NOT_PLACED"]
    assert exchange.placed == []
    account, permission = Account.objects.get(), order.permission
    permission.refresh_from_db()
    assert (account.reserved, order.reserved_cash, permission.entries_today) == (0, 0, 0)


def test_no_number_of_answers_proves_anything_before_the_quarantine():
    _, order = crashed()

    for _ in range(20):
        followed(order, RecordingExchange(), after=15.9)

    assert order.state == "UNKNOWN"
    assert order.absent_since is None


def test_an_order_among_the_open_ones_is_not_absent():
    _, order = crashed()
    exchange = RecordingExchange()
    exchange.resting = [order.client_order_id]

    for seconds in (16, 18, 60):
        followed(order, exchange, after=seconds)

    assert order.state == "UNKNOWN"


def test_an_order_that_appears_at_the_last_question_is_not_absent():
    class Slow(RecordingExchange):
        asked = 0

        def reports(self, *, orders):
            Slow.asked += 1
            return {} if Slow.asked < 3 else super().reports(orders=orders)

    _, order = crashed()
    exchange = Slow(known=[report(order)])

    followed(order, exchange, after=16)
    followed(order, exchange, after=18)

    assert (Slow.asked, order.state) == (3, "UNKNOWN")
    followed(order, exchange, after=19)
    assert order.state == "OPEN"


def test_an_unknown_order_that_the_exchange_has_filled_is_filled():
    desk = make_desk()
    order = sent(desk, desk.buy(10), RecordingExchange(outcome=UNKNOWN))
    known = report(order, ("t1", 10, 100), state=OrderState.FILLED)

    moved = followed(order, RecordingExchange(known=[known]), after=1)

    assert (moved, order.state, Fill.objects.count()) == (1, "FILLED", 1)


def test_a_report_that_says_nothing_new_writes_nothing():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    events = JournalEvent.objects.count()

    moved = followed(order, RecordingExchange(known=[report(order)]), after=1)

    assert (moved, JournalEvent.objects.count()) == (0, events)


def test_an_exchange_that_does_not_answer_changes_nothing():
    _, order = crashed()

    for seconds in (16, 18, 600):
        with pytest.raises(ExchangeUnavailable):
            followed(order, RecordingExchange(is_down=True), after=seconds)

    order.refresh_from_db()
    assert (order.state, order.absent_since) == ("SUBMITTING", None)


def test_an_exchange_that_falls_silent_at_the_last_question_proves_nothing():
    class Hiding(RecordingExchange):
        def open_orders(self, *, account_id):
            raise ExchangeUnavailable("No answer.")

    _, order = crashed()
    followed(order, Hiding(), after=16)

    with pytest.raises(ExchangeUnavailable):
        followed(order, Hiding(), after=18)

    order.refresh_from_db()
    assert order.state == "UNKNOWN"


def test_an_order_that_was_never_claimed_is_not_asked_about():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    assert (
        follow_up(account=desk.account, exchange=RecordingExchange(is_down=True), at=wall()) == 0
    )
    order.refresh_from_db()
    assert order.state == "APPROVED"


def test_an_open_order_that_the_exchange_has_lost_stays_open():
    desk = make_desk()
    order = sent(desk, desk.buy(10))

    for seconds in (16, 18, 600):
        followed(order, RecordingExchange(), after=seconds)

    assert order.state == "OPEN"


def test_a_report_that_breaks_the_book_halts_the_account_and_leaves_the_others_alone():
    desk = make_desk()
    filled(desk, desk.buy(10))
    broken, sound = sent(desk, desk.sell(10)), sent(desk, desk.buy(1, key="sound"))
    PositionShare.objects.update(quantity=5, reserved_quantity=5)
    exchange = RecordingExchange(
        known=[
            report(broken, ("t2", 10, 100), state=OrderState.FILLED),
            report(sound, ("t3", 1, 100), state=OrderState.FILLED),
        ]
    )

    for _ in range(2):
        follow_up(account=desk.account, exchange=exchange, at=wall())

    account = Account.objects.get()
    states = set(Order.objects.values_list("state", flat=True))
    halts = JournalEvent.objects.filter(stream=account_stream(account.id), kind="account.halted")
    assert (account.halt_state, account.epoch, halts.count()) == ("HALTED", 1, 1)
    assert "10 sold of 5 held" in account.halt_reason
    assert states == {"OPEN", "FILLED"}
