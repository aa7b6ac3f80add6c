"""Connecting an exchange: a key that is typed once, tested, sealed, and shown nowhere."""

import logging
import sys
from decimal import Decimal

import pytest
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.views.debug import ExceptionReporter
from pytest_django import Settings

from market.models import Feed
from tests.pages.farms import Farm
from tests.pages.reading import text_of
from tests.pages.venues import KEY, SECRET, Asked, connect, connection, opened
from trading.domain.credentials import Credentials
from trading.domain.exchange import ExchangeUnavailable
from trading.models import Account, Balance, ExchangeKey
from trading.services.keys import MayWithdraw, open_key
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures", "tests.pages.venue_fixtures")


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
