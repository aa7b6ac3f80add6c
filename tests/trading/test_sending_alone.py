"""What leaves has been committed before, and by nobody's leave but that of this very moment."""

import os
import threading
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from tests.factories import NOW, make_desk, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, decided, filled, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import HaltState, OrderType, StopMode, TimeInForce
from trading.models import Account
from trading.services.barrier import halt, own_barrier
from trading.services.leases import Ownership
from trading.services.sending import claim, send
from tradingfarm.kernel.journal import transaction

WAITS_SECONDS = 1.5


class LookingExchange(RecordingExchange):
    """Notes what everybody else can see of an order while it is being placed."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def place(self, placing):
        address = os.environ["DATABASE_URL"]
        database = connection.settings_dict["NAME"]
        with psycopg.connect(address, dbname=database) as other:
            query = "SELECT state FROM trading_order WHERE client_order_id = %s"
            self.seen.append(other.execute(query, [placing.client_order_id]).fetchone())
        return super().place(placing)


@pytest.mark.django_db(transaction=True)
def test_the_claim_is_committed_before_the_order_leaves():
    desk, exchange = make_desk(), LookingExchange()

    sent(desk, desk.buy(10), exchange)

    assert exchange.seen == [("SUBMITTING",)]
    assert len(exchange.placed) == 1


def behind_a_stop(desk, act):
    """What `act` answers that begins when a stop has written, and a while before it commits."""
    written, answered = threading.Event(), threading.Event()

    def stopper():
        with transaction():
            halt(own_barrier(account_id=desk.account.id), reason="stop")
            written.set()
            answered.wait(WAITS_SECONDS)  # only who does not wait for the stop answers by then

    def other():
        written.wait(10)
        try:
            return act()
        finally:
            answered.set()

    actions = [stopper, other]
    return race(2, lambda place: actions[place]())[1]


@pytest.mark.django_db(transaction=True)
def test_a_claim_waits_for_a_stop_that_has_not_committed_yet():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    assert behind_a_stop(desk, lambda: claimed(order)) is None


@pytest.mark.django_db(transaction=True)
def test_a_decision_waits_for_a_stop_that_has_not_committed_yet():
    desk = make_desk()
    # Its day has begun and the hours of markets are read: nothing else locks, or takes long.
    decided(desk, desk.buy(1, key="first"))

    verdict = behind_a_stop(desk, lambda: decided(desk, desk.buy(10)))

    assert "HALT_STATE" in verdict.denials


@pytest.mark.django_db
def test_who_lost_the_account_claims_nothing_when_its_successor_is_ready():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    token = Account.objects.get().fencing_token
    Account.objects.update(fencing_token=token + 1, is_ready=True)

    won = claim(
        order_id=order.id,
        ownership=Ownership(desk.account.id, token),
        sender="before",
        exchange=RecordingExchange(),
    )

    assert won is None


@pytest.mark.django_db
def test_an_order_of_before_a_stop_is_not_claimed_when_the_account_trades_again():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    stopped(desk, StopMode.KEEP)
    Account.objects.update(halt_state=HaltState.ACTIVE)

    assert claimed(order) is None


@pytest.mark.django_db
def test_a_sell_that_waits_makes_no_room_for_a_buy():
    desk = make_desk(limits={"max_position_value": Decimal(1_050), "price_collar_pct": Decimal(1)})
    filled(desk, desk.buy(10))
    sent(
        desk,
        desk.sell(
            10,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(101),
            time_in_force=TimeInForce.GTC,
        ),
    )

    verdict = decided(desk, desk.buy(5, key="more"))

    assert "POSITION_SIZE" in verdict.denials


@pytest.mark.django_db
def test_a_day_is_that_of_the_market_and_not_of_the_machine():
    desk = make_desk()
    decided(desk, desk.buy(10))
    later = datetime(2001, 3, 9, 15, 30, tzinfo=UTC)
    Account.objects.update(max_price_age_seconds=10_000_000)

    decided(desk, desk.buy(10, key="tomorrow"), now=later, at=wall())

    assert Account.objects.get().day == later.date()
    assert NOW.date() < later.date() < wall().date()


@pytest.mark.django_db
def test_what_was_sent_late_is_in_doubt_and_never_placed():
    desk, exchange = make_desk(), RecordingExchange(outcome=Outcome(OutcomeKind.ACCEPTED))
    won = claimed(approved(desk, desk.buy(10)), exchange)

    outcome = send(claimed=won, exchange=exchange, at=won.placing.deadline)

    assert (outcome.kind, exchange.placed) == (OutcomeKind.UNKNOWN, [])
