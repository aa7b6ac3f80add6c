"""Stops and targets need no agent, fire once, and go on until nothing is left to protect."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk, make_permission, make_quote, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, filled, report, sent
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import HaltState, OrderState, ProtectionKind
from trading.models import Account, Order, Protection
from trading.selectors.protections import ArmedProtection, armed
from trading.services.decisions import SEND_WITHIN
from trading.services.fills import ingest
from trading.services.protections import fire
from trading.services.recovery import expire_stale
from trading.services.sending import send, settle

pytestmark = pytest.mark.django_db


def guarded(*, target="120", **options):
    """A desk that holds ten with a stop at 90 and a target."""
    desk = make_desk(**options)
    filled(desk, desk.buy(10, take_profit=Decimal(target) if target else None))
    return desk


def stop():
    return Protection.objects.get(kind=ProtectionKind.STOP_LOSS)


def target():
    return Protection.objects.get(kind=ProtectionKind.TAKE_PROFIT)


def fired(protection, last, *, at=None):
    return fire(protection_id=protection.id, last=Decimal(last), now=NOW, at=at or wall())


def traded(order_id, *, quantity=None, state=OrderState.FILLED):
    """Send the exit and let it trade `quantity`, or all."""
    order = Order.objects.get(id=order_id)
    exchange = RecordingExchange()
    won = claimed(order, exchange)
    outcome = send(claimed=won, exchange=exchange, at=wall())
    settle(order_id=order.id, token=0, outcome=outcome, at=wall())
    amount = order.quantity if quantity is None else quantity
    trades = [(order.client_order_id, amount, 89)] if amount else []
    ingest(order_id=order.id, report=report(order, *trades, state=state), at=wall())


def test_a_fill_arms_what_the_order_asked_for():
    desk = guarded()

    assert (stop().price, stop().state, stop().share) == (90, "ARMED", desk.share())
    assert (target().price, target().state) == (120, "ARMED")


def test_a_fill_without_a_target_arms_the_stop_alone():
    guarded(target=None)

    assert Protection.objects.count() == 1


@pytest.mark.parametrize(
    ("new_stop", "kept_stop"), [(Decimal(95), Decimal(95)), (Decimal(80), Decimal(90))]
)
def test_a_second_entry_never_lowers_the_stop(new_stop, kept_stop):
    desk = guarded()

    filled(desk, desk.buy(5, key="more", stop_loss=new_stop, take_profit=Decimal(130)))

    assert (stop().price, target().price) == (kept_stop, 130)
    assert Protection.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "last", "reached"),
    [
        (ProtectionKind.STOP_LOSS, "90.01", False),
        (ProtectionKind.STOP_LOSS, "90", True),
        (ProtectionKind.TAKE_PROFIT, "119.99", False),
        (ProtectionKind.TAKE_PROFIT, "120", True),
    ],
)
def test_a_protection_fires_at_its_price_and_beyond(kind, last, reached):
    guarded()
    protection = Protection.objects.get(kind=kind)

    assert (fired(protection, last) is not None) is reached


def test_a_stop_sells_the_whole_share_whatever_it_is_by_then():
    desk = guarded()
    filled(desk, desk.buy(5, key="more"))

    order = Order.objects.get(id=fired(stop(), "89").order_id)

    assert (order.quantity, order.source, order.reason) == (15, "protection", "stop_loss")
    assert order.reasoning == "The stop-loss at 90 was reached."
    assert (stop().state, stop().exit_id, stop().attempts) == ("FIRED", order.id, 1)


def test_a_target_says_so_in_its_reason():
    guarded()

    assert Order.objects.get(id=fired(target(), "121").order_id).reason == "roi"


@pytest.mark.django_db(transaction=True)
def test_eight_threads_fire_a_stop_once():
    desk = guarded()
    protection = stop()

    verdicts = race(8, lambda _: fired(protection, "89"))

    assert sum(verdict is not None for verdict in verdicts) == 1
    assert Order.objects.filter(side="sell").count() == 1
    assert desk.share().reserved_quantity == 10


@pytest.mark.django_db(transaction=True)
def test_a_stop_and_a_target_at_once_never_sell_more_than_is_held():
    desk = guarded()
    protections = [stop(), target()]
    # The target was moved to where both are reached.
    Protection.objects.filter(id=protections[1].id).update(price=Decimal(80))

    race(8, lambda place: fired(protections[place % 2], "85"))

    sells = Order.objects.filter(side="sell")
    assert sum(order.quantity for order in sells) == 10
    assert desk.share().reserved_quantity == 10


def test_an_exit_that_trades_all_ends_both_protections():
    desk = guarded()

    traded(fired(stop(), "89").order_id)

    assert (desk.share().quantity, stop().state, target().state) == (0, "DONE", "CANCELED")
    assert stop().ended_at is not None


def test_an_exit_that_was_rejected_is_armed_again_and_tries_with_a_new_id():
    desk = guarded()
    first = fired(stop(), "89").order_id
    claimed(Order.objects.get(id=first))
    settle(
        order_id=first, token=0, outcome=Outcome(OutcomeKind.REJECTED, problem="No."), at=wall()
    )

    assert (stop().state, stop().exit_id, desk.share().reserved_quantity) == ("ARMED", None, 0)
    second = fired(stop(), "89").order_id

    assert second not in (None, first)
    assert stop().attempts == 2


def test_an_exit_that_was_not_sent_in_time_is_armed_again():
    desk = guarded()
    fired(stop(), "89", at=wall() - SEND_WITHIN)

    expire_stale(account=desk.account, at=wall())

    assert stop().state == "ARMED"


def test_an_exit_that_traded_in_part_protects_what_is_left():
    desk = guarded()

    traded(fired(stop(), "89").order_id, quantity=4, state=OrderState.CANCELED)

    assert (desk.share().quantity, stop().state, target().state) == (6, "ARMED", "ARMED")
    assert Order.objects.get(id=fired(stop(), "89").order_id).quantity == 6


def test_while_the_exit_trades_the_stop_does_not_fire_again():
    desk = guarded()
    traded(fired(stop(), "89").order_id, quantity=4, state=OrderState.OPEN)

    assert fired(stop(), "80") is None
    assert (desk.share().quantity, desk.share().reserved_quantity) == (6, 6)


def test_a_denied_exit_leaves_the_stop_armed_for_the_next_price():
    desk = guarded()
    make_quote(desk.instrument, "89", as_of=NOW - timedelta(hours=1))

    verdict = fired(stop(), "89")
    make_quote(desk.instrument, "89")

    assert verdict.denials == ("STALE_PRICE",)
    assert stop().state == "ARMED"
    assert fired(stop(), "89").approved


def test_a_stop_fires_in_a_halted_account_with_its_agent_switched_off(settings):
    desk = guarded()
    settings.ENABLE_AGENT_TRADING = False
    type(desk.permission).objects.update(active=False)
    Account.objects.update(halt_state=HaltState.HALTED)

    order = Order.objects.get(id=fired(stop(), "89").order_id)

    assert claimed(order) is not None


def test_a_share_that_is_offered_already_is_not_sold_again():
    desk = guarded()
    approved(desk, desk.sell(10))

    assert fired(stop(), "89") is None
    assert stop().state == "ARMED"


def test_the_agents_own_sell_of_everything_cancels_its_protections():
    desk = guarded()

    filled(desk, desk.sell(10))

    assert (stop().state, target().state) == ("CANCELED", "CANCELED")


def test_the_agents_own_sell_of_a_part_leaves_them_armed():
    desk = guarded()

    filled(desk, desk.sell(4))

    assert (stop().state, target().state) == ("ARMED", "ARMED")


def test_anothers_sell_leaves_the_protections_of_the_agent_alone():
    desk = guarded()
    other = make_permission(desk.account, number=1)
    filled(desk, replace(desk.buy(5, key="other"), permission_id=other.id))

    filled(desk, replace(desk.sell(5, key="out"), permission_id=other.id))

    states = {row.share.permission_id: row.state for row in Protection.objects.all()}
    assert states == {desk.permission.id: "ARMED", other.id: "CANCELED"}


def test_a_buy_that_goes_on_after_its_first_part_was_sold_is_protected_again():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    ingest(order_id=order.id, report=report(order, ("t1", 4, 100)), at=wall())
    filled(desk, desk.sell(4))
    assert stop().state == "CANCELED"

    whole = report(order, ("t1", 4, 100), ("t2", 6, 100), state=OrderState.FILLED)
    ingest(order_id=order.id, report=whole, at=wall())

    assert (stop().state, stop().ended_at) == ("ARMED", None)
    assert Order.objects.get(id=fired(stop(), "89").order_id).quantity == 6


def test_a_new_entry_after_a_full_exit_is_protected_by_a_new_row():
    desk = guarded()
    traded(fired(stop(), "89").order_id)

    filled(desk, desk.buy(11, key="second"))

    states = Protection.objects.filter(kind=ProtectionKind.STOP_LOSS).values_list(
        "state", flat=True
    )
    assert sorted(states) == ["ARMED", "DONE"]


def test_the_index_is_given_armed_protections_of_its_feed_stops_first(django_assert_num_queries):
    desk = guarded()

    with django_assert_num_queries(1):
        found = armed(feed_name="prices")

    assert found == [
        ArmedProtection(stop().id, desk.instrument.id, ProtectionKind.STOP_LOSS, Decimal(90)),
        ArmedProtection(target().id, desk.instrument.id, ProtectionKind.TAKE_PROFIT, Decimal(120)),
    ]
    assert armed(feed_name="another") == []
    fired(stop(), "89")
    assert [row.kind for row in armed(feed_name="prices")] == [ProtectionKind.TAKE_PROFIT]
