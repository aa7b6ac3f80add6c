"""Stops that are jumped over, that move, and that others get in the way of."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid5

import pytest

from market.models import Split
from tests.factories import NOW, make_permission, wall
from tests.trading.protecting import (
    STOP,
    TARGET,
    ended,
    fired,
    gone,
    holder,
    live_holder,
    the,
)
from tests.trading.steps import filled, make_sender, report
from tests.trading.venues import RecordingExchange
from trading.domain.states import OrderState, ProtectionState, Source
from trading.models import Account, Order, Protection
from trading.services.adjusting import adjust
from trading.services.fills import ingest
from trading.services.protections import EXCHANGE_HAS, RETRY_AFTER
from trading.services.resting_stops import GIVES_WAY, rest_stops
from trading.services.splits import SplitOutcome, book_splits
from tradingfarm.kernel.clock import ManualClock

pytestmark = pytest.mark.django_db
VENUE = RecordingExchange()


def rested(desk, *, now=NOW, at=None):
    """How many stops one pass of the sender ordered or ends."""
    account = Account.objects.get(id=desk.account.id)
    return rest_stops(account=account, exchange=VENUE, now=now, at=at or wall())


def stops():
    return Order.objects.filter(order_type="stop").order_by("approved_at")


def resting_desk(**asked):
    """A live desk whose stop rests at the exchange."""
    desk = live_holder(**asked)
    rested(desk)
    gone(stops().get().id)
    return desk


def wishes():
    return list(stops().values_list("cancel_state", "cancel_requested_by"))


def adjusted(desk, **wish):
    adjust(share_id=desk.share().id, actor="Ada", by_person=True, now=NOW, at=wall(), **wish)


def sold_elsewhere(desk, quantity):
    """People sell at the exchange itself."""
    order = Order.objects.create(
        id=uuid5(desk.account.id, "external"),
        account=desk.account,
        instrument=desk.instrument,
        intent_key="external",
        client_order_id="external",
        source=Source.EXTERNAL,
        side="sell",
        quantity=quantity,
        expected_price=0,
        worst_price=0,
        state=OrderState.OPEN,
        epoch=0,
        as_of=NOW,
        approved_at=wall(),
        attempt_at=wall(),
        expires_at=wall(),
    )
    told = report(order, ("x1", quantity, 100), state=OrderState.FILLED)
    ingest(order_id=order.id, report=told, at=wall())


def test_a_stop_at_its_price_is_left_to_the_exchange_for_a_moment():
    resting_desk()
    at = wall()

    assert fired(STOP, "89", at=at) is None
    assert fired(STOP, "89", at=at + EXCHANGE_HAS / 2) is None
    assert wishes() == [("NONE", "")]


def test_a_stop_whose_limit_the_price_has_jumped_over_is_taken_over_at_once():
    resting_desk()
    worst, at = stops().get().worst_price, wall()

    assert fired(STOP, worst, at=at) is None
    assert wishes() == [("NONE", "")]
    assert fired(STOP, worst - Decimal("0.01"), at=at + RETRY_AFTER) is None
    assert wishes() == [("REQUESTED", "protection:stop_loss")]


def test_when_the_stop_moves_the_price_that_it_may_fall_to_moves_along():
    desk = resting_desk()
    adjusted(desk, stop_loss=Decimal(80))

    rested(desk)
    ended(stops().get().id)
    rested(desk)

    assert [order.worst_price for order in stops()] == [Decimal("88.2"), Decimal("78.4")]


def test_a_stop_that_the_exchange_does_not_trade_is_taken_over():
    desk = resting_desk()
    at = wall()
    fired(STOP, "89", at=at)
    later = at + EXCHANGE_HAS

    assert fired(STOP, "89", at=later) is None
    assert wishes() == [("REQUESTED", "protection:stop_loss")]
    assert rested(desk) == 0

    ended(stops().get().id)
    verdict = fired(STOP, "89", at=later + timedelta(seconds=2))
    assert (verdict.approved, verdict.quantity) == (True, 10)


def test_what_people_sold_elsewhere_leaves_no_protection_of_nothing():
    desk = holder(asked={"take_profit": Decimal(120)})

    sold_elsewhere(desk, 10)

    assert desk.share().quantity == 0
    assert (the(STOP).state, the(TARGET).state) == ("CANCELED", "CANCELED")


def test_what_people_left_stays_protected():
    desk = holder()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(5, key="other", permission_id=other.id, stop_loss=Decimal(80)))

    sold_elsewhere(desk, 12)

    states = dict(Protection.objects.values_list("share__quantity", "state"))
    assert states == {0: "CANCELED", 3: "ARMED"}


def test_a_stop_that_was_canceled_for_a_split_rests_again_only_when_that_is_booked():
    desk = resting_desk()
    morning = NOW + timedelta(days=1)
    Split.objects.create(
        instrument=desk.instrument, effective_on=morning.date(), numerator=2, denominator=1
    )

    assert outcomes(desk, morning) == [SplitOutcome.ORDERS_AT_WORK]
    ended(stops().get().id)
    later = wall() + GIVES_WAY
    assert rested(desk, now=morning, at=later) == 0
    assert outcomes(desk, morning) == [SplitOutcome.BOOKED]
    assert rested(desk, now=NOW, at=later) == 1
    assert [(order.quantity, order.stop_price) for order in stops()] == [(10, 90), (20, 45)]


def outcomes(desk, now):
    found = book_splits(account_id=desk.account.id, on=now.date(), now=now, at=wall())
    return [answer.outcome for answer in found]


def test_a_stop_that_vanished_is_back_after_two_seconds():
    holder()
    clock = ManualClock(wall())
    loop = make_sender(clock)
    loop.work()
    Protection.objects.update(state=ProtectionState.CANCELED)

    for _ in range(2):
        clock.sleep(1)
        loop.work()

    assert the(STOP).state == "ARMED"


def test_a_split_from_before_the_shares_were_bought_holds_nothing_up():
    desk = live_holder()
    Split.objects.create(
        instrument=desk.instrument, effective_on=NOW.date(), numerator=2, denominator=1
    )

    assert rested(desk) == 1
