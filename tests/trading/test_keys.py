"""Keys of exchanges: sealed, bound to their account, rotated, and never one that may withdraw."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_account, wall
from trading.domain.credentials import Credentials, credentials_from
from trading.models import ExchangeKey
from trading.services.keys import (
    MayWithdraw,
    NoKey,
    Rotation,
    forget_key,
    open_key,
    rotate_keys,
    store_key,
)
from tradingfarm.kernel.journal import transaction
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.vault import CannotOpen, new_key

pytestmark = pytest.mark.django_db

CANARY = Credentials("canary-key", "canary-secret", "canary-password")
FIRST, SECOND = f"first:{new_key()}", f"second:{new_key()}"


@pytest.fixture(autouse=True)
def _ours(settings):
    settings.EXCHANGE_KEYS = [FIRST]


def stored(account, *, can_withdraw=False):
    with transaction():
        return store_key(
            account=account, credentials=CANARY, can_withdraw=can_withdraw, actor="ada", at=wall()
        )


def test_a_stored_key_opens_as_it_came():
    account = make_account()

    stored(account)

    assert open_key(account=account) == CANARY


def test_neither_the_row_nor_the_journal_nor_the_text_shows_anything_of_it():
    account = make_account()

    key = stored(account)

    events = " ".join(JournalEvent.objects.values_list("entry", flat=True))
    shown = f"{bytes(key.ciphertext)!r} {key.fingerprint} {key} {CANARY!r} {CANARY} {events}"
    assert "canary" not in shown
    assert key.fingerprint in events


def test_a_key_that_may_withdraw_is_refused():
    account = make_account()

    with pytest.raises(MayWithdraw):
        stored(account, can_withdraw=True)

    assert not ExchangeKey.objects.exists()


def test_a_venue_that_does_not_tell_whether_it_may_is_taken_and_said_so():
    assert stored(make_account(), can_withdraw=None).can_withdraw is None


def test_a_key_that_was_moved_to_another_account_does_not_open():
    first, second = make_account(), make_account(number=1)
    stored(first)
    ExchangeKey.objects.update(account=second)

    with pytest.raises(CannotOpen):
        open_key(account=second)


def test_a_new_key_takes_the_place_of_the_old_one():
    account = make_account()
    stored(account)

    stored(account)

    assert ExchangeKey.objects.count() == 1


def test_rotating_seals_every_key_anew_and_the_old_one_can_go(settings):
    account = make_account()
    stored(account)
    settings.EXCHANGE_KEYS = [SECOND, FIRST]

    first = rotate_keys(actor="ada", at=wall())
    again = rotate_keys(actor="ada", at=wall())
    settings.EXCHANGE_KEYS = [SECOND]

    assert (first, again) == (Rotation(sealed=1, current=0), Rotation(sealed=0, current=1))
    assert open_key(account=account) == CANARY


def test_the_command_rotates_and_says_how_many(settings):
    stored(make_account())
    settings.EXCHANGE_KEYS = [SECOND, FIRST]
    said = StringIO()

    call_command("rotate_exchange_keys", stdout=said)

    assert said.getvalue() == "1 sealed anew, 0 were already.\n"


def test_the_command_says_which_key_is_missing(settings):
    stored(make_account())
    settings.EXCHANGE_KEYS = [SECOND]

    with pytest.raises(CommandError, match="'first' is not among"):
        call_command("rotate_exchange_keys")


def test_an_account_without_a_key_says_so():
    account = make_account()

    with pytest.raises(NoKey, match="has no key"):
        open_key(account=account)


def test_a_forgotten_key_is_gone_and_journaled():
    account = make_account()
    stored(account)

    assert forget_key(account=account, actor="ada", at=wall())
    assert not forget_key(account=account, actor="ada", at=wall())
    assert not ExchangeKey.objects.exists()
    assert JournalEvent.objects.filter(kind="account.key_forgotten").count() == 1


def test_credentials_survive_their_text():
    assert credentials_from(CANARY.to_text()) == CANARY
