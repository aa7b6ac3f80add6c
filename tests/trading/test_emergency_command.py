"""`manage.py emergency_stop`: what a person in a hurry types, and what they are told."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError

from market.models import Quote
from tests.factories import make_desk, wall
from tests.trading.steps import approved, make_holder
from trading.management.commands import emergency_stop
from trading.models import Account, Order, PaperOrder, StopRun
from trading.services.emergency import advance_stop
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    """A desk that holds ten shares, with quotes of this moment."""
    made = make_holder()
    Quote.objects.update(as_of=wall())
    return made


def stop(capsys, *arguments):
    call_command("emergency_stop", *arguments)
    return capsys.readouterr().out


def test_flatten_sells_everything_without_any_other_process(desk, capsys):
    said = stop(capsys, "--flatten")

    assert desk.share().quantity == 0
    assert Account.objects.get().halt_state == "HALTED"
    assert "Flat, found twice." in said
    assert {order.source for order in Order.objects.all()} == {"agent", "liquidation"}


def test_being_flat_is_journaled_twice(desk, capsys):
    stop(capsys, "--flatten")

    assert JournalEvent.objects.filter(kind="account.flat").count() == 2


def test_keep_halts_and_sells_nothing(desk, capsys):
    said = stop(capsys, "--keep")

    assert desk.share().quantity == 10
    assert Account.objects.get().halt_state == "HALTED"
    assert "Nothing new is sent" in said


def test_cancel_takes_back_what_was_approved_and_not_yet_sent(capsys):
    desk = make_desk()
    waiting = approved(desk, desk.buy(5))

    stop(capsys, "--cancel")

    waiting.refresh_from_db()
    assert waiting.state == "EXPIRED_LOCAL"
    assert PaperOrder.objects.count() == 0


def test_only_the_accounts_named_are_stopped(desk, capsys):
    other = make_desk(number=1)

    stop(capsys, "--keep", other.account.name)

    assert Account.objects.get(id=other.account.id).halt_state == "HALTED"
    assert Account.objects.get(id=desk.account.id).halt_state == "ACTIVE"


def test_a_name_that_does_not_exist_stops_nothing_and_lists_the_accounts(desk):
    with pytest.raises(CommandError, match=r"No account is called Typo. There are: Paper 0"):
        call_command("emergency_stop", "--keep", "Typo")

    assert StopRun.objects.count() == 0


def test_one_must_say_what_becomes_of_orders_and_positions(desk):
    with pytest.raises(CommandError, match="--keep --cancel --flatten"):
        call_command("emergency_stop")


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_is_not_had_in_time_is_waited_for_again(desk, capsys, monkeypatch):
    answers = iter([OperationalError("canceling statement due to lock timeout")])

    def busy_once(**arguments):
        for error in answers:
            raise error
        return advance_stop(**arguments)

    monkeypatch.setattr(emergency_stop, "advance_stop", busy_once)

    said = stop(capsys, "--flatten")

    assert desk.share().quantity == 0
    assert "Flat, found twice." in said
