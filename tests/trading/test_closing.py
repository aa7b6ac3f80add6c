"""A position closed by hand: each share sold once, whoever clicks how often."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from market.models import Replay
from tests.factories import NOW, make_desk, make_instrument, make_permission, make_quote, wall
from tests.racing import race
from tests.trading.steps import claimed, decided, filled, report, stopped
from trading.domain.states import HaltState, OrderState, ProtectionState, Source, StopMode
from trading.models import Account, Assessment, Order, PositionShare, Protection
from trading.services.closing import close_position
from trading.services.fills import ingest

pytestmark = pytest.mark.django_db


def closed(desk, *, key="1", at_most=1_000, share_ids=None):
    return close_position(
        account_id=desk.account.id,
        instrument_id=desk.instrument.id,
        share_ids=share_ids,
        at_most=Decimal(at_most),
        request_key=key,
        requested_by="Ada",
        now=NOW,
        at=wall(),
    )


def exits():
    return Order.objects.filter(source=Source.PERSON)


def settled(order):
    claimed(order)
    trade = (order.client_order_id, order.quantity, 99)
    ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())


def two_agents():
    """A desk whose position belongs to two agents: ten and five."""
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    filled(desk, desk.buy(10))
    filled(desk, replace(desk.buy(5, key="other"), permission_id=other.id))
    return desk


def test_each_agents_share_is_sold_by_an_order_of_its_own():
    desk = two_agents()

    closing = closed(desk)

    sold = sorted((order.permission.agent_name, int(order.quantity)) for order in exits())
    assert sold == [("Agent 0", 10), ("Agent 1", 5)]
    assert [share.agent_name for share in closing.approved] == ["Agent 0", "Agent 1"]
    order = exits().first()
    assert (order.reason, order.reduce_only) == ("force_exit", True)
    assert order.reasoning == "Closed by hand by Ada."


def test_once_it_has_filled_the_position_is_flat_and_its_protections_end():
    desk = make_desk()
    filled(desk, desk.buy(10))

    closed(desk)
    settled(exits().get())

    assert not PositionShare.objects.filter(quantity__gt=0).exists()
    assert Protection.objects.get().state == ProtectionState.CANCELED


def test_one_share_can_be_closed_alone():
    desk = two_agents()

    closed(desk, share_ids=[desk.share().id])

    assert exits().get().permission_id == desk.permission.id


def test_a_confirmation_that_comes_twice_sells_once():
    desk = make_desk()
    filled(desk, desk.buy(10))

    first, second = closed(desk), closed(desk)
    settled(exits().get())
    third = closed(desk)

    assert exits().count() == 1
    assert first == second == third


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_sell_once():
    desk = make_desk()
    filled(desk, desk.buy(10))

    answers = race(8, lambda _: closed(desk))

    assert exits().count() == 1
    assert len({answer.shares[0].verdict.order_id for answer in answers}) == 1


def test_two_people_cannot_sell_the_same_shares_twice():
    desk = make_desk()
    filled(desk, desk.buy(10))

    closed(desk, key="of Ada")
    second = closed(desk, key="of Grace")

    assert exits().count() == 1
    assert second.denied[0].verdict.denials == ("POSITION_HELD", "MINIMUM_SIZE")


def test_what_was_bought_since_the_person_looked_is_not_sold_unseen():
    desk = make_desk()
    filled(desk, desk.buy(10))

    closing = closed(desk, at_most=8)

    assert (closing.grown_to, closing.shares) == (10, ())
    assert not exits().exists()


def test_nothing_held_is_nothing_asked_of_the_gate():
    desk = make_desk()

    assert closed(desk).shares == ()
    assert not Assessment.objects.exists()


@pytest.mark.parametrize("state", [HaltState.REDUCING, HaltState.HALTED])
def test_a_person_closes_while_agents_may_not_enter(state):
    desk = make_desk()
    filled(desk, desk.buy(10))
    Account.objects.update(halt_state=state)

    closed(desk)

    assert claimed(exits().get()) is not None


def test_a_person_closes_after_a_stop_that_kept_positions():
    desk = make_desk()
    filled(desk, desk.buy(10))
    stopped(desk, StopMode.KEEP)

    closed(desk)

    assert claimed(exits().get()) is not None


def test_a_stop_after_the_click_keeps_the_order_from_leaving():
    desk = make_desk()
    filled(desk, desk.buy(10))
    closed(desk)

    stopped(desk, StopMode.KEEP)

    assert claimed(exits().get()) is None


def test_a_refusal_is_an_answer_with_its_reasons():
    desk = make_desk()
    filled(desk, desk.buy(10))
    make_quote(desk.instrument, as_of=NOW.replace(hour=3))

    closing = closed(desk)

    assert closing.denied[0].verdict.denials == ("STALE_PRICE",)
    assert not exits().exists()


def test_a_replay_that_played_on_since_the_click_is_no_reason_to_refuse():
    desk = make_desk()
    filled(desk, desk.buy(10))
    later = NOW + timedelta(days=3)
    play(desk, until=later)

    closing = closed(desk)

    [order] = exits()
    assert [share.verdict.approved for share in closing.shares] == [True]
    assert order.as_of == later


def test_an_agents_order_is_judged_by_the_time_that_it_was_decided_at():
    desk = make_desk()
    play(desk, until=NOW + timedelta(days=3))

    assert decided(desk, desk.buy(1)).denials == ("STALE_PRICE",)


def play(desk, *, until):
    """Prices and the replay's clock, as the engine commits them together."""
    make_quote(desk.instrument, as_of=until)
    Replay.objects.create(
        id=UUID(int=7),
        feed=desk.account.feed,
        starts_on=NOW.date(),
        ends_on=until.date(),
        timeframe="1d",
        speed=1,
        position=1,
        as_of=until,
        started_at=wall(),
    )


def test_positions_of_other_instruments_stay():
    desk = make_desk()
    ibm = make_instrument("IBM")
    make_quote(ibm)
    filled(desk, desk.buy(10))
    filled(desk, replace(desk.buy(3, key="ibm"), instrument_id=ibm.id))

    closed(desk)

    assert exits().get().instrument_id == desk.instrument.id
