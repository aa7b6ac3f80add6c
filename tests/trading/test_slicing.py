"""Large orders in slices: approved once as a whole, checked slice by slice, never exceeded."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from tests.factories import NOW, make_desk, make_quote, wall
from tests.trading.steps import begun_in_slices, claimed, filled, make_sender, stopped
from trading.domain.slicing import Slicing
from trading.domain.states import OrderState, OrderType, ParentState, StopMode
from trading.exchanges.paper import PaperExchange
from trading.loop.steps import match_unowned, send_approved
from trading.models import Account, Assessment, Order, ParentOrder, Permission
from trading.services.leases import Ownership
from trading.services.recovery import follow_up
from trading.services.resuming import resume_account
from trading.services.slicing import advance_parents, decide_sized, stop_parent
from tradingfarm.kernel.clock import SystemClock

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def begun(desk, quantity=100, slices=4, **changes):
    verdict = begun_in_slices(desk, desk.buy(quantity, **changes), Slicing(slices, MINUTE))
    return verdict, ParentOrder.objects.first()


def advanced(desk, *, minutes=0):
    """What the sender does at that many minutes of market time, with its price as new."""
    now = NOW + minutes * MINUTE
    make_quote(desk.instrument, "100", as_of=now)
    account = Account.objects.get(id=desk.account.id)
    return advance_parents(account=account, now=now, at=wall())


def trade_all(desk):
    """Send and fill what is approved, as of no other moment than the slices are made at."""
    account, exchange = Account.objects.get(id=desk.account.id), PaperExchange()
    ownership = Ownership(account.id, account.fencing_token)
    send_approved(
        account=account,
        ownership=ownership,
        exchange=exchange,
        clock=SystemClock(),
        sender="test",
    )
    match_unowned(account=account, at=wall())
    follow_up(account=account, exchange=exchange, at=wall())


def test_the_whole_is_checked_once_and_counts_as_one_entry():
    desk = make_desk()

    verdict, parent = begun(desk)

    assert verdict.approved
    assert (parent.quantity, parent.state) == (100, ParentState.WORKING)
    assert Assessment.objects.get().parent == parent
    assert Permission.objects.get().entries_today == 1
    assert not Order.objects.exists()


def test_asking_again_begins_nothing_new():
    desk = make_desk()

    first, _ = begun(desk)
    again, _ = begun(desk)

    assert again.assessment_id == first.assessment_id
    assert ParentOrder.objects.count() == 1


def test_a_whole_that_is_too_large_is_denied_as_a_whole():
    desk = make_desk(limits={"max_order_value": Decimal(5_000)})

    verdict, parent = begun(desk)

    assert (verdict.denials, parent) == (("ORDER_SIZE",), None)
    assert not Order.objects.exists()


def test_slices_follow_each_other_in_market_time_until_all_is_bought():
    desk = make_desk()
    _, parent = begun(desk)

    for minute in range(6):
        advanced(desk, minutes=minute)
        trade_all(desk)

    parent.refresh_from_db()
    assert [order.quantity for order in Order.objects.order_by("as_of")] == [25] * 4
    assert (parent.state, parent.sent_quantity) == (ParentState.DONE, 100)
    assert desk.share().quantity == 100
    assert Permission.objects.get().entries_today == 1


def test_nothing_is_made_before_it_is_due_or_while_a_slice_is_at_work():
    desk = make_desk()
    begun(desk)

    advanced(desk)
    advanced(desk)
    advanced(desk, minutes=1)

    assert Order.objects.count() == 1


def test_a_slice_beyond_the_whole_is_not_claimed():
    desk = make_desk()
    _, parent = begun(desk)
    advanced(desk)
    ParentOrder.objects.update(sent_quantity=80)

    assert claimed(Order.objects.get()) is None
    parent.refresh_from_db()
    assert parent.sent_quantity == 80


def test_the_claim_adds_what_it_sends():
    desk = make_desk()
    _, parent = begun(desk)
    advanced(desk)

    assert claimed(Order.objects.get()) is not None

    parent.refresh_from_db()
    assert parent.sent_quantity == 25


def test_the_database_lets_no_parent_send_more_than_it_is():
    _, parent = begun(make_desk())

    with pytest.raises(IntegrityError), atomic():
        ParentOrder.objects.filter(id=parent.id).update(sent_quantity=101)


def test_an_emergency_stop_ends_the_parent():
    desk = make_desk()
    _, parent = begun(desk)
    stopped(desk, StopMode.KEEP)
    make_sender().work()
    resume_account(account_id=desk.account.id, actor="ada", reason="Looked", at=wall())

    advanced(desk, minutes=1)

    parent.refresh_from_db()
    assert (parent.state, parent.problem) == ("STOPPED", "An emergency stop came in between.")
    assert not Order.objects.exists()


def test_a_person_stops_it():
    desk = make_desk()
    _, parent = begun(desk)

    assert stop_parent(parent_id=parent.id, requested_by="Ada", now=NOW, at=wall())
    assert not stop_parent(parent_id=parent.id, requested_by="Ada", now=NOW, at=wall())
    advanced(desk)

    assert not Order.objects.exists()


def test_a_slice_that_the_gate_denies_is_left_out_and_said():
    desk = make_desk()
    _, parent = begun(desk)
    Permission.objects.update(max_order_value=Decimal(1_000))

    advanced(desk)

    parent.refresh_from_db()
    assert parent.problem == "Slice 1 was denied: ORDER_SIZE."
    assert not Order.objects.filter(state=OrderState.APPROVED).exists()


def sized(desk, quantity, **changes):
    return decide_sized(
        account_id=desk.account.id,
        request=desk.buy(quantity, **changes),
        actor="test",
        now=NOW,
        at=wall(),
    )


@pytest.mark.parametrize(
    ("above", "quantity", "slices"), [(None, 50, 0), (5_000, 50, 0), (5_000, 51, 2), (900, 50, 6)]
)
def test_an_order_above_the_accounts_size_goes_out_in_slices(above, quantity, slices):
    desk = make_desk()
    Account.objects.update(slice_above=above)

    assert sized(desk, quantity).approved

    planned = ParentOrder.objects.values_list("slices_planned", flat=True)
    assert list(planned) == [slices] * bool(slices)
    assert Order.objects.exists() is not bool(slices)


def test_an_order_that_rests_is_not_cut():
    desk = make_desk()
    Account.objects.update(slice_above=1_000)

    sized(desk, 50, order_type=OrderType.LIMIT, limit_price=Decimal(99))

    assert not ParentOrder.objects.exists()


def test_asking_again_after_a_crash_gives_the_same_answer():
    desk = make_desk()
    Account.objects.update(slice_above=1_000)
    first = sized(desk, 50)
    Account.objects.update(slice_above=None)

    again = sized(desk, 50)

    assert (again.order_id, again.approved) == (first.order_id, True)
    assert ParentOrder.objects.count() == 1
    assert not Order.objects.exists()


def test_an_exit_is_never_cut_however_large_it_is():
    desk = make_desk()
    filled(desk, desk.buy(50))
    Account.objects.update(slice_above=1_000)

    verdict = decide_sized(
        account_id=desk.account.id,
        request=desk.sell(50, key="exit"),
        actor="test",
        now=NOW,
        at=wall(),
    )

    assert verdict.approved
    assert not ParentOrder.objects.exists()
