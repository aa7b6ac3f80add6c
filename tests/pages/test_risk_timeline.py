"""Releasing breakers, and the timeline of everything that was decided about risk."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.pages.farms import Farm, make_user
from tests.pages.guards import asked_for, tripped, waits
from tests.pages.reading import text_of
from tests.pages.risking import address, careful, confirm, refuse, release, waiting
from tests.pages.test_permissions import prove
from trading.domain.states import BreakerKind, HaltState, StopMode
from trading.models import Account, Confirmation, Order
from trading.services.emergency import stop_account
from trading.services.resuming import resume_account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change
from tradingfarm.pages.risk import releasing
from tradingfarm.pages.risk.live import RiskView
from tradingfarm.pages.risk.timeline import GROUPS, LOOKS, TIMELINE
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)


@pytest.fixture
def market(farm: Farm) -> Farm:
    return careful(farm)


def test_a_breaker_is_released_with_a_reason_once(trader: Client, farm: Farm) -> None:
    breaker = tripped(farm)

    release(trader, breaker)
    release(trader, breaker, "Once more")

    breaker.refresh_from_db()
    assert (breaker.released_by, breaker.release_reason) == ("person:trader", "I looked at it")
    assert JournalEvent.objects.filter(kind="risk.released").count() == 1
    assert "It had been released already" in text_of(trader.get(address(farm)))


def test_a_release_needs_a_reason(trader: Client, farm: Farm) -> None:
    breaker = tripped(farm)

    page = text_of(release(trader, breaker, "  "))

    breaker.refresh_from_db()
    assert "Say why entries may pass again" in page
    assert breaker.released_at is None


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BreakerKind.AGENT_DAILY_LOSS, "Today's loss may grow by the limit once more."),
        (BreakerKind.STALE_FEED, "It trips again as soon as its cause is found again."),
        (BreakerKind.DRAWDOWN, "The account stays REDUCING until it is resumed."),
    ],
)
def test_the_dialog_says_what_a_release_does(
    trader: Client, farm: Farm, kind: BreakerKind, words: str
) -> None:
    breaker = tripped(farm, kind)
    if kind is BreakerKind.DRAWDOWN:
        Account.objects.update(halt_state=HaltState.REDUCING)

    assert words in text_of(trader.get(reverse("breaker-release", args=[breaker.id])))


def test_what_was_released_says_by_whom(trader: Client, farm: Farm) -> None:
    breaker = tripped(farm)
    release(trader, breaker)

    page = text_of(trader.get(reverse("breaker-release", args=[breaker.id])))

    assert "by trader. There is nothing left to do." in page


def test_releasing_a_live_account_takes_an_operator_and_a_second_factor(
    trader: Client, farm: Farm
) -> None:
    breaker = tripped(farm)
    Account.objects.update(kind="live", exchange="kraken")

    refused = release(trader, breaker)
    User.objects.update(role=Role.OPERATOR)
    asked = release(trader, breaker)
    prove(trader, farm.owner)
    done = release(trader, breaker)

    breaker.refresh_from_db()
    assert (refused.status_code, asked.status_code, done.status_code) == (403, 303, 303)
    assert asked["Location"].startswith(reverse("mfa_activate_totp"))
    assert breaker.released_at is not None


def test_a_busy_account_releases_nothing(
    trader: Client, farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(releasing, "release", busy)

    assert "The account is busy" in text_of(release(trader, tripped(farm)))


def everything(market: Farm, trader: Client) -> None:
    """One of each thing that the timeline tells, oldest first."""
    asked_for(market, quantity=10_000)
    confirm(trader, waiting(market))
    refuse(trader, waiting(market, symbol="IBM"))
    release(trader, tripped(market))
    stop_account(
        account_id=market.account.id,
        mode=StopMode.KEEP,
        requested_by="person:trader",
        reason="Lunch",
        at=SystemClock().now(),
    )


def test_the_timeline_tells_all_of_it_newest_first(trader: Client, market: Farm) -> None:
    everything(market, trader)

    page = text_of(trader.get(address(market)))

    told_in_order = [
        page.rindex(words)
        for words in (
            "Trading is halted",
            "Breaker released: the exchange rejected order after order",
            "Breaker tripped: the exchange rejected order after order",
            "An order was not confirmed",
            "Waits for you: buy 100 IBM",
            "An order was confirmed",
            "Waits for you: buy 100 AAPL",
            "Refused: buy 10000 AAPL",
        )
    ]
    assert told_in_order == sorted(told_in_order)


@pytest.mark.parametrize(
    ("what", "there", "gone"),
    [
        ("denials", "Refused: buy 10000 AAPL", "Breaker tripped"),
        ("breakers", "Breaker released", "Trading is halted"),
        ("confirmations", "An order was not confirmed", "Breaker tripped"),
        ("halts", "Trading is halted", "Waits for you: buy"),
        ("overrides", "Nothing matches these filters.", "Refused: buy"),
    ],
)
def test_the_timeline_can_be_narrowed(
    trader: Client, market: Farm, what: str, there: str, gone: str
) -> None:
    everything(market, trader)

    page = text_of(trader.get(address(market), {"what": what}))

    assert there in page
    assert gone not in page


def test_a_resumed_account_is_told(trader: Client, farm: Farm) -> None:
    Account.objects.update(halt_state=HaltState.HALTED)
    resume_account(
        account_id=farm.account.id,
        actor="person:trader",
        reason="All is well",
        at=SystemClock().now(),
    )

    assert "Released by trader. All is well." in text_of(trader.get(address(farm)))


def test_every_kind_of_the_timeline_has_a_look_and_words() -> None:
    assert set(TIMELINE) <= set(LOOKS)
    assert len(TIMELINE) == sum(len(kinds) for _, kinds in GROUPS.values())


def test_few_queries_however_much_waits(
    trader: Client, market: Farm, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    everything(market, trader)
    for _ in range(12):
        waits(market)
    tripped(market)
    tripped(market, BreakerKind.PRICE_JUMP)
    trader.get(address(market))

    with django_assert_max_num_queries(12):
        trader.get(address(market))


def rendered(farm: Farm, role: Role = Role.TRADER, **change: Any) -> str:
    frame = Frame(owner_id=farm.owner.pk, role=role, account_id=farm.account.id)
    audience = Audience(farm.account.id, "account-risk", None, farm.owner.pk, role)
    values: Mapping[str, Any] = {"events": (), "prices": False} | change
    return RiskView().render(frame=frame, audience=audience, change=Change(**values))


def test_the_open_page_is_told_what_is_new(market: Farm) -> None:
    asked = waiting(market)
    events = tuple(
        JournalEvent.objects.filter(
            stream=account_stream(market.account.id), kind="risk.confirmation"
        )
    )

    page = rendered(market, events=events)

    assert f'id="confirmation-{asked.id}"' in page
    assert f'id="new-{events[0].id}"' in page
    assert rendered(market, prices=True) == ""
    assert "Look and confirm" not in rendered(market, Role.VIEWER, events=events)


def test_a_request_that_was_changed_is_never_made(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    Confirmation.objects.update(order_digest="0" * 64)

    page = text_of(confirm(trader, asked))

    assert "does not have its digest" in page
    assert not Order.objects.filter(side="buy").exists()


def test_somebody_elses_person_reads_nothing_of_it(client: Client, market: Farm) -> None:
    asked = waiting(market)
    client.force_login(make_user("other"))

    assert client.get(reverse("confirmation", args=[asked.id])).status_code == 404
    assert confirm(client, asked).status_code == 404
