"""From one commit on nothing new is sent; then steps that anybody can take up again."""

import threading
from dataclasses import replace

import pytest

from tests.factories import NOW, make_desk, make_instrument, make_permission, make_quote, wall
from tests.racing import race
from tests.trading.steps import approved, claimed, decided, filled, report, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.exchange import ExchangeUnavailable
from trading.domain.states import OrderState, Source, StopMode
from trading.models import Account, Assessment, Order, PositionShare, StopRun
from trading.services.barrier import own_barrier, share_barrier
from trading.services.emergency import advance_stop
from trading.services.fills import ingest
from trading.services.resuming import Resumed, resume_account
from trading.services.sending import send, settle
from tradingfarm.kernel.clock import ManualClock
from tradingfarm.kernel.journal import account_stream, transaction
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db
Step = StopRun.Step


def advanced(run, exchange=None, *, times=1, at=None):
    for _ in range(times):
        run = advance_stop(
            run_id=run.id, exchange=exchange or RecordingExchange(), now=NOW, at=at or wall()
        )
    return run


def sell_off(exchange):
    """What a sender does meanwhile: claim, send and fill every approved order."""
    for order in Order.objects.filter(state=OrderState.APPROVED):
        won = claimed(order, exchange)
        outcome = send(claimed=won, exchange=exchange, at=wall())
        settle(order_id=order.id, token=0, outcome=outcome, at=wall())
        trade = (order.client_order_id, order.quantity, 99)
        ingest(order_id=order.id, report=report(order, trade, state=OrderState.FILLED), at=wall())


def test_a_stop_halts_the_account_and_says_who_and_why():
    desk = make_desk()

    run = stopped(desk, StopMode.KEEP, reason="Strange prices")

    account = Account.objects.get()
    event = JournalEvent.objects.get(stream=account_stream(account.id), kind="account.halted")
    assert (account.halt_state, account.halt_reason, account.epoch) == (
        "HALTED",
        "Strange prices",
        1,
    )
    assert (run.step, run.epoch, run.requested_by) == (Step.HALTED, 1, "Ada")
    assert (event.actor, event.payload["mode"]) == ("Ada", "keep")


def test_no_stop_fails_over_the_length_of_its_words():
    desk = make_desk()

    run = stopped(desk, by="A" * 500, reason="why " * 500)

    assert (len(run.requested_by), len(run.reason)) == (120, 200)
    assert Account.objects.get().halt_state == "HALTED"


def test_keeping_only_halts():
    desk = make_desk()
    filled(desk, desk.buy(10))
    order = sent(desk, desk.buy(1, key="resting"))
    exchange = RecordingExchange(known=[report(order)])

    run = advanced(stopped(desk, StopMode.KEEP), exchange)

    assert run.step == Step.DONE
    assert exchange.canceled == []
    assert desk.share().quantity == 10
    assert StopRun.objects.get().ended_at is not None


def test_canceling_cancels_what_rests_and_waits_until_it_has_ended():
    desk = make_desk()
    order = sent(desk, desk.buy(10))
    exchange = RecordingExchange(known=[report(order)])
    exchange.resting = [order.client_order_id]

    run = advanced(stopped(desk, StopMode.CANCEL), exchange, times=4)
    assert (run.step, exchange.canceled) == (Step.SETTLING, [order.client_order_id])
    exchange.known[order.client_order_id] = report(order, state=OrderState.CANCELED)
    run = advanced(run, exchange)

    order.refresh_from_db()
    assert (run.step, order.state) == (Step.DONE, "CANCELED")
    assert Account.objects.get().reserved == 0


def test_what_appears_at_the_exchange_while_settling_is_canceled_too():
    desk = make_desk()
    exchange = RecordingExchange()
    run = advanced(stopped(desk, StopMode.CANCEL), exchange, times=2)
    exchange.resting = ["late"]

    run = advanced(run, exchange, times=2)

    assert (run.step, exchange.canceled) == (Step.SETTLING, ["late"])


def test_what_was_approved_before_is_ended_unsent():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    advanced(stopped(desk, StopMode.CANCEL))

    order.refresh_from_db()
    assert (order.state, Account.objects.get().reserved) == ("EXPIRED_LOCAL", 0)


