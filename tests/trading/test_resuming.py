"""A person lets an account trade again, knowing what it was stopped for."""

import pytest

from tests.factories import NOW, make_desk, wall
from tests.trading.steps import stopped
from tests.trading.venues import RecordingExchange
from trading.domain.states import HaltState, StopMode
from trading.models import Account
from trading.services.emergency import advance_stop
from trading.services.resuming import Resumed, resume_account
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def resumed(desk, *, epoch=None):
    return resume_account(
        account_id=desk.account.id,
        actor="Ada",
        reason="The prices are right again",
        at=wall(),
        epoch=epoch,
    )


def halted_desk():
    desk = make_desk()
    run = stopped(desk, StopMode.KEEP)
    advance_stop(run_id=run.id, exchange=RecordingExchange(), now=NOW, at=wall())
    return desk


def test_it_is_journaled_with_who_and_why():
    desk = halted_desk()

    outcome = resumed(desk, epoch=1)

    account = Account.objects.get()
    event = JournalEvent.objects.get(kind="account.released")
    assert outcome is Resumed.RESUMED
    assert (account.halt_state, account.halt_reason) == (HaltState.ACTIVE, "")
    assert (event.actor, event.payload["reason"], event.payload["was"]) == (
        "Ada",
        "The prices are right again",
        "HALTED",
    )


def test_a_reducing_account_is_resumed_as_well():
    desk = make_desk(halt_state="REDUCING")

    assert resumed(desk) is Resumed.RESUMED


def test_a_stop_that_is_being_carried_out_is_finished_first():
    desk = make_desk()
    stopped(desk, StopMode.FLATTEN)

    assert resumed(desk) is Resumed.STOP_UNFINISHED
    assert Account.objects.get().halt_state == HaltState.HALTED


def test_a_stop_that_the_person_has_not_seen_is_not_undone():
    desk = halted_desk()
    run = stopped(desk, StopMode.KEEP)
    advance_stop(run_id=run.id, exchange=RecordingExchange(), now=NOW, at=wall())

    assert resumed(desk, epoch=1) is Resumed.STOPPED_AGAIN
    assert Account.objects.get().halt_state == HaltState.HALTED


def test_resuming_twice_is_journaled_once():
    desk = halted_desk()

    resumed(desk)

    assert resumed(desk) is Resumed.ALREADY_ACTIVE
    assert JournalEvent.objects.filter(kind="account.released").count() == 1
