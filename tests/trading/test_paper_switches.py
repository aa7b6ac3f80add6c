"""Switches of the paper exchange: journaled, and only where the exchange is ours."""

import pytest

from tests.factories import make_account, wall
from trading.models import Account
from trading.services.paper_switches import NotPaper, PaperSwitch, switch_paper
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def switched(account, switch, *, on=True):
    return switch_paper(account_id=account.id, switch=switch, on=on, actor="Ada", at=wall())


@pytest.mark.parametrize("switch", PaperSwitch)
def test_it_is_stored_and_journaled_with_who(switch):
    account = make_account()

    assert switched(account, switch)

    account.refresh_from_db()
    event = JournalEvent.objects.get(kind="account.paper_switched")
    assert getattr(account, switch.value)
    assert (event.actor, event.payload) == ("Ada", {"switch": switch.value, "on": True})


def test_a_second_click_changes_nothing_and_is_not_journaled():
    account = make_account()

    answers = [switched(account, PaperSwitch.OUTAGE) for _ in range(2)]

    assert answers == [True, False]
    assert JournalEvent.objects.filter(kind="account.paper_switched").count() == 1


def test_it_is_switched_back():
    account = make_account(is_out=True)

    assert switched(account, PaperSwitch.OUTAGE, on=False)

    account.refresh_from_db()
    assert not account.is_out


def test_a_real_exchange_has_no_switches():
    account = make_account()
    Account.objects.update(kind="live", exchange="kraken")

    with pytest.raises(NotPaper, match="trades at kraken"):
        switched(account, PaperSwitch.REJECTS)

    assert not JournalEvent.objects.filter(kind="account.paper_switched").exists()
