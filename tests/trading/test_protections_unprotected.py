"""Seconds without a working stop are counted, told once, and made good."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from market.models import Instrument
from tests.factories import NOW, make_account, make_desk, make_instrument, make_quote, wall
from tests.racing import race
from tests.trading.protecting import (
    STOP,
    TRAIL,
    ended,
    events,
    fired,
    gone,
    holder,
    limit_sell,
    live_holder,
    priced,
    the,
    traded,
)
from tests.trading.steps import filled
from tests.trading.venues import RecordingExchange
from trading.domain.states import ProtectionState, Source
from trading.models import Account, Assessment, Order, Permission, PositionShare, Protection
from trading.selectors.unprotected import unprotected, unprotected_seconds
from trading.services import unprotected as gauge
from trading.services.adjusting import cancel_protection
from trading.services.resting_stops import rest_stops
from trading.services.unprotected import ALARM_AFTER, FORCED_AFTER, make_good, measure_unprotected
from tradingfarm.kernel import heartbeats

pytestmark = pytest.mark.django_db
AT = wall()
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _begins_now():
    """Orders are sent while they are fresh: wall time begins with each test."""
    globals()["AT"] = wall()


def measured(seconds=0):
    found = measure_unprotected(at=AT + seconds * SECOND)
    return found.began, found.ended, found.alarms


def good(seconds=0):
    """How many exits were forced, after a measurement as the sender makes it, at a fresh price."""
    at = AT + seconds * SECOND
    make_quote(make_instrument(), as_of=at)
    measure_unprotected(at=at)
    return make_good(at=at)


def share():
    return PositionShare.objects.get()


def bare(**options):
    """A desk whose stop has vanished, and with it whatever its entry asked for."""
    desk = holder(**options)
    Protection.objects.update(state=ProtectionState.CANCELED)
    return desk


def exits():
    return Order.objects.filter(side="sell")


def alive(seconds=0):
    heartbeats.beat(process="engine", now=AT + seconds * SECOND)


def test_a_share_with_an_armed_stop_is_protected():
    holder()

    assert measured() == (0, 0, 0)
    assert share().unprotected_since is None


@pytest.mark.parametrize("kind", [STOP, TRAIL])
def test_one_stop_of_either_kind_is_enough(kind):
    holder(asked={"trailing_pct": Decimal(5)})
    Protection.objects.exclude(kind=kind).update(state=ProtectionState.CANCELED)

    assert measured() == (0, 0, 0)


def test_a_target_does_not_protect():
    holder(asked={"take_profit": Decimal(120)})
    Protection.objects.filter(kind="stop_loss").update(state=ProtectionState.CANCELED)

    assert measured() == (1, 0, 0)


def test_a_stop_whose_exit_is_at_work_protects():
    holder()
    fired(STOP, "89")

    assert measured() == (0, 0, 0)


def test_a_span_begins_goes_on_and_is_added_when_a_stop_is_back():
    bare()

    assert measured() == (1, 0, 0)
    assert measured(3) == (0, 0, 0)
    Protection.objects.update(state=ProtectionState.ARMED)
    assert measured(7.5) == (0, 1, 0)
    assert (share().unprotected_since, share().unprotected_seconds) == (None, Decimal("7.5"))


def test_spans_add_up():
    bare()
    for second in (0, 10):
        Protection.objects.update(state=ProtectionState.CANCELED)
        measured(second)
        Protection.objects.update(state=ProtectionState.ARMED)
        measured(second + 2)

    assert share().unprotected_seconds == 4
    assert unprotected_seconds(account_id=Account.objects.get().id) == 4


def test_a_span_ends_when_the_share_is_flat():
    desk = bare()
    measured()
    filled(desk, desk.sell(10))

    assert measured(4) == (0, 1, 0)
    assert share().unprotected_seconds == 4


def test_a_clock_that_steps_back_takes_nothing_away():
    bare()
    measured()
    Protection.objects.update(state=ProtectionState.ARMED)

    measured(-5)

    assert share().unprotected_seconds == 0


def test_after_ten_seconds_people_are_told_once_for_each_span():
    bare()
    measured()
    limit = ALARM_AFTER.total_seconds()

    assert measured(limit - 1) == (0, 0, 0)
    assert measured(limit) == (0, 0, 1)
    assert measured(limit + 5) == (0, 0, 0)
    (told,) = events("protection.missing")
    assert (told["symbol"], told["quantity"], told["seconds"]) == ("AAPL", "10", "10.0")

    Protection.objects.update(state=ProtectionState.ARMED)
    measured(30)
    Protection.objects.update(state=ProtectionState.CANCELED)
    measured(31)
    assert measured(41) == (0, 0, 1)


def test_where_no_stop_is_demanded_a_share_that_never_had_one_is_not_measured():
    desk = make_desk(limits={"stop_required": False})
    filled(desk, desk.buy(10, stop_loss=None))

    assert measured() == (0, 0, 0)


def test_where_no_stop_is_demanded_one_that_had_a_stop_is():
    holder(limits={"stop_required": False})
    cancel_protection(protection_id=the(STOP).id, actor="Ada", now=NOW, at=AT)

    assert measured() == (1, 0, 0)


def test_a_stop_of_what_was_held_before_is_forgotten():
    desk = holder(limits={"stop_required": False})
    traded(fired(STOP, "89").order_id)
    later = NOW + timedelta(minutes=5)
    priced(desk, "100", as_of=later)
    filled(desk, desk.buy(7, key="again", stop_loss=None), now=later)
    PositionShare.objects.update(opened_at=later)

    assert measured() == (0, 0, 0)


def test_a_live_stop_needs_an_engine_that_lives_where_none_rests():
    live_holder()
    alive(0)

    assert measured(15) == (0, 0, 0)
    assert measured(15.5) == (1, 0, 0)
    alive(16)
    assert measured(16) == (0, 1, 0)


def test_a_stop_that_rests_at_the_exchange_needs_no_engine():
    desk = live_holder()
    rest_stops(account=desk.account, exchange=RecordingExchange(), now=NOW, at=AT)
    order = the(STOP).resting
    assert measured() == (1, 0, 0)

    gone(order.id)
    assert measured(2) == (0, 1, 0)
    ended(order.id)
    assert measured(3) == (1, 0, 0)


def test_a_stop_that_rests_for_a_part_leaves_the_share_bare_without_an_engine():
    desk = live_holder()
    rest_stops(account=desk.account, exchange=RecordingExchange(), now=NOW, at=AT)
    gone(the(STOP).resting_id)
    PositionShare.objects.update(quantity=11)

    assert measured() == (1, 0, 0)


def test_a_live_exit_at_work_protects_without_an_engine():
    live_holder()
    fired(STOP, "89")

    assert measured() == (0, 0, 0)


def test_a_paper_stop_needs_no_heartbeat():
    holder()

    assert measured(1000) == (0, 0, 0)


def test_one_measurement_is_two_statements_however_many_shares(django_assert_num_queries):
    holder()
    make_account(number=2)

    # The savepoint and the end of the journal's transaction are counted too.
    with django_assert_num_queries(4):
        measured()


def test_the_stop_that_was_asked_for_is_armed_again_at_once():
    bare()

    assert good() == 0
    assert (the(STOP).state, the(STOP).price) == ("ARMED", 90)
    assert measured(1) == (0, 1, 0)
    assert not exits().exists()


def test_what_stays_bare_is_sold_after_twenty_seconds():
    live_holder()
    limit = FORCED_AFTER.total_seconds()
    good()

    assert good(limit - 1) == 0
    assert good(limit) == 1
    order = exits().get()
    assert (order.source, order.reason, order.quantity) == (
        Source.LIQUIDATION,
        "emergency_exit",
        10,
    )
    assert order.reasoning == "No stop has protected it for 20 s."
    assert [told["reason"] for told in events("order.approved")][-1] == "emergency_exit"


def test_it_is_sold_once_and_tried_again_when_that_came_to_nothing():
    live_holder()
    good()
    good(20)

    assert good(21) == 0
    ended(exits().get().id)
    assert good(22) == 1
    assert exits().count() == 1
    assert good(51) == 1
    assert exits().count() == 2


@pytest.mark.django_db(transaction=True)
def test_several_senders_sell_it_once():
    live_holder()
    measured()
    make_quote(make_instrument(), as_of=AT + 25 * SECOND)

    race(4, lambda _: make_good(at=AT + 25 * SECOND))

    assert exits().count() == 1
    assert share().reserved_quantity == 10


def test_what_is_being_sold_already_is_not_sold_again():
    desk = live_holder()
    limit_sell(desk, 10)
    good()

    assert good(30) == 0


def test_without_the_demand_it_is_counted_and_told_and_not_sold():
    holder(limits={"stop_required": False})
    cancel_protection(protection_id=the(STOP).id, actor="Ada", now=NOW, at=AT)
    good()

    assert good(30) == 0
    assert (the(STOP).state, len(events("protection.missing"))) == ("CANCELED", 1)


def test_a_demand_that_is_newer_than_the_position_sells_nothing():
    desk = make_desk(limits={"stop_required": False})
    filled(desk, desk.buy(10, stop_loss=None))
    Permission.objects.update(stop_required=True)
    good()

    assert good(30) == 0
    assert len(events("protection.missing")) == 1


def test_a_stop_that_was_set_by_hand_and_vanished_is_followed_by_a_sale():
    bare(asked={})
    Order.objects.update(stop_loss=None)
    good()

    assert good(20) == 1


def test_nothing_is_sold_while_the_market_is_closed(monkeypatch):
    live_holder()
    Instrument.objects.update(calendar="XNYS")
    night = datetime(2001, 3, 7, 3, 0, tzinfo=UTC)
    monkeypatch.setattr(gauge, "market_times", lambda **_: {"prices": night})
    good()

    assert good(30) == 0
    assert not Assessment.objects.filter(intent_key__startswith="unprotected:").exists()


def test_pages_read_which_shares_are_bare_and_for_how_long(django_assert_num_queries):
    desk = bare()
    measured()

    with django_assert_num_queries(1):
        (found,) = unprotected(account_id=desk.account.id)

    assert (found.symbol, found.agent_name, found.quantity) == ("AAPL", "Agent 0", 10)
    assert (found.since, found.alarm_at, found.earlier_seconds) == (AT, None, 0)
    assert found.seconds(at=AT + 3 * SECOND) == 3.0


def test_pages_read_nothing_where_all_is_protected():
    desk = holder()
    measured()

    assert unprotected(account_id=desk.account.id) == ()
    assert unprotected_seconds(account_id=desk.account.id) == 0
