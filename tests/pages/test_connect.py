"""Connecting an exchange: a key that is typed once, tested, sealed, and shown nowhere."""

import logging
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from market.models import Feed
from tests.exchanges.serving import ServedExchange, serve
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.test_permissions import prove
from trading import worlds
from trading.domain.credentials import Credentials
from trading.domain.exchange import ExchangeUnavailable
from trading.models import Account, Balance, ExchangeKey
from trading.services.keys import MayWithdraw, open_key
from trading.services.live import Connection, phrase_for
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.kernel.vault import new_key
from tradingfarm.pages.accounts import connecting, keys
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)
KEY, SECRET = "the-key-that-nobody-reads", "the-secret-that-nobody-reads"


class Asked(list[dict[str, Any]]):
    """What a venue was asked with; answers with `found`, or raises it."""

    found: Connection | Exception

    def __call__(self, **values: Any) -> Connection:
        self.append(values)
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = {
        "exchange": "kraken",
        "sandbox": False,
        "base_url": "",
        "balances": {"USDT": Decimal("2500.5"), "BTC": Decimal("0.25"), "ETH": Decimal(0)},
        "clock_offset": timedelta(milliseconds=38),
        "can_withdraw": False,
    }
    return Connection(**values | changes)


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Asked:
    """A venue that answers, and a farm that can seal keys."""
    settings.EXCHANGE_KEYS = [f"first:{new_key()}"]
    asked = Asked()
    asked.found = connection()
    monkeypatch.setattr(connecting, "try_connection", asked)
    monkeypatch.setattr(keys, "try_connection", asked)
    return asked


@pytest.fixture
def proved(trader: Client, farm: Farm) -> Client:
    """The owner, who has just proved a second factor."""
    prove(trader, farm.owner)
    return trader


def typed(**changes: Any) -> dict[str, Any]:
    return {
        "venue": "kraken",
        "name": "Kraken",
        "base_currency": "usdt",
        "time_zone": "UTC",
        "feed": "new",
        "api_key": KEY,
        "secret": SECRET,
        "password": "",
        "wallet": "",
        "request": "request-1",
        "open": "1",
    } | changes


def connect(client: Client, **changes: Any) -> Any:
    fields = {name: value for name, value in typed(**changes).items() if value is not None}
    headers = fields.pop("headers", None)
    return client.post(reverse("account-connect"), fields, headers=headers)


def opened() -> Account | None:
    return Account.objects.filter(kind="live").first()


def test_the_account_page_leads_to_it(trader: Client, farm: Farm) -> None:
    page = trader.get(reverse("account-settings", args=[farm.account.id])).content.decode()

    assert f'href="{reverse("account-connect")}"' in page


def test_it_takes_a_second_factor_to_look_and_to_open(trader: Client, venue: Asked) -> None:
    answers = [trader.get(reverse("account-connect")), connect(trader)]

    for answer in answers:
        assert answer["Location"].startswith(reverse("mfa_activate_totp"))
    assert venue == []
    assert opened() is None


def test_a_tested_key_opens_an_account(proved: Client, farm: Farm, venue: Asked) -> None:
    answer = connect(proved)

    account = opened()
    assert account is not None
    assert answer["Location"] == reverse("account-settings", args=[account.id])
    assert (account.name, account.exchange, account.base_currency) == ("Kraken", "kraken", "USDT")
    assert (account.cash, account.is_ready) == (Decimal("2500.5"), False)
    assert list(Balance.objects.values_list("currency", "quantity")) == [("BTC", Decimal("0.25"))]
    assert open_key(account=account) == Credentials(KEY, SECRET)
    assert venue[0]["credentials"] == Credentials(KEY, SECRET)
    assert venue[0]["base_url"] == ""


def test_the_same_form_twice_opens_one_account(proved: Client, farm: Farm, venue: Asked) -> None:
    addresses = {connect(proved)["Location"] for _ in range(2)}

    assert len(addresses) == 1
    assert Account.objects.filter(kind="live").count() == 1


def test_a_new_stream_is_named_after_the_exchange(
    proved: Client, farm: Farm, venue: Asked
) -> None:
    connect(proved)

    account = opened()
    assert account is not None
    assert (account.feed_id, account.feed.kind) == ("kraken", Feed.Kind.EXCHANGE)


def test_a_stream_that_is_there_can_be_chosen(proved: Client, farm: Farm, venue: Asked) -> None:
    Feed.objects.create(name="kraken-spot", kind=Feed.Kind.EXCHANGE)

    connect(proved, feed="kraken-spot")

    account = opened()
    assert account is not None
    assert account.feed_id == "kraken-spot"


