"""Claimed once, sent once, and what is not proved stays unknown."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_desk, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, filled, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import HaltState, OrderState, Source, StopMode
from trading.models import Account, Order
from trading.services.barrier import share_barrier
from trading.services.decisions import SEND_WITHIN
from trading.services.recovery import EXPIRE_TOGETHER, expire_stale
from trading.services.sending import send, settle
from tradingfarm.kernel.journal import transaction

pytestmark = pytest.mark.django_db

REJECTED = Outcome(OutcomeKind.REJECTED, problem="Too small.")
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, problem="Timed out.")


def fresh(order):
    return Order.objects.select_related("account", "permission").get(id=order.id)


def halt(desk, state):
    Account.objects.filter(id=desk.account.id).update(halt_state=state)


def test_a_claim_says_what_to_send_and_until_when():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    won = claimed(order, sender="me")

    order = fresh(order)
    assert (order.state, order.sender) == ("SUBMITTING", "me")
    assert order.deadline - order.attempt_at == timedelta(seconds=5)
    assert won.placing.deadline == order.deadline
    assert (won.placing.client_order_id, won.placing.quantity) == (order.client_order_id, 10)
    assert (won.placing.side, won.placing.worst_price) == ("buy", 102)


def test_an_order_is_claimed_once():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    assert claimed(order) is not None
    assert claimed(order) is None


@pytest.mark.django_db(transaction=True)
def test_sixteen_senders_win_one_claim():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    won = race(16, lambda place: claimed(order, sender=f"sender {place}"))

    assert sum(claim is not None for claim in won) == 1


def test_an_order_that_waited_too_long_is_not_claimed_but_expires():
    desk = make_desk()
    order = approved(desk, desk.buy(10), at=wall() - SEND_WITHIN)

    assert claimed(order) is None
    assert expire_stale(account=order.account, at=wall()) == 1

    order = fresh(order)
    assert order.state == "EXPIRED_LOCAL"
    assert order.account.reserved == 0
    assert order.permission.entries_today == 0


def test_many_orders_expire_in_few_turns_at_the_accounts_lock():
    desk = make_desk()
    for number in range(EXPIRE_TOGETHER + 1):
        request = desk.buy(1, key=f"buy {number}", source=Source.PERSON)
        approved(desk, request, at=wall() - SEND_WITHIN)

    with CaptureQueriesContext(connection) as queries:
        assert expire_stale(account=desk.account, at=wall()) == EXPIRE_TOGETHER + 1

    turns = [query for query in queries if "pg_advisory_xact_lock(" in query["sql"]]
    assert len(turns) == 3  # the first fifty, the one that is left, nobody
    assert Account.objects.get().reserved == 0


def test_an_order_that_may_still_be_sent_does_not_expire():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    expire_stale(account=order.account, at=wall())

    assert fresh(order).state == "APPROVED"


def test_what_was_approved_before_a_stop_is_never_claimed_again():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    stopped(desk, StopMode.KEEP)
    halt(desk, HaltState.ACTIVE)

    assert claimed(order) is None
    assert expire_stale(account=Account.objects.get(), at=wall()) == 1
    assert fresh(order).state == "EXPIRED_LOCAL"


def test_an_account_that_was_read_before_a_stop_expires_nothing_of_after_it():
    desk = make_desk()
    read_before = Account.objects.get(id=desk.account.id)
    Account.objects.update(epoch=1)
    order = approved(desk, desk.buy(10))

    expire_stale(account=read_before, at=wall())

    assert fresh(order).state == "APPROVED"


@pytest.mark.parametrize(
    ("state", "source", "goes"),
    [
        (HaltState.REDUCING, Source.AGENT, True),
        (HaltState.HALTED, Source.AGENT, False),
        (HaltState.HALTED, Source.PERSON, True),
        (HaltState.HALTED, Source.PROTECTION, True),
        (HaltState.HALTED, Source.LIQUIDATION, True),
    ],
)
def test_a_halt_after_the_approval_lets_out_only_the_exits_that_it_allows(state, source, goes):
    desk = make_desk()
    filled(desk, desk.buy(10))
    exit_order = approved(desk, desk.sell(10))
    Order.objects.filter(id=exit_order.id).update(source=source)
    halt(desk, state)

    assert (claimed(exit_order) is not None) is goes


@pytest.mark.parametrize("state", [HaltState.REDUCING, HaltState.HALTED])
@pytest.mark.parametrize("source", [Source.AGENT, Source.PERSON])
def test_a_halt_after_the_approval_lets_no_entry_out(state, source):
    desk = make_desk()
    order = approved(desk, replace(desk.buy(10), source=source))
    halt(desk, state)

    assert claimed(order) is None


def test_a_liquidation_outlives_a_second_stop():
    desk = make_desk(halt_state=HaltState.HALTED)
    Account.objects.update(halt_state=HaltState.ACTIVE)
    filled(desk, desk.buy(10))
    halt(desk, HaltState.HALTED)
    order = approved(desk, replace(desk.sell(10), source=Source.LIQUIDATION))
    Account.objects.update(epoch=5)

    assert expire_stale(account=Account.objects.get(), at=wall()) == 0
    assert claimed(order) is not None


def test_a_sender_that_was_paused_after_its_claim_does_not_send():
    desk, exchange = make_desk(), RecordingExchange()
    won = claimed(approved(desk, desk.buy(10)), exchange)

    outcome = send(claimed=won, exchange=exchange, at=won.placing.deadline)

    assert outcome.kind is OutcomeKind.UNKNOWN
    assert exchange.placed == []


def test_an_order_is_sent_once_to_the_exchange():
    desk, exchange = make_desk(), RecordingExchange()

    order = sent(desk, desk.buy(10), exchange)

    assert [placing.client_order_id for placing in exchange.placed] == [order.client_order_id]
    assert (order.state, order.exchange_order_id) == ("OPEN", "x-1")


def test_a_reject_gives_cash_and_entry_back():
    desk = make_desk()

    order = sent(desk, desk.buy(10), RecordingExchange(outcome=REJECTED))

    order = fresh(order)
    assert (order.state, order.problem, order.reserved_cash) == ("REJECTED", "Too small.", 0)
    assert order.account.reserved == 0
    assert order.permission.entries_today == 0
    assert order.ended_at is not None


def test_a_rejected_exit_offers_its_share_again():
    desk = make_desk()
    filled(desk, desk.buy(10))

    sent(desk, desk.sell(10), RecordingExchange(outcome=REJECTED))

    assert desk.share().reserved_quantity == 0


def test_an_unknown_outcome_keeps_everything_set_aside():
    desk = make_desk()

    order = fresh(sent(desk, desk.buy(10), RecordingExchange(outcome=UNKNOWN)))

    assert (order.state, order.problem) == ("UNKNOWN", "Timed out.")
    assert order.account.reserved == order.reserved_cash == Decimal("1021.02")
    assert order.permission.entries_today == 1


@pytest.mark.parametrize("outcome", [REJECTED, UNKNOWN, Outcome(OutcomeKind.ACCEPTED)])
def test_an_answer_that_comes_after_a_report_changes_nothing(outcome):
    desk = make_desk()
    order = filled(desk, desk.buy(10))

    settle(order_id=order.id, token=0, outcome=outcome, at=wall())

    assert fresh(order).state == "FILLED"


def test_an_acceptance_that_comes_late_ends_the_doubt():
    desk = make_desk()
    order = sent(desk, desk.buy(10), RecordingExchange(outcome=UNKNOWN))

    settle(order_id=order.id, token=0, outcome=Outcome(OutcomeKind.ACCEPTED, "x-2"), at=wall())

    order = fresh(order)
    assert (order.state, order.exchange_order_id) == (OrderState.OPEN, "x-2")


def test_an_entry_of_yesterday_is_not_given_back_today():
    desk = make_desk(limits={"max_daily_entries": 1})
    yesterday = sent(desk, desk.buy(10), RecordingExchange(outcome=UNKNOWN))
    type(desk.permission).objects.update(day="2001-03-08", entries_today=1)
    Account.objects.update(day="2001-03-08")

    settle(order_id=yesterday.id, token=0, outcome=REJECTED, at=wall())

    assert fresh(yesterday).permission.entries_today == 1


@pytest.mark.django_db(transaction=True)
def test_an_order_does_not_expire_while_a_sender_claims_it():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    inside, leave = threading.Event(), threading.Event()

    def claimant():
        with transaction():
            share_barrier(account_id=desk.account.id)
            Order.objects.filter(id=order.id).update(
                state=OrderState.SUBMITTING, attempt_at=wall(), deadline=wall()
            )
            inside.set()
            leave.wait(10)

    def expirer():
        inside.wait(10)
        expire_stale(account=desk.account, at=order.expires_at)

    def watcher():
        """Let the claim commit once the expirer waits for it."""
        inside.wait(10)
        for _ in range(200):
            if somebody_waits():
                break
            leave.wait(0.01)
        leave.set()

    actions = [claimant, expirer, watcher]
    outcomes = race(3, lambda place: actions[place]())

    assert outcomes == [None] * 3
    assert (fresh(order).state, fresh(order).account.reserved) == (
        "SUBMITTING",
        Decimal("1021.02"),
    )


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
