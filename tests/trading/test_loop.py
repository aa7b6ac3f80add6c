"""The sending loop on the real paper exchange: one pass sends, ingests, sweeps and stops."""

from datetime import timedelta

import pytest

from market.models import Quote
from tests.factories import make_desk, wall
from tests.trading.steps import approved, claimed, make_holder, make_sender, stopped
from trading.domain.states import StopMode
from trading.exchanges.paper import PaperExchange
from trading.loop.steps import ingest_reports, match_unowned
from trading.models import Account, PaperOrder, PaperTrade
from trading.selectors.rebuild import differences
from trading.services.sending import send, settle
from tradingfarm.kernel.clock import ManualClock, SystemClock
from tradingfarm.kernel.models import Heartbeat

pytestmark = pytest.mark.django_db


def keep_quotes_fresh(desk):
    """A feed without a replay runs on wall time, so its quotes must be of now."""
    Quote.objects.filter(feed=desk.account.feed).update(as_of=wall())


def test_one_pass_sends_an_approved_order_and_the_same_pass_brings_its_fill():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    make_sender().work()

    order.refresh_from_db()
    assert (order.state, order.filled_quantity) == ("FILLED", 10)
    assert PaperOrder.objects.get().client_order_id == order.client_order_id
    assert desk.share().quantity == 10


def test_passes_without_work_place_nothing_and_say_that_the_sender_lives():
    make_desk()
    loop = make_sender()

    loop.work()
    loop.work()

    assert PaperOrder.objects.count() == 0
    assert Heartbeat.objects.get().process == "sender"


def test_a_sent_order_is_never_sent_again():
    desk = make_desk()
    approved(desk, desk.buy(10))
    loop = make_sender()

    for _ in range(5):
        loop.work()

    assert PaperOrder.objects.count() == 1
    assert PaperTrade.objects.count() == 1


def test_an_order_that_waited_too_long_expires_instead_of_being_sent():
    desk = make_desk()
    order = approved(desk, desk.buy(10))

    make_sender(ManualClock(wall() + timedelta(minutes=1))).work()

    order.refresh_from_db()
    assert order.state == "EXPIRED_LOCAL"
    assert PaperOrder.objects.count() == 0


def test_an_account_with_an_exchange_that_is_not_there_does_not_stop_the_others(caplog):
    broken = make_desk(number=0)
    working = make_desk(number=1)
    approved(broken, broken.buy(5))
    order = approved(working, working.buy(10))
    Account.objects.filter(id=broken.account.id).update(kind="live", exchange="nowhere")

    make_sender().work()

    order.refresh_from_db()
    assert order.state == "FILLED"
    assert "nowhere" in caplog.text


def test_a_stop_that_nobody_finished_is_carried_out_by_the_sender():
    desk = make_holder()
    keep_quotes_fresh(desk)
    loop = make_sender(SystemClock())
    run = stopped(desk)

    for _ in range(12):
        loop.work()

    run.refresh_from_db()
    assert (run.step, run.confirmations) == ("DONE", 2)
    assert desk.share().quantity == 0


def test_an_entry_that_was_approved_before_the_stop_is_not_sent_after_it():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    stopped(desk, StopMode.KEEP)

    make_sender().work()

    order.refresh_from_db()
    assert order.state == "EXPIRED_LOCAL"
    assert PaperOrder.objects.count() == 0


def test_a_trade_that_the_sender_did_not_see_any_more_is_ingested_afterwards():
    desk = make_desk()
    order = approved(desk, desk.buy(10))
    claimed_and_placed(order)
    match_unowned(account=desk.account, at=wall())

    ingest_reports(clock=ManualClock(wall()))

    order.refresh_from_db()
    assert order.state == "FILLED"
    assert differences() == []


def claimed_and_placed(order):
    """As a sender does that is stopped before it hears of the trade."""
    exchange = PaperExchange()
    settle(
        order_id=order.id,
        token=0,
        outcome=send(claimed=claimed(order), exchange=exchange, at=wall()),
        at=wall(),
    )
