"""The venue's dead-man timer is kept running, except where it would cancel a protective stop."""

from datetime import timedelta

import pytest

from tests.factories import NOW, wall
from tests.trading.protecting import STOP, ended, gone, limit_sell, live_holder, the
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Capabilities, ExchangeUnavailable
from trading.domain.states import OrderType, TimeInForce
from trading.services.dead_man import OFF, REPEAT, TIMEOUT, keep_alive
from trading.services.resting_stops import rest_stops
from tradingfarm.kernel.pace import Pace

pytestmark = pytest.mark.django_db
AT = wall()


def venue(*, dead_man=True):
    found = RecordingExchange()
    found.capabilities = Capabilities(
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        dead_man=dead_man,
    )
    return found


@pytest.fixture
def pace():
    return Pace()


@pytest.fixture(autouse=True)
def _begins_now():
    """Orders are sent while they are fresh: wall time begins with each test."""
    globals()["AT"] = wall()


def kept(desk, exchange, pace, seconds=0):
    at = AT + timedelta(seconds=seconds)
    keep_alive(account=desk.account, exchange=exchange, pace=pace, at=at)


def test_while_an_order_is_at_work_the_timer_is_wound_every_fifteen_seconds(pace):
    desk, exchange = live_holder(), venue()
    limit_sell(desk, 4)

    for seconds in (0, 1, 14, 15, 16):
        kept(desk, exchange, pace, seconds)

    assert exchange.armed == [TIMEOUT, TIMEOUT]
    assert REPEAT * 3 < TIMEOUT


def test_without_an_order_at_work_and_without_a_timer_nothing_is_asked(pace):
    desk = live_holder()
    idle, without = venue(), venue(dead_man=False)
    kept(desk, idle, pace)
    limit_sell(desk, 4)
    kept(desk, without, pace)

    assert idle.armed == without.armed == []


def test_before_a_protective_stop_gets_there_the_timer_is_switched_off(pace):
    desk, exchange = live_holder(), venue()
    limit_sell(desk, 4)
    kept(desk, exchange, pace)

    rest_stops(account=desk.account, exchange=exchange, now=NOW, at=AT)
    kept(desk, exchange, pace, 1)

    assert exchange.armed == [TIMEOUT, OFF]
    assert exchange.placed == []


def test_when_the_stop_is_gone_the_timer_runs_again(pace):
    desk, exchange = live_holder(), venue()
    rest_stops(account=desk.account, exchange=exchange, now=NOW, at=AT)
    gone(the(STOP).resting_id)
    kept(desk, exchange, pace)
    ended(the(STOP).resting_id)
    limit_sell(desk, 4)

    kept(desk, exchange, pace, 1)

    assert exchange.armed == [OFF, TIMEOUT]


def test_a_venue_that_does_not_answer_says_so_and_is_asked_again_in_time(pace):
    desk, exchange = live_holder(), venue()
    limit_sell(desk, 4)
    exchange.is_down = True
    with pytest.raises(ExchangeUnavailable):
        kept(desk, exchange, pace)
    exchange.is_down = False

    kept(desk, exchange, pace, 15)

    assert exchange.armed == [TIMEOUT]
