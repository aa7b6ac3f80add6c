"""The engine's index of protections follows the rows, lets stops trail, and asks little."""

import random
import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.transaction import atomic

from market.domain.ticks import Tick
from tests.factories import NOW, make_instrument, make_permission, wall
from tests.trading.protecting import (
    STOP,
    TARGET,
    TIME,
    TRAIL,
    fired,
    holder,
    limit_sell,
    the,
    traded,
)
from tests.trading.steps import filled
from trading.domain.states import OrderState
from trading.models import Protection
from trading.services.adjusting import adjust, cancel_protection
from trading.services.trailing import Rise, raise_stops
from triggers.loop.protections import ProtectionIndex

pytestmark = pytest.mark.django_db
ALL = {
    "take_profit": Decimal(120),
    "trailing_pct": Decimal(5),
    "exit_after_seconds": 60,
}


def tick(last, *, seconds=0, instrument=None):
    """The newest prices, of one instrument alone."""
    instrument = instrument or make_instrument()
    price = Decimal(last)
    made = Tick(
        instrument_id=instrument.id,
        symbol=instrument.symbol,
        last=price,
        bid=price,
        ask=price,
        volume=Decimal(1),
        at=NOW + timedelta(seconds=seconds),
    )
    return {instrument.id: made}


def index_of(feed_name="prices"):
    index = ProtectionIndex(feed_name=feed_name)
    index.follow()
    return index


def kinds(index, ticks):
    return [protection.kind for protection in index.reached(ticks)]


@pytest.mark.parametrize(
    ("last", "seconds", "reached"),
    [
        ("100", 0, []),
        ("95.01", 0, []),
        ("95", 0, [TRAIL]),
        ("90", 0, [STOP, TRAIL]),
        ("120", 0, [TARGET]),
        ("119.99", 60, []),
        ("100", 61, [TIME]),
        ("50", 3600, [STOP, TRAIL, TIME]),
    ],
)
def test_it_finds_what_a_price_and_its_moment_have_reached_in_the_order_of_exits(
    last, seconds, reached
):
    holder(asked=ALL)

    assert kinds(index_of(), tick(last, seconds=seconds)) == reached


def test_a_time_exit_waits_for_a_price_of_its_own_instrument():
    holder(asked=ALL)

    assert kinds(index_of(), tick("1", seconds=3600, instrument=make_instrument("IBM"))) == []


def test_protections_of_another_feed_are_not_found():
    holder()

    assert len(index_of("another")) == 0


def test_it_asks_for_the_rows_only_when_something_has_happened(django_assert_num_queries):
    desk = holder()
    index = ProtectionIndex(feed_name="prices")

    with django_assert_num_queries(2):
        index.follow()
    with django_assert_num_queries(1):
        index.follow()
    filled(desk, desk.buy(5, key="more", stop_loss=Decimal(95)))
    with django_assert_num_queries(2):
        index.follow()
    assert kinds(index, tick("94")) == [STOP]


def changed_by_adjusting(desk):
    adjust(
        share_id=desk.share().id,
        stop_loss=Decimal(80),
        actor="Ada",
        by_person=True,
        now=NOW,
        at=wall(),
    )


def changed_by_canceling(_desk):
    cancel_protection(protection_id=the(STOP).id, actor="Ada", now=NOW, at=wall())


def changed_by_firing(_desk):
    fired(STOP, "89")


def changed_by_the_end(_desk):
    traded(fired(TRAIL, "94").order_id)


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        (changed_by_adjusting, [TRAIL]),
        (changed_by_canceling, [TRAIL]),
        (changed_by_firing, [TRAIL]),
        (changed_by_the_end, []),
    ],
)
def test_whatever_changes_a_protection_is_noticed(change, reached):
    desk = holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()
    assert kinds(index, tick("85")) == [STOP, TRAIL]

    change(desk)
    index.follow()

    assert kinds(index, tick("85")) == reached


def test_a_rejected_exit_is_found_again():
    holder()
    order = fired(STOP, "89").order_id
    index = index_of()
    assert kinds(index, tick("89")) == []

    traded(order, 4, state=OrderState.CANCELED)
    index.follow()

    assert kinds(index, tick("89")) == [STOP]


