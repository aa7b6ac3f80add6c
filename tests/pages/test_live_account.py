"""A live account on its page: its key, its three hands, and a real adapter that tests it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.exchanges.serving import ServedExchange, serve
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.venues import KEY, SECRET, Asked, connect, opened
from trading import worlds
from trading.domain.credentials import Credentials
from trading.models import Account, ExchangeKey
from trading.services.keys import MayWithdraw, open_key
from trading.services.live import Connection, phrase_for
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.accounts import connecting

pytest_plugins = ("tests.pages.fixtures", "tests.pages.venue_fixtures")


def test_a_live_account_shows_its_key_and_its_hands(proved: Client, live: Account) -> None:
    page = text_of(proved.get(reverse("account-settings", args=[live.id])))

    assert f"Fingerprint {Credentials(KEY, SECRET).fingerprint} Can withdraw money no" in page
    assert "Real money takes three hands agents enter nothing" in page
    assert "The farm trades on paper alone" in page
    assert "Nobody has confirmed this account, or the day of it is over" in page
    assert "Exchange Kraken" in page
    assert "Try out a bad day" not in page


def test_few_queries_on_a_live_account(
    proved: Client, live: Account, django_assert_max_num_queries: Any
) -> None:
    address = reverse("account-settings", args=[live.id])
    proved.get(address)

    with django_assert_max_num_queries(12):
        proved.get(address)


def confirm(client: Client, account: Account, words: str) -> Any:
    return client.post(reverse("account-confirm-live", args=[account.id]), {"typed": words})


def test_real_money_is_confirmed_by_typing_the_sentence(
    proved: Client, live: Account, settings: Settings
) -> None:
    settings.ENABLE_AGENT_TRADING, settings.AGENT_TRADING_MODE = True, "live"
    home = reverse("account-settings", args=[live.id])

    wrong = text_of(confirm(proved, live, "yes"))
    answer = confirm(proved, live, phrase_for(live))
    confirmed = text_of(proved.get(home))
    taken = proved.post(reverse("account-withdraw-live", args=[live.id]))
    again = proved.post(reverse("account-withdraw-live", args=[live.id]))

    assert "Type exactly: trade Kraken with real money" in wrong
    assert answer["Location"] == f"{home}#hands"
    assert "Real money takes three hands agents may enter" in confirmed
    assert (taken.status_code, again.status_code) == (303, 303)
    assert "agents enter nothing" in text_of(proved.get(home))


def test_the_dialog_says_which_of_the_farms_settings_hold_it_back(
    proved: Client, live: Account, settings: Settings
) -> None:
    settings.ENABLE_AGENT_TRADING, settings.AGENT_TRADING_MODE = False, "paper"

    page = text_of(proved.get(reverse("account-confirm-live", args=[live.id])))

    assert "Nothing is traded all the same: ENABLE_AGENT_TRADING is off and" in page
    assert "Type trade Kraken with real money" in page


def test_confirming_takes_a_second_factor_and_taking_back_takes_none(
    client: Client, live: Account
) -> None:
    client.logout()
    client.force_login(live.owner)

    asked = confirm(client, live, phrase_for(live))
    taken = client.post(reverse("account-withdraw-live", args=[live.id]))

    assert "/settings/" not in asked["Location"]
    assert not live.live_confirmations.exists()
    assert taken["Location"].endswith("#hands")


@pytest.mark.parametrize(
    "name", ["account-confirm-live", "account-key", "account-forget-key", "account-withdraw-live"]
)
def test_a_paper_account_has_nothing_of_it(proved: Client, farm: Farm, name: str) -> None:
    answer = proved.post(reverse(name, args=[farm.account.id]))

    assert answer["Location"] == reverse("account-settings", args=[farm.account.id])
    assert "trades on paper: it has no key" in text_of(proved.get("/"))


def test_a_key_is_replaced_after_a_test(proved: Client, live: Account, venue: Asked) -> None:
    address = reverse("account-key", args=[live.id])

    proved.post(address, {"api_key": "another", "secret": "one"})

    assert open_key(account=live) == Credentials("another", "one")
    assert venue[-1]["venue"] == "kraken"
    assert JournalEvent.objects.filter(kind="account.key_stored").count() == 2


def test_a_key_that_fails_its_test_replaces_nothing(
    proved: Client, live: Account, venue: Asked
) -> None:
    venue.found = MayWithdraw()

    answer = proved.post(
        reverse("account-key", args=[live.id]), {"api_key": "another", "secret": "one"}
    )

    assert answer.status_code == 422
    assert "This key may withdraw money." in text_of(answer)
    assert open_key(account=live) == Credentials(KEY, SECRET)


def test_a_key_is_forgotten_once(proved: Client, live: Account) -> None:
    address = reverse("account-forget-key", args=[live.id])

    asked = text_of(proved.get(address))
    proved.post(address)
    proved.post(address)

    assert "From then on nothing can be sent or asked" in asked
    assert not ExchangeKey.objects.exists()
    assert JournalEvent.objects.filter(kind="account.key_forgotten").count() == 1
    page = text_of(proved.get(reverse("account-settings", args=[live.id])))
    assert "There was no key to forget." in page
    assert "Nothing can be sent or asked until the account has a key." in page


@pytest.fixture(scope="module")
def exchange() -> Iterator[ServedExchange]:
    with serve() as served:
        yield served


def test_a_real_adapter_tests_the_key(
    proved: Client,
    farm: Farm,
    venue: Asked,
    exchange: ServedExchange,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole way through the adapter, to an exchange that stands on this machine."""
    exchange.reset()
    exchange.account("main", balances={"USDT": "1234.5"})

    def here(**values: Any) -> Connection:
        return worlds.try_connection(**values | {"base_url": exchange.url})

    monkeypatch.setattr(connecting, "try_connection", here)

    answer = connect(
        proved,
        venue="binance",
        name="Binance",
        api_key="key-of-main",
        secret="secret-of-main",
    )

    account = opened()
    assert account is not None, text_of(answer)[:500]
    assert account.cash == Decimal("1234.5")
