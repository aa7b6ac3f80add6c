"""Breakers that rejects, attempts, silent feeds and jumps of prices trip."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_account, make_feed, make_instrument, wall
from tests.trading.guarding import (
    account_of,
    begun,
    breaker,
    checked,
    events,
    rejected,
)
from tests.trading.steps import decided, filled
from trading.domain.breakers import Trip
from trading.domain.states import BreakerKind, HaltState, Source
from trading.models import Breaker, Order
from trading.services.breakers import trip_jumps

pytestmark = pytest.mark.django_db
TOMORROW = NOW + timedelta(days=1)
AGES = 1_000_000


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def test_five_rejects_in_a_row_stop_the_accounts_entries():
    desk = begun()
    for quantity in range(1, 5):
        rejected(desk, quantity)
    four = checked(desk)
    rejected(desk, 5)

    assert (four, checked(desk)) == ([], [BreakerKind.REJECTS])
    assert decided(desk, desk.buy(6, key="next")).denials == ("BREAKERS",)
    assert account_of(desk).halt_state == HaltState.ACTIVE


def test_a_trade_between_rejects_begins_the_count_anew():
    desk = begun()
    for quantity in range(1, 4):
        rejected(desk, quantity)
    filled(desk, desk.buy(9, key="filled"))
    for quantity in range(4, 7):
        rejected(desk, quantity)

    assert checked(desk) == []


def test_what_was_traded_before_the_rejects_does_not_excuse_them():
    desk = begun()
    filled(desk, desk.buy(9, key="filled"))
    for quantity in range(1, 6):
        rejected(desk, quantity)

    assert checked(desk) == [BreakerKind.REJECTS]


def test_an_order_that_nobody_here_made_is_no_answer():
    desk = begun()
    for quantity in range(1, 6):
        rejected(desk, quantity)
    strange = filled(desk, desk.buy(9, key="strange"))
    Order.objects.filter(id=strange.id).update(source="external")

    assert checked(desk) == [BreakerKind.REJECTS]


def test_rejects_count_for_an_hour_of_market_time():
    desk = begun(max_price_age_seconds=AGES)
    for quantity in range(1, 6):
        rejected(desk, quantity)

    assert checked(desk, now=NOW + timedelta(hours=1, seconds=1)) == []


def test_an_agent_that_asks_again_and_again_is_stopped_also_when_it_is_denied():
    desk = begun(max_orders_per_minute=2, limits={"max_order_value": Decimal(50)})
    for number in range(2):
        decided(desk, desk.buy(1, key=f"{number}"))
    two = checked(desk)
    decided(desk, desk.buy(1, key="2"))

    assert (two, checked(desk)) == ([], [BreakerKind.ORDER_RATE])
    assert breaker().permission_id == desk.permission.id
    assert (breaker().number, breaker().day) == ("3 a minute", None)


def test_what_protects_a_position_is_no_attempt_of_its_agent():
    desk = begun(max_orders_per_minute=2)
    for number in range(3):
        decided(desk, desk.buy(1 + number, key=f"{number}", source=Source.PROTECTION))

    assert checked(desk) == []


def test_attempts_count_for_a_minute_of_market_time():
    desk = begun(max_orders_per_minute=2)
    for number in range(3):
        decided(desk, desk.buy(1 + number, key=f"{number}"))

    assert checked(desk, now=NOW + timedelta(minutes=1)) == []


def test_a_feed_that_has_gone_silent_stops_entries_until_it_is_back():
    desk = begun()
    late = NOW + timedelta(seconds=61)

    assert checked(desk, now=late) == [BreakerKind.STALE_FEED]
    assert checked(desk, now=late) == []
    assert (breaker().number, breaker().limit) == ("61 s", "60 s")
    checked(desk, now=NOW + timedelta(seconds=60))
    assert (breaker().released_by, breaker().release_reason) == (
        "farm",
        "The feed is fresh again.",
    )
    assert events(desk, "risk.released")[0].payload["reason"] == "The feed is fresh again."


def test_a_closed_market_is_not_silent():
    desk = begun()
    type(desk.instrument).objects.update(calendar="XNYS")

    # Five in the evening in New York, and half past nine to the second on the next day.
    assert checked(desk, now=NOW.replace(hour=22)) == []
    assert checked(desk, now=TOMORROW.replace(hour=14, minute=30)) == []
    assert checked(desk, now=TOMORROW.replace(hour=14, minute=32)) == [BreakerKind.STALE_FEED]


def jump(desk):
    return Trip(BreakerKind.PRICE_JUMP, "25 %", "less than 20 %", instrument_id=desk.instrument.id)


def test_a_jump_stops_the_instrument_on_every_account_of_the_feed():
    desk, other = begun(), make_account(number=1)
    make_account(number=2, feed=make_feed("another"))
    ibm = make_instrument("IBM")

    assert trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall()) == 2
    assert trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall()) == 0
    assert set(Breaker.objects.values_list("account", flat=True)) == {desk.account.id, other.id}
    assert decided(desk, desk.buy(1)).denials == ("BREAKERS",)
    assert "BREAKERS" not in decided(desk, desk.buy(1, key="ibm", instrument_id=ibm.id)).denials


def test_no_jump_costs_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert trip_jumps(feed_name="prices", jumps=(), now=NOW, at=wall()) == 0


def test_a_jump_is_forgotten_after_a_day():
    desk = begun(max_price_age_seconds=AGES)
    trip_jumps(feed_name="prices", jumps=[jump(desk)], now=NOW, at=wall())

    checked(desk, now=TOMORROW - timedelta(seconds=1))
    before = breaker().released_at
    checked(desk, now=TOMORROW)

    assert before is None
    assert breaker().release_reason == "Its time is over."