def test_flattening_sells_every_agents_share_and_is_done_when_found_flat_twice():
    desk, exchange = make_desk(), RecordingExchange()
    other = make_permission(desk.account, number=1)
    ibm = make_instrument("IBM")
    make_quote(ibm)
    filled(desk, desk.buy(10))
    filled(desk, replace(desk.buy(5, key="other"), permission_id=other.id))
    filled(desk, replace(desk.buy(3, key="ibm"), instrument_id=ibm.id))

    run = advanced(stopped(desk), exchange, times=4)
    liquidations = Order.objects.filter(source=Source.LIQUIDATION)
    sold = sorted(int(order.quantity) for order in liquidations)
    sell_off(exchange)
    first = advanced(run, exchange)
    confirmations, step = StopRun.objects.get().confirmations, first.step
    second = advanced(run, exchange)

    assert sold == [3, 5, 10]
    assert {order.reason for order in liquidations} == {"emergency_exit"}
    assert (step, confirmations) == (Step.FLATTENING, 1)
    assert (second.step, StopRun.objects.get().rounds) == (Step.DONE, 1)
    assert not PositionShare.objects.filter(quantity__gt=0).exists()


def test_every_step_can_be_taken_up_by_another_runner():
    desk, exchange = make_desk(), RecordingExchange()
    filled(desk, desk.buy(10))
    run_id = stopped(desk).id

    steps = []
    for _ in range(12):
        run = StopRun.objects.get(id=run_id)
        advance_stop(run_id=run_id, exchange=exchange, now=NOW, at=wall())
        advance_stop(run_id=run.id, exchange=exchange, now=NOW, at=wall())
        steps.append(StopRun.objects.get().step)
        sell_off(exchange)

    assert steps[-1] == Step.DONE
    assert Order.objects.filter(source=Source.LIQUIDATION).count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_runners_liquidate_once():
    desk, exchange = make_desk(), RecordingExchange()
    filled(desk, desk.buy(10))
    run = advanced(stopped(desk), exchange, times=3)
    assert run.step == Step.FLATTENING

    race(8, lambda _: advanced(run, exchange))

    assert Order.objects.filter(source=Source.LIQUIDATION).count() == 1
    assert StopRun.objects.get().rounds == 1


def test_a_liquidation_that_did_not_fill_is_tried_again_in_a_new_round():
    desk, exchange = make_desk(), RecordingExchange()
    filled(desk, desk.buy(10))
    run = advanced(stopped(desk), exchange, times=4)
    first = Order.objects.get(source=Source.LIQUIDATION)
    claimed(first, exchange)
    ingest(order_id=first.id, report=report(first, state=OrderState.CANCELED), at=wall())

    advanced(run, exchange)

    assert Order.objects.filter(source=Source.LIQUIDATION).count() == 2
    assert StopRun.objects.get().rounds == 2


def test_a_liquidation_that_the_gate_refuses_waits_a_while():
    desk, exchange = make_desk(), RecordingExchange()
    filled(desk, desk.buy(10))
    run = stopped(desk)
    make_quote(desk.instrument, as_of=NOW.replace(hour=3))
    clock = ManualClock(wall())

    for _ in range(60):
        advanced(run, exchange, at=clock.now())
        clock.sleep(0.5)

    # Thirty seconds, one try in five.
    assert Assessment.objects.filter(approved=False).count() == 6


def test_an_exchange_that_does_not_answer_leaves_the_step_where_it_was():
    desk = make_desk()
    run = advanced(stopped(desk))

    with pytest.raises(ExchangeUnavailable):
        advanced(run, RecordingExchange(is_down=True))

    assert StopRun.objects.get().step == Step.CANCELING
    assert Account.objects.get().halt_state == "HALTED"


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (StopMode.KEEP, StopMode.FLATTEN, "flatten"),
        (StopMode.CANCEL, StopMode.FLATTEN, "flatten"),
        (StopMode.FLATTEN, StopMode.CANCEL, "flatten"),
    ],
)
def test_a_second_stop_takes_over_the_first_and_never_weakens_it(first, second, kept):
    desk = make_desk()
    before = stopped(desk, first)
    if first is not StopMode.KEEP:
        advanced(before, times=2)

    after = stopped(desk, second)

    assert (after.id, after.mode, after.step, after.epoch) == (before.id, kept, Step.HALTED, 2)
    assert StopRun.objects.count() == 1


