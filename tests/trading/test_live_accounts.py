"""Real money: an account is opened with a tested key, and three hands let it trade."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError

from tests.factories import make_account, make_desk, make_feed, make_user, wall
from tests.trading.steps import approved, claimed, decided
from trading.domain.credentials import Credentials
from trading.models import (
    Account,
    Assessment,
    Balance,
    CashMovement,
    LiveConfirmation,
    Order,
)
from trading.services.keys import MayWithdraw, open_key
from trading.services.live import (
    Connection,
    NotConfirmed,
    NotLive,
    confirm_live,
    hands_of,
    open_live_account,
    phrase_for,
    withdraw_live,
)
from tradingfarm.kernel.vault import new_key

pytestmark = pytest.mark.django_db

KEY = Credentials("key", "secret")


@pytest.fixture(autouse=True)
def _ours(settings):
    settings.EXCHANGE_KEYS = [f"first:{new_key()}"]
    settings.ENABLE_AGENT_TRADING = True
    settings.AGENT_TRADING_MODE = "live"


CONNECTED = Connection(
    exchange="binance",
    sandbox=False,
    base_url="",
    balances={"USDT": Decimal("1000.123456789"), "BTC": Decimal("0.5"), "ETH": Decimal(0)},
    clock_offset=timedelta(0),
    can_withdraw=False,
)


def opened(connection=None):
    return open_live_account(
        account_id=UUID(int=1),
        owner=make_user(),
        name="Main",
        feed=make_feed(),
        base_currency="USDT",
        time_zone="UTC",
        connection=connection or CONNECTED,
        credentials=KEY,
        actor="ada",
        at=wall(),
    )


def test_what_is_there_is_deposited_the_currency_as_cash_and_the_rest_as_balances():
    account = opened()

    assert (account.kind, account.exchange, account.is_ready) == ("live", "binance", False)
    assert account.cash == Decimal("1000.12345678")
    assert list(Balance.objects.values_list("currency", "quantity")) == [("BTC", Decimal("0.5"))]
    assert CashMovement.objects.count() == 2
    assert open_key(account=account) == KEY


def test_a_key_that_may_withdraw_opens_no_account():
    with pytest.raises(MayWithdraw):
        opened(replace(CONNECTED, can_withdraw=True))

    assert not Account.objects.exists()


def test_the_kind_of_an_account_fits_its_exchange():
    with pytest.raises(IntegrityError):
        Account.objects.filter(id=opened().id).update(kind="paper")


def test_a_confirmation_takes_the_exact_sentence_and_ends_after_a_day():
    account, at = opened(), wall()

    with pytest.raises(NotConfirmed, match="trade Main with real money"):
        confirm_live(account_id=account.id, typed="yes", actor="ada", at=at)
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=at)

    assert hands_of(account=account, at=at).are_together
    assert not hands_of(account=account, at=at + timedelta(hours=24)).are_together


@pytest.mark.parametrize(
    ("name", "value"), [("ENABLE_AGENT_TRADING", False), ("AGENT_TRADING_MODE", "paper")]
)
def test_each_of_the_settings_alone_holds_it_back(settings, name, value):
    account, at = opened(), wall()
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=at)

    setattr(settings, name, value)

    assert not hands_of(account=account, at=at).are_together


def test_a_withdrawn_confirmation_counts_no_more():
    account, at = opened(), wall()
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=at)

    assert withdraw_live(account_id=account.id, actor="ada", at=at)
    assert not withdraw_live(account_id=account.id, actor="ada", at=at)
    assert hands_of(account=account, at=at).confirmed_until is None


def test_a_new_confirmation_ends_the_one_before():
    account, at = opened(), wall()
    for _ in range(2):
        confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=at)

    assert LiveConfirmation.objects.filter(withdrawn_at=None).count() == 1


def test_paper_needs_no_confirmation():
    with pytest.raises(NotLive):
        confirm_live(account_id=make_account().id, typed="", actor="ada", at=wall())


def at_a_real_exchange(desk):
    """An approved entry of an account that turns out to be a real one."""
    order = approved(desk, desk.buy(10))
    Account.objects.update(kind="live", exchange="binance")
    return order


def test_no_entry_is_claimed_with_real_money_unless_it_was_confirmed():
    desk = make_desk()
    order = at_a_real_exchange(desk)

    assert claimed(order) is None
    account = Account.objects.get()
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=wall())

    assert claimed(order) is not None


@pytest.mark.parametrize(
    ("name", "value"), [("ENABLE_AGENT_TRADING", False), ("AGENT_TRADING_MODE", "paper")]
)
def test_no_entry_is_claimed_with_real_money_against_the_settings(settings, name, value):
    desk = make_desk()
    order = at_a_real_exchange(desk)
    account = Account.objects.get()
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=wall())
    setattr(settings, name, value)

    assert claimed(order) is None


def test_an_exit_needs_no_hand():
    desk = make_desk()
    order = at_a_real_exchange(desk)
    Order.objects.update(reduce_only=True, side="sell", reserved_cash=0)

    assert claimed(order) is not None


def test_the_gate_names_the_hands_that_are_missing(settings):
    desk = make_desk()
    Account.objects.update(kind="live", exchange="binance")
    settings.AGENT_TRADING_MODE = "paper"

    denied = decided(desk, desk.buy(10))

    assert denied.denials == ("REAL_MONEY",)
    [check] = [each for each in Assessment.objects.get().checks if not each["passed"]]
    assert check["number"] == "the mode is paper, not confirmed"


def test_the_gate_lets_real_money_pass_when_all_three_are_there():
    desk = make_desk()
    Account.objects.update(kind="live", exchange="binance")
    account = Account.objects.get()
    confirm_live(account_id=account.id, typed=phrase_for(account), actor="ada", at=wall())

    assert decided(desk, desk.buy(10)).approved
