"""One exit wins, whatever reached it; one that does not fill goes on and at last goes deeper."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_instrument, wall
from tests.racing import race
from tests.trading.protecting import (
    STOP,
    TARGET,
    TIME,
    TRAIL,
    ended,
    events,
    fired,
    gone,
    holder,
    limit_sell,
    live_holder,
    priced,
    rejected,
    the,
    traded,
)
from tests.trading.steps import approved, filled
from trading.domain.states import OrderState, ProtectionState, Source
from trading.models import Order, Protection
from trading.services.protections import GOES_ON_AFTER, RETRY_AFTER, fire, is_reached

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
ALL = {
    "take_profit": Decimal(120),
    "trailing_pct": Decimal(5),
    "exit_after_seconds": 60,
}


def exits():
    return Order.objects.filter(side="sell").order_by("approved_at")


def exit_of(verdict):
    return Order.objects.get(id=verdict.order_id)


def failing(times, kind=STOP):
    for _ in range(times):
        rejected(fired(kind, "89").order_id)


def test_a_trailing_stop_sells_the_share_and_says_so():
    holder(asked=ALL)

    order = exit_of(fired(TRAIL, "94.99"))

    assert (order.quantity, order.reason) == (10, "trailing_stop_loss")
    assert order.reasoning == "The trailing-stop at 95 was reached."


def test_a_time_exit_sells_the_share_when_it_is_due_at_whatever_price():
    desk = holder(asked=ALL)
    due = the(TIME).due_at
    assert fired(TIME, "100", now=due - SECOND) is None
    priced(desk, "100", as_of=due)

    order = exit_of(fired(TIME, "100", now=due))

    assert (order.quantity, order.reason) == (10, "custom_exit")
    assert order.reasoning == "The time-exit of 2001-03-07 15:31:01 UTC was due."


def test_a_time_exit_is_not_reached_by_a_price_alone():
    holder(asked=ALL)

    assert not is_reached(the(TIME), Decimal(1))


def test_a_price_that_jumped_over_the_stop_fires_it_where_it_is():
    desk = holder()
    priced(desk, "70")

    order = exit_of(fired(STOP, "70"))

    assert (order.expected_price, order.worst_price) == (70, Decimal("68.6"))


@pytest.mark.parametrize("kind", [TARGET, TRAIL, TIME])
def test_while_one_exit_is_at_work_the_others_wait(kind):
    desk = holder(asked=ALL)
    order = gone(fired(STOP, "89").order_id)
    traded(order.id, 4, state=OrderState.OPEN)
    # What is bought meanwhile is free, and not sold by another exit either.
    filled(desk, desk.buy(5, key="more"))
    Protection.objects.filter(kind="take_profit").update(price=Decimal(80))

    assert fired(kind, "85", now=NOW + 61 * SECOND) is None
    assert exits().count() == 1


def test_when_the_exit_has_traded_all_every_other_one_ends():
    holder(asked=ALL)

    traded(fired(TRAIL, "94").order_id)

    states = dict(Protection.objects.values_list("kind", "state"))
    assert states.pop("trailing_stop") == "DONE"
    assert set(states.values()) == {"CANCELED"}


def test_what_an_exit_left_is_sold_by_any_that_is_reached_then():
    holder(asked=ALL)
    traded(fired(TRAIL, "94").order_id, 4, state=OrderState.CANCELED)

    assert exit_of(fired(STOP, "89")).quantity == 6


@pytest.mark.django_db(transaction=True)
def test_four_protections_at_once_sell_what_is_held_once():
    desk = holder(asked=ALL)
    Protection.objects.filter(kind="take_profit").update(price=Decimal(80))
    priced(desk, "85", as_of=NOW + 61 * SECOND)
    keys = [the(kind).id for kind in (STOP, TRAIL, TARGET, TIME)]

    verdicts = race(
        8,
        lambda place: fire(
            protection_id=keys[place % 4], last=Decimal(85), now=NOW + 61 * SECOND, at=wall()
        ),
    )

    assert sum(verdict is not None for verdict in verdicts) == 1
    assert sum(order.quantity for order in exits()) == 10 == desk.share().reserved_quantity


def test_what_is_offered_by_an_order_at_rest_is_canceled_first_and_then_sold():
    desk = holder()
    offer = limit_sell(desk, 10)

    assert fired(STOP, "89") is None
    offer.refresh_from_db()
    assert (offer.cancel_state, offer.cancel_requested_by) == ("REQUESTED", "protection:stop_loss")
    assert (the(STOP).state, the(STOP).exit) == ("FIRED", None)

    ended(offer.id)
    order = exit_of(fired(STOP, "89"))

    assert (order.quantity, the(STOP).exit_id) == (10, order.id)


def test_once_fired_it_sells_even_when_the_price_has_come_back():
    desk = holder()
    offer = limit_sell(desk, 10)
    fired(STOP, "89")
    ended(offer.id)

    assert exit_of(fired(STOP, "95")).quantity == 10


def test_it_waits_for_as_long_as_the_order_at_rest_is_not_canceled_and_asks_once():
    desk = holder()
    limit_sell(desk, 10)
    fired(STOP, "89")

    assert fired(STOP, "88") is None
    assert len(events("order.cancel_requested")) == 1
    assert len(events("protection.fired")) == 1


def test_an_order_at_rest_that_sells_it_all_meanwhile_wins():
    desk = holder()
    offer = limit_sell(desk, 10)
    fired(STOP, "89")

    traded(offer.id, price=120)

    assert (desk.share().quantity, the(STOP).state) == (0, "CANCELED")
    assert fired(STOP, "89") is None


def test_what_is_free_is_sold_at_once_and_the_rest_when_it_is_free():
    desk = holder()
    offer = limit_sell(desk, 4)

    first = exit_of(fired(STOP, "89"))
    traded(first.id)
    ended(offer.id)
    second = exit_of(fired(STOP, "89"))

    assert (first.quantity, second.quantity) == (6, 4)


def test_a_sell_that_does_not_rest_is_waited_for_and_not_canceled():
    desk = holder()
    order = approved(desk, desk.sell(10))

    assert fired(STOP, "89") is None
    order.refresh_from_db()
    assert (order.cancel_state, the(STOP).state) == ("NONE", "ARMED")


def test_a_protection_that_waits_with_its_exit_is_adopted_by_no_other_one():
    desk = holder(asked=ALL)
    limit_sell(desk, 10)
    fired(STOP, "89")

    assert fired(TRAIL, "89") is None
    assert the(TRAIL).state == "ARMED"


def test_closed_hours_postpone_an_exit_without_a_denial():
    desk = holder()
    closed = datetime(2001, 3, 7, 3, 0, tzinfo=UTC)
    type(make_instrument()).objects.update(calendar="XNYS")
    priced(desk, "89", as_of=closed)

    assert fired(STOP, "89", now=closed) is None
    assert (the(STOP).state, the(STOP).attempts) == ("ARMED", 0)


def test_after_three_exits_that_traded_nothing_the_next_goes_as_deep_as_a_liquidation():
    holder()
    failing(3)

    order = exit_of(fired(STOP, "89"))

    assert (order.source, order.reason, order.quantity) == (Source.LIQUIDATION, "stop_loss", 10)
    assert [told["failed"] for told in events("protection.unfilled")] == [3]


def test_two_failures_are_not_enough_for_a_forced_exit():
    holder()
    failing(2)

    assert exit_of(fired(STOP, "89")).source == Source.PROTECTION
    assert events("protection.unfilled") == []


def test_people_are_told_once_however_long_it_goes_on():
    holder()
    failing(5)

    assert exit_of(fired(STOP, "89")).source == Source.LIQUIDATION
    assert len(events("protection.unfilled")) == 1


def test_an_exit_that_traded_something_is_no_failure():
    holder()
    failing(2)
    traded(fired(STOP, "89").order_id, 4, state=OrderState.CANCELED)

    assert exit_of(fired(STOP, "89")).source == Source.PROTECTION


def test_denials_count_as_failures():
    desk = holder()
    priced(desk, "89", as_of=NOW - timedelta(hours=1))
    for _ in range(3):
        assert not fired(STOP, "89").approved
    priced(desk, "89")

    assert exit_of(fired(STOP, "89")).source == Source.LIQUIDATION


def test_a_real_exchange_is_asked_again_only_after_a_moment():
    live_holder()
    at = wall()
    rejected(fired(STOP, "89", at=at).order_id)

    assert fired(STOP, "89", at=at + RETRY_AFTER / 2) is None
    assert fired(STOP, "89", at=at + RETRY_AFTER).approved


def test_an_exit_that_sold_some_of_it_goes_on_sooner():
    live_holder()
    at = wall()
    traded(fired(STOP, "89", at=at).order_id, 4, state=OrderState.EXPIRED)

    assert fired(STOP, "89", at=at + GOES_ON_AFTER / 2) is None
    assert exit_of(fired(STOP, "89", at=at + GOES_ON_AFTER)).quantity == 6


def test_an_exit_that_expired_at_the_exchange_is_tried_again():
    holder()
    ended(fired(STOP, "89").order_id, OrderState.EXPIRED)

    assert the(STOP).state == ProtectionState.ARMED
    assert fired(STOP, "89").approved
