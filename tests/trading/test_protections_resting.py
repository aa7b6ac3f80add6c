"""On a live account a stop rests at the exchange: one for each share, never more than is held."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_permission, wall
from tests.racing import race
from tests.trading.protecting import (
    STOP,
    TARGET,
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
from tests.trading.steps import filled, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Capabilities
from trading.domain.states import (
    OrderState,
    OrderType,
    Source,
    StopMode,
    TimeInForce,
)
from trading.models import Account, Assessment, Order, Protection, StopRun
from trading.services.adjusting import adjust
from trading.services.resting_stops import GIVES_WAY, TRY_AGAIN, make_way, rest_stops

pytestmark = pytest.mark.django_db
VENUE = RecordingExchange()


def rested(desk, exchange=VENUE, *, now=NOW, at=None):
    """How many stops one pass of the sender ordered or ends."""
    account = Account.objects.get(id=desk.account.id)
    return rest_stops(account=account, exchange=exchange, now=now, at=at or wall())


def stops():
    return Order.objects.filter(order_type__in=["stop", "stop_limit"]).order_by("approved_at")


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


def test_a_stop_loss_becomes_a_stop_order_for_the_whole_share():
    desk = live_holder()

    assert rested(desk) == 1

    order = stops().get()
    assert (order.source, order.side, order.quantity) == (Source.PROTECTION, "sell", 10)
    assert (order.order_type, order.stop_price, order.limit_price) == ("stop", 90, None)
    assert (order.reduce_only, order.time_in_force) == (True, TimeInForce.GTC)
    assert (order.intent_key, order.reason) == (
        f"resting:{the(STOP).id}:1",
        "stoploss_on_exchange",
    )
    assert the(STOP).resting_id == order.id
    assert [told["order"] for told in events("protection.resting")] == [str(order.id)]


def test_it_goes_to_the_exchange_as_a_stop_that_only_reduces():
    live = live_holder()
    rested(live)
    order = gone(stops().get().id)

    assert order.state == "OPEN"


def test_where_only_stop_limit_orders_are_kept_its_limit_lies_deep():
    desk, venue = live_holder(), RecordingExchange()
    venue.capabilities = Capabilities(
        order_types=frozenset({OrderType.MARKET, OrderType.STOP_LIMIT}),
        times_in_force=frozenset(TimeInForce),
    )

    rested(desk, venue)

    order = stops().get()
    assert (order.order_type, order.stop_price) == ("stop_limit", 90)
    assert order.limit_price == Decimal("88.2")


def test_the_higher_of_two_stops_rests():
    desk = live_holder(trailing_pct=Decimal(5))

    rested(desk)

    assert (stops().get().stop_price, the(TRAIL).resting_id) == (95, stops().get().id)
    assert the(STOP).resting_id is None


def test_a_stop_that_rests_is_left_alone():
    desk = resting_desk()

    assert rested(desk) == 0
    assert stops().count() == 1


def test_paper_accounts_and_venues_without_stops_keep_the_engines_watch_alone():
    desk, venue = holder(), RecordingExchange()
    assert rested(desk) == 0

    Account.objects.update(kind="live", exchange="venue")
    venue.capabilities = Capabilities(
        order_types=frozenset({OrderType.MARKET}), times_in_force=frozenset(TimeInForce)
    )
    assert rested(desk, venue) == 0
    assert not stops().exists()


def test_where_nothing_is_protected_two_questions_are_asked_of_the_rows(django_assert_num_queries):
    live_holder()
    Protection.objects.all().delete()
    account = Account.objects.get()

    with django_assert_num_queries(2):
        assert rest_stops(account=account, exchange=VENUE, now=NOW, at=wall()) == 0


def test_after_another_entry_it_is_canceled_and_only_then_made_anew_for_all():
    desk = resting_desk()
    Account.objects.update(kind="paper", exchange="paper")
    filled(desk, desk.buy(5, key="more"))
    Account.objects.update(kind="live", exchange="venue")

    assert rested(desk) == 1
    assert wishes() == [("REQUESTED", "protection")]
    assert rested(desk) == 0

    ended(stops().get().id)
    assert rested(desk) == 1
    assert [order.quantity for order in stops()] == [10, 15]
    assert the(STOP).resting_id == stops().last().id


def test_it_is_moved_when_a_person_moves_the_stop_either_way():
    desk = resting_desk()
    adjusted(desk, stop_loss=Decimal("89.99"))

    rested(desk)
    ended(stops().get().id)
    rested(desk)

    assert [order.stop_price for order in stops()] == [90, Decimal("89.99")]


@pytest.mark.parametrize(("price", "moves"), [("95.47", 0), ("95.48", 1)])
def test_a_trailing_stop_is_moved_up_only_by_half_a_percent(price, moves):
    desk = resting_desk(trailing_pct=Decimal(5))
    Protection.objects.filter(kind="trailing_stop").update(price=Decimal(price))

    assert rested(desk) == moves


def test_a_stop_that_was_refused_leaves_the_watch_to_the_engine_and_is_tried_again():
    desk = live_holder()
    rested(desk)
    rejected(stops().get().id)
    at = wall()

    assert (the(STOP).state, desk.share().reserved_quantity) == ("ARMED", 0)
    assert rested(desk, at=at) == 0
    assert rested(desk, at=at + TRY_AGAIN) == 1
    assert stops().count() == 2
    assert fired(STOP, "95") is None


def test_when_the_venue_cancels_the_stop_the_engine_exits_at_its_price_at_once():
    resting_desk()
    ended(stops().get().id)

    verdict = fired(STOP, "89")

    assert Order.objects.get(id=verdict.order_id).reason == "stop_loss"


def test_what_the_gate_denied_is_asked_again_after_a_while_and_not_at_every_pass():
    desk = live_holder()
    at = wall()
    priced(desk, "100", as_of=NOW - timedelta(hours=1))
    rested(desk, at=at)

    assert rested(desk, at=at + TRY_AGAIN / 2) == 0
    assert Assessment.objects.filter(intent_key__startswith="resting:").count() == 1
    priced(desk, "100")
    assert rested(desk, at=at + TRY_AGAIN) == 1
    assert stops().count() == 1


def test_no_stop_is_ordered_at_or_above_the_market_or_without_a_price():
    desk = live_holder()
    priced(desk, "90.10", half_spread="0.10")
    assert rested(desk) == 0

    type(desk.instrument).objects.update(calendar="XNYS")
    priced(desk, "100")
    assert rested(desk, now=datetime(2001, 3, 7, 3, 0, tzinfo=UTC)) == 0
    assert not Assessment.objects.filter(intent_key__startswith="resting:").exists()


def test_its_fill_ends_the_protection_as_a_stop_on_the_exchange():
    desk = resting_desk(take_profit=Decimal(120))

    order = traded(stops().get().id, price=90)

    assert (order.reason, desk.share().quantity) == ("stoploss_on_exchange", 0)
    assert (the(STOP).state, the(STOP).exit_id) == ("DONE", order.id)
    assert the(TARGET).state == "CANCELED"
    assert rested(desk) == 0


def test_a_part_of_it_fires_the_protection_and_the_rest_stays_there():
    desk = resting_desk(take_profit=Decimal(120))

    order = traded(stops().get().id, 4, price=90, state=OrderState.PARTIALLY_FILLED)

    assert (the(STOP).state, the(STOP).exit_id) == ("FIRED", order.id)
    assert fired(TARGET, "121") is None
    assert rested(desk) == 0
    traded(order.id, 6, price=90)
    assert (the(STOP).state, desk.share().quantity) == ("DONE", 0)


def test_a_part_of_it_and_a_cancel_leave_the_rest_protected():
    desk = resting_desk()
    order = traded(stops().get().id, 4, price=90, state=OrderState.CANCELED)

    assert (the(STOP).state, the(STOP).exit_id, desk.share().quantity) == ("ARMED", None, 6)
    assert rested(desk, at=wall() + TRY_AGAIN) == 1
    assert [each.quantity for each in stops()] == [10, 6]
    assert order.filled_quantity == 4
    assert events("protection.fired") == []


def test_another_exit_has_it_canceled_first_and_sells_when_that_is_confirmed():
    desk = resting_desk(take_profit=Decimal(120))

    assert fired(TARGET, "121") is None
    assert wishes() == [("REQUESTED", "protection:take_profit")]
    assert (the(TARGET).state, the(STOP).state) == ("FIRED", "ARMED")
    assert rested(desk) == 0

    ended(stops().get().id)
    assert rested(desk, at=wall() + TRY_AGAIN) == 0
    order = traded(fired(TARGET, "121").order_id, price=121)
    assert (order.reason, the(TARGET).state, the(STOP).state) == ("roi", "DONE", "CANCELED")


def test_when_both_happen_the_stop_that_filled_first_wins_and_nothing_is_sold_twice():
    desk = resting_desk(take_profit=Decimal(120))
    fired(TARGET, "121")

    order = traded(stops().get().id, price=90)

    assert fired(TARGET, "121") is None
    assert (the(STOP).state, the(STOP).exit_id) == ("DONE", order.id)
    assert (the(TARGET).state, desk.share().quantity) == ("CANCELED", 0)


def test_a_protection_that_a_person_ended_leaves_no_order_at_the_exchange():
    desk = resting_desk(trailing_pct=Decimal(5))
    Protection.objects.update(state=OrderState.CANCELED)

    assert rested(desk) == 1
    assert wishes() == [("REQUESTED", "protection")]


def test_only_what_nothing_else_offers_rests_there():
    desk = live_holder()
    limit_sell(desk, 4)

    rested(desk)

    assert stops().get().quantity == 6


def test_where_all_is_offered_no_stop_rests():
    desk = live_holder()
    limit_sell(desk, 10)

    assert rested(desk) == 0


def test_each_agents_share_has_a_stop_of_its_own():
    desk = holder()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(5, key="other", permission_id=other.id, stop_loss=Decimal(80)))
    Account.objects.update(kind="live", exchange="venue")

    assert rested(desk) == 2
    assert sorted((order.stop_price, order.quantity) for order in stops()) == [(80, 5), (90, 10)]


@pytest.mark.parametrize(("mode", "ordered"), [(StopMode.CANCEL, 0), (StopMode.KEEP, 1)])
def test_while_an_emergency_stop_cancels_nothing_is_made_to_rest(mode, ordered):
    desk = live_holder()
    stopped(desk, mode)

    assert rested(desk) == ordered


def test_after_the_emergency_stop_a_halted_account_has_its_stop_again():
    desk = live_holder()
    stopped(desk, StopMode.CANCEL)
    StopRun.objects.update(step=StopRun.Step.DONE)

    assert rested(desk) == 1
    assert gone(stops().get().id).state == "OPEN"


@pytest.mark.django_db(transaction=True)
def test_two_senders_order_one_stop():
    desk = live_holder()
    account = Account.objects.get()

    found = race(4, lambda _: rest_stops(account=account, exchange=VENUE, now=NOW, at=wall()))

    assert sum(found) == 1
    assert stops().count() == 1
    assert desk.share().reserved_quantity == 10


def way(desk, *, at=None):
    return make_way(
        account_id=desk.account.id,
        instrument_id=desk.instrument.id,
        permission_id=desk.permission.id,
        requested_by="agent:Ada",
        at=at or wall(),
    )


def test_an_exit_of_the_agent_has_the_stop_canceled_and_the_share_to_itself_for_a_while():
    desk = resting_desk()

    assert not way(desk)
    assert wishes() == [("REQUESTED", "agent:Ada")]
    ended(stops().get().id)
    at = wall()

    assert way(desk)
    assert rested(desk, at=at + GIVES_WAY / 2) == 0
    assert rested(desk, at=at + GIVES_WAY) == 1


def test_a_stop_that_is_being_moved_gives_way_too():
    desk = resting_desk()
    adjusted(desk, stop_loss=Decimal(92))
    rested(desk)

    assert not way(desk)
    assert wishes() == [("REQUESTED", "agent:Ada")]


def test_where_no_stop_rests_the_way_is_free():
    assert way(holder())