def test_a_name_that_another_kind_of_feed_has_is_left_alone(
    proved: Client, farm: Farm, venue: Asked
) -> None:
    Feed.objects.create(name="kraken", kind=Feed.Kind.SYNTHETIC)

    connect(proved)

    account = opened()
    assert account is not None
    assert account.feed_id == "kraken-stream"


def test_testing_says_what_was_found_and_stores_nothing(
    proved: Client, farm: Farm, venue: Asked
) -> None:
    answer = connect(proved, open=None, test="", headers={"HX-Request": "true"})

    page = text_of(answer)
    assert page.startswith("The key works. It may not withdraw. The exchange's clock is 38 ms")
    assert "BTC 0.25 USDT 2500.5" in page
    assert "ETH" not in page
    assert opened() is None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (MayWithdraw(), "This key may withdraw money. Make one at the exchange that may only"),
        (ExchangeUnavailable("Kraken did not answer as it should: Timeout"), "did not answer"),
    ],
)
def test_what_the_exchange_says_against_it_is_said_and_nothing_is_stored(
    proved: Client, farm: Farm, venue: Asked, found: Exception, words: str
) -> None:
    venue.found = found

    answer = connect(proved)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="Kraken"' in answer.content.decode()
    assert opened() is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"venue": "mtgox"}, "Select a valid choice."),
        ({"sandbox": "on"}, "Kraken has no play money."),
        ({"base_currency": "US DOLLARS"}, "A currency is 2 to 10 letters, such as USDT."),
        ({"name": "Demo"}, "You have an account of that name; choose another."),
        ({"name": ""}, "Give the account a name."),
        ({"feed": "gone"}, "That stream has gone; choose another."),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_asked(
    proved: Client, farm: Farm, venue: Asked, changes: dict[str, str], words: str
) -> None:
    answer = connect(proved, **changes)

    assert words in text_of(answer)
    assert venue == []
    assert opened() is None


def test_a_key_is_written_back_to_nobody(
    proved: Client, farm: Farm, venue: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    venue.found = ExchangeUnavailable("No answer.")
    refused = connect(proved)
    venue.found = connection()
    connect(proved)
    account = opened()
    assert account is not None

    pages = [
        refused,
        proved.get(reverse("account-connect")),
        proved.get(reverse("account-settings", args=[account.id])),
        proved.get(reverse("account-key", args=[account.id])),
    ]

    events = "".join(JournalEvent.objects.values_list("entry", flat=True))
    stored = bytes(ExchangeKey.objects.get().ciphertext)
    for secret in (KEY, SECRET):
        assert all(secret not in page.content.decode() for page in pages)
        assert secret not in events + caplog.text
        assert secret.encode() not in stored
    assert 'autocomplete="off"' in pages[1].content.decode()


def test_an_error_page_and_its_report_do_not_know_the_key(
    proved: Client, farm: Farm, venue: Asked
) -> None:
    reports: list[str] = []

    def keep(sender: object, request: HttpRequest, **rest: object) -> None:
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports.append(reporter.get_traceback_html() + reporter.get_traceback_text())

    venue.found = ZeroDivisionError("broken inside")
    proved.raise_request_exception = False
    got_request_exception.connect(keep)
    try:
        answer = connect(proved)
    finally:
        got_request_exception.disconnect(keep)

    assert answer.status_code == 500
    assert "broken inside" in reports[0]
    for text in (answer.content.decode(), reports[0]):
        assert KEY not in text
        assert SECRET not in text


def test_a_farm_without_keys_of_its_own_says_what_is_missing(
    proved: Client, farm: Farm, venue: Asked, settings: Settings
) -> None:
    settings.EXCHANGE_KEYS = []

    shown = text_of(proved.get(reverse("account-connect")))
    answer = connect(proved)

    assert "No key can be stored on this farm yet." in shown
    assert "There is no key to seal with." in text_of(answer)
    assert opened() is None


def test_a_viewer_connects_nothing(client: Client, farm: Farm, venue: Asked) -> None:
    viewer = User.objects.create(username="viewer", role=Role.VIEWER, desk=farm.owner)
    client.force_login(viewer)

    assert connect(client).status_code == 403


@pytest.fixture
def live(proved: Client, farm: Farm, venue: Asked) -> Account:
    connect(proved)
    account = opened()
    assert account is not None
    return account


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