def test_one_that_has_fired_and_waits_is_found_at_any_price_also_after_a_restart():
    desk = holder()
    limit_sell(desk, 10)
    fired(STOP, "89")

    index = index_of()

    assert kinds(index, tick("100")) == [STOP]
    assert index.waiting(tick("100")) == {the(STOP).id}
    assert index.waiting({}) == set()


def test_a_trailing_stop_follows_a_new_high_in_the_rows_and_in_the_index():
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()

    index.trail(tick("110"))

    assert (the(TRAIL).highest, the(TRAIL).price) == (110, Decimal("104.5"))
    assert kinds(index, tick("104.51")) == []
    assert kinds(index, tick("104.50")) == [TRAIL]


def test_a_lower_price_moves_nothing_and_asks_nothing(django_assert_num_queries):
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()
    same, lower = tick("110"), tick("105")
    index.trail(same)

    with django_assert_num_queries(0):
        index.trail(same)
        index.trail(lower)

    assert the(TRAIL).price == Decimal("104.5")


def test_all_that_rise_in_a_step_are_stored_by_one_statement(django_assert_num_queries):
    desk = holder(asked={"trailing_pct": Decimal(5)})
    for number in range(1, 5):
        other = make_permission(desk.account, number=number)
        wish = desk.buy(1, key=f"{number}", permission_id=other.id, trailing_pct=Decimal(number))
        filled(desk, wish)
    index, high = index_of(), tick("200")

    with django_assert_num_queries(1):
        index.trail(high)

    rows = Protection.objects.filter(kind=TRAIL).order_by("price")
    assert [row.price for row in rows] == [190, 192, 194, 196, 198]


def test_only_the_trailing_stops_of_what_ticked_follow():
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()

    index.trail(tick("200", instrument=make_instrument("IBM")))

    assert the(TRAIL).highest == 100


def test_the_engine_and_the_rows_agree_after_any_walk_and_nothing_ever_loosens():
    holder(asked={"trailing_pct": Decimal("3.333")})
    index, walk = index_of(), random.Random(7)  # noqa: S311 - prices, and the same each time
    cents, high, before = 10_000, Decimal(100), the(TRAIL).price

    for _ in range(60):
        cents = max(cents + walk.randint(-120, 140), 1)
        last = Decimal(cents) / 100
        high = max(high, last)
        index.trail(tick(last))
        row = the(TRAIL)
        assert (row.highest, row.price >= before) == (high, True)
        before = row.price

    again = index_of()
    for edge in (before, before + Decimal("0.01")):
        assert kinds(index, tick(edge)) == kinds(again, tick(edge))


def test_a_percent_that_was_changed_meanwhile_is_not_overruled():
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()
    Protection.objects.filter(kind=TRAIL).update(trailing_pct=Decimal(20), price=Decimal(80))

    index.trail(tick("110"))

    assert (the(TRAIL).highest, the(TRAIL).price) == (100, 80)


def test_a_rise_never_lowers_what_was_tightened_meanwhile():
    holder(asked={"trailing_pct": Decimal(5)})
    Protection.objects.filter(kind=TRAIL).update(price=Decimal(108))

    raise_stops(
        rises=[Rise(the(TRAIL).id, Decimal(5), highest=Decimal(110), price=Decimal("104.5"))]
    )

    assert (the(TRAIL).highest, the(TRAIL).price) == (110, 108)


def test_one_that_has_fired_trails_no_more():
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()
    fired(TRAIL, "94")

    index.trail(tick("110"))

    assert the(TRAIL).highest == 100


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_waited_for_by_nobody_and_follows_with_the_next_price():
    holder(asked={"trailing_pct": Decimal(5)})
    index = index_of()
    is_held, let_go = threading.Event(), threading.Event()

    def hold():
        with atomic():
            list(Protection.objects.select_for_update().all())
            is_held.set()
            let_go.wait(20)
        connection.close()

    holding = threading.Thread(target=hold)
    holding.start()
    is_held.wait(20)
    index.trail(tick("110"))
    assert the(TRAIL).highest == 100
    let_go.set()
    holding.join()

    index.trail(tick("110"))

    assert the(TRAIL).highest == 110