def test_a_stop_after_one_that_is_done_is_a_new_run():
    desk = make_desk()
    first = advanced(stopped(desk, StopMode.KEEP))

    second = stopped(desk, StopMode.KEEP)

    assert (first.step, second.step) == (Step.DONE, Step.HALTED)
    assert first.id != second.id


def test_a_person_lets_a_stopped_account_trade_again_once_the_stop_is_done():
    desk = make_desk()
    run = stopped(desk, StopMode.KEEP)

    too_early = resumed(desk)
    advanced(run)
    released = resumed(desk)

    assert (too_early, released) == (Resumed.STOP_UNFINISHED, Resumed.RESUMED)
    assert Account.objects.get().halt_state == "ACTIVE"
    assert decided(desk, desk.buy(1)).approved


def resumed(desk):
    return resume_account(account_id=desk.account.id, actor="Ada", reason="All well", at=wall())


@pytest.mark.django_db(transaction=True)
def test_a_stop_waits_for_the_claims_inside_and_lets_no_further_one_in():
    desk = make_desk()
    early, late = approved(desk, desk.buy(1)), approved(desk, by_person(desk))
    inside, leave = threading.Event(), threading.Event()
    order_of_events = []

    def claimant(_):
        with transaction():
            share_barrier(account_id=desk.account.id)
            inside.set()
            leave.wait(10)
            order_of_events.append("claim leaves")

    def stopper(_):
        inside.wait(10)
        stopped(desk, StopMode.KEEP)
        order_of_events.append("stop commits")

    def latecomer(_):
        inside.wait(10)
        leave.set()

    actions = [claimant, stopper, latecomer]
    race(3, lambda place: actions[place](place))

    assert order_of_events == ["claim leaves", "stop commits"]
    assert claimed(early) is None
    assert claimed(late) is None


def by_person(desk):
    return replace(
        desk.buy(1, key="by hand"), source=Source.PERSON, permission_id=None, stop_loss=None
    )


@pytest.mark.django_db(transaction=True)
def test_a_claim_behind_a_stop_sees_what_the_stop_has_written():
    desk = make_desk()
    order = approved(desk, desk.buy(1))
    inside, waiting = threading.Event(), threading.Event()

    def stopper():
        with transaction():
            own_barrier(account_id=desk.account.id)
            inside.set()
            waiting.wait(10)
            Account.objects.update(halt_state="HALTED", epoch=1)

    def claimant():
        inside.wait(10)
        # It is let go before it asks, and the stop commits after that.
        waiting.set()
        return claimed(order)

    actions = [stopper, claimant]
    outcomes = race(2, lambda place: actions[place]())

    assert outcomes == [None, None]
    order.refresh_from_db()
    assert order.state == "APPROVED"


@pytest.mark.django_db(transaction=True)
def test_under_claims_from_all_sides_a_stop_lets_nothing_slip_through():
    desk = make_desk()
    orders = [
        approved(desk, replace(by_person(desk), intent_key=f"{number}")) for number in range(12)
    ]
    committed = threading.Event()

    def act(place):
        if place == 6:
            stopped(desk, StopMode.KEEP)
            committed.set()
            return None
        knew = committed.is_set()
        return knew, claimed(orders[place])

    outcomes = [outcome for outcome in race(12, act) if outcome]

    assert not any(knew and won for knew, won in outcomes)
    claimed_orders = Order.objects.filter(state="SUBMITTING").count()
    assert claimed_orders == sum(won is not None for _, won in outcomes)
    assert all(claimed(order) is None for order in orders)


class Overtaken(RecordingExchange):
    """An exchange that answers one runner only after another runner has finished the stop."""

    def open_orders(self, *, account_id):
        run = StopRun.objects.get()
        if run.step != Step.DONE:
            advanced(run, RecordingExchange(), times=2)
        return super().open_orders(account_id=account_id)


def test_a_runner_that_was_overtaken_does_not_take_a_finding_back():
    run = advanced(stopped(make_desk()), times=3)
    assert (run.step, run.confirmations) == (Step.FLATTENING, 0)

    advanced(run, Overtaken())

    found = StopRun.objects.get()
    assert (found.step, found.confirmations) == (Step.DONE, 2)
