"""What an entry asks for is armed at its fill; another entry only tightens."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import filled, report, sent
from trading.domain.states import ProtectionKind
from trading.models import Protection
from trading.services.fills import ingest
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db
FILLED_AT = NOW + timedelta(seconds=1)


def only(kind):
    return Protection.objects.get(kind=kind)


def trailing():
    return only(ProtectionKind.TRAILING_STOP)


def timed():
    return only(ProtectionKind.TIME_EXIT)


def armings():
    return JournalEvent.objects.filter(kind="protection.armed").count()


def test_a_trailing_stop_begins_below_what_was_paid():
    desk = make_desk()

    filled(desk, desk.buy(10, trailing_pct=Decimal(5)), price="101.23")

    assert (trailing().highest, trailing().trailing_pct) == (Decimal("101.23"), 5)
    assert trailing().price == Decimal("96.17")


def test_a_stop_loss_and_a_trailing_stop_are_armed_side_by_side():
    desk = make_desk()

    filled(desk, desk.buy(10, trailing_pct=Decimal(5)))

    kinds = Protection.objects.order_by("kind").values_list("kind", "price")
    assert list(kinds) == [("stop_loss", 90), ("trailing_stop", 95)]


def test_a_trailing_stop_follows_what_was_paid_on_average():
    desk = make_desk()
    order = sent(desk, desk.buy(10, trailing_pct=Decimal(10)))
    ingest(order_id=order.id, report=report(order, ("t1", 5, 100)), at=wall())

    ingest(order_id=order.id, report=report(order, ("t1", 5, 100), ("t2", 5, 102)), at=wall())

    assert (trailing().highest, trailing().price) == (101, Decimal("90.9"))


@pytest.mark.parametrize(
    ("percent", "paid", "kept"),
    [("8", "100", (5, 100, 95)), ("2", "100", (2, 100, 98)), ("8", "110", (5, 110, "104.5"))],
)
def test_a_second_entry_never_widens_a_trailing_stop(percent, paid, kept):
    desk = make_desk()
    filled(desk, desk.buy(10, trailing_pct=Decimal(5)))

    filled(desk, desk.buy(5, key="more", trailing_pct=Decimal(percent)), price=paid)

    found = (trailing().trailing_pct, trailing().highest, trailing().price)
    assert found == tuple(Decimal(part) for part in kept)


def test_a_time_exit_is_due_so_many_seconds_of_market_time_after_the_first_trade():
    desk = make_desk()

    filled(desk, desk.buy(10, exit_after_seconds=90))

    assert timed().due_at == FILLED_AT + timedelta(seconds=90)
    assert timed().price is None


def test_a_time_exit_does_not_begin_anew_with_each_trade_of_its_entry():
    desk = make_desk()
    order = sent(desk, desk.buy(10, exit_after_seconds=90))
    first, second = ("t1", 5, 100, "0", FILLED_AT), ("t2", 5, 100, "0", FILLED_AT + timedelta(60))
    ingest(order_id=order.id, report=report(order, second), at=wall())

    ingest(order_id=order.id, report=report(order, second, first), at=wall())

    assert timed().due_at == FILLED_AT + timedelta(seconds=90)


@pytest.mark.parametrize(("seconds", "kept"), [(30, 30), (600, 90)])
def test_a_second_entry_never_lets_the_time_exit_come_later(seconds, kept):
    desk = make_desk()
    filled(desk, desk.buy(10, exit_after_seconds=90))

    filled(desk, desk.buy(5, key="more", exit_after_seconds=seconds))

    assert timed().due_at == FILLED_AT + timedelta(seconds=kept)


def test_an_entry_that_changes_nothing_is_not_journaled():
    desk = make_desk()
    filled(desk, desk.buy(10, take_profit=Decimal(120)))
    before = armings()

    filled(desk, desk.buy(5, key="more", take_profit=Decimal(120)))

    assert armings() == before == 2


def test_a_further_trade_of_an_entry_leaves_a_target_that_was_changed_since():
    desk = make_desk()
    order = sent(desk, desk.buy(10, take_profit=Decimal(120)))
    ingest(order_id=order.id, report=report(order, ("t1", 5, 100)), at=wall())
    Protection.objects.filter(kind="take_profit").update(price=Decimal(130))

    ingest(order_id=order.id, report=report(order, ("t1", 5, 100), ("t2", 5, 100)), at=wall())

    assert only(ProtectionKind.TAKE_PROFIT).price == 130


def test_an_arming_says_all_that_is_waited_for():
    desk = make_desk()

    filled(desk, desk.buy(10, trailing_pct=Decimal(5), exit_after_seconds=60))

    events = JournalEvent.objects.filter(kind="protection.armed").order_by("seq")
    told = [event.payload for event in events]
    assert [each["kind"] for each in told] == ["stop_loss", "trailing_stop", "time_exit"]
    assert (told[1]["trailing_pct"], told[1]["price"]) == ("5", "95")
    assert told[2]["due_at"] is not None
