"""The risk page: what waits for a person, and everything that was decided about risk."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from market.models import Quote
from tests.pages import told
from tests.pages.farms import Farm, make_user, set_price
from tests.pages.guards import asked_for, tripped, waits
from tests.pages.reading import text_of
from tests.pages.test_permissions import prove
from trading.domain.states import BreakerKind, ConfirmationState, HaltState, StopMode
from trading.models import Account, Breaker, Confirmation, Order, Permission
from trading.services.emergency import stop_account
from trading.services.resuming import resume_account
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change
from tradingfarm.pages.risk import confirming, releasing
from tradingfarm.pages.risk.live import RiskView
from tradingfarm.pages.risk.timeline import GROUPS, LOOKS, TIMELINE
from tradingfarm.people.models import Role, User

pytest_plugins = ("tests.pages.fixtures",)

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/somewhere/?a=1"}


@pytest.fixture
def market(farm: Farm) -> Farm:
    """Open markets, and a proposer who has to ask above a thousand."""
    told.prepare(farm)
    Permission.objects.update(confirm_above=1_000, max_order_value=100_000, max_allocation_pct=100)
    return farm


def address(farm: Farm) -> str:
    return reverse("account-risk", args=[farm.account.id])


def waiting(farm: Farm, **changes: Any) -> Confirmation:
    """An order that the gate itself let wait."""
    verdict = asked_for(farm, **changes)
    assert verdict.confirmation_id is not None
    return Confirmation.objects.get(id=verdict.confirmation_id)


def confirm(client: Client, asked: Confirmation, **extra: Any) -> Any:
    return client.post(reverse("confirmation", args=[asked.id]), **extra)


def refuse(client: Client, asked: Confirmation, reason: str = "") -> Any:
    return client.post(reverse("confirmation-refuse", args=[asked.id]), {"reason": reason})


def release(client: Client, breaker: Breaker, reason: str = "I looked at it") -> Any:
    return client.post(reverse("breaker-release", args=[breaker.id]), {"reason": reason})


def test_without_anything_it_says_what_will_come(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "No order waits for you." in page
    assert "Nothing was refused, halted or overridden yet." in page


def test_the_account_and_its_menu_lead_to_it(trader: Client, farm: Farm) -> None:
    settings = trader.get(reverse("account-settings", args=[farm.account.id]))

    assert settings.content.decode().count(f'href="{address(farm)}"') == 2


def test_an_order_that_waits_says_why_and_for_how_long(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answer = trader.get(address(market))

    page = text_of(answer)
    assert "buy 100 AAPL Technical, dip 4,113.00 41.13 40.32 worth 4,113.00 14 min" in page
    assert reverse("confirmation", args=[asked.id]) in answer.content.decode()


def test_the_dialog_shows_the_order_and_every_check(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    page = text_of(trader.get(reverse("confirmation", args=[asked.id])))

    assert "Confirm buy 100 AAPL" in page
    assert "Worth at most 4,113.00 USD Worst price 41.13 now 40.32" in page
    assert "A shallow dip within a long uptrend." in page
    assert "Has a person said yes, where one has to? CONFIRMATION no" in page
    assert "Is there cash for the worst that it can cost?" in page


def test_confirming_makes_the_order_once(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answers = [confirm(trader, asked), confirm(trader, asked)]

    order = Order.objects.get(side="buy")
    asked.refresh_from_db()
    assert {answer["Location"] for answer in answers} == {reverse("order", args=[order.id])}
    assert (asked.state, asked.order_id) == (ConfirmationState.CONFIRMED, order.id)
    assert asked.decided_by == "person:trader"


def test_out_of_the_dialog_one_is_led_to_the_order(trader: Client, market: Farm) -> None:
    answer = confirm(trader, waiting(market), headers=HTMX)

    assert answer["HX-Redirect"] == reverse("order", args=[Order.objects.get(side="buy").id])


def test_what_stands_against_it_by_then_is_said_with_its_numbers(
    trader: Client, market: Farm
) -> None:
    asked = waiting(market)
    Permission.objects.update(max_daily_entries=0)

    page = text_of(confirm(trader, asked))

    assert "The order was not made. It would be entry 1 of the day; 0 are allowed." in page
    assert "Are entries left today? DAILY_ENTRIES no 1 0" in page
    assert not Order.objects.filter(side="buy").exists()


def test_a_worse_price_asks_anew(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    set_price(market, "AAPL", "41.00")
    Quote.objects.filter(instrument=market.instruments["AAPL"]).update(ask="41.01")

    page = text_of(confirm(trader, asked))

    again = Confirmation.objects.get(state=ConfirmationState.WAITING)
    assert "The price has become worse, so it was asked for anew" in page
    assert again.worst_price > asked.worst_price
    assert reverse("confirmation", args=[again.id]) in confirm(trader, asked).content.decode()


def test_too_late_is_too_late(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    Confirmation.objects.update(expires_at=SystemClock().now() - timedelta(seconds=1))

    shown = text_of(trader.get(reverse("confirmation", args=[asked.id])))
    confirm(trader, asked)

    asked.refresh_from_db()
    assert "It waited too long and is not made." in shown
    assert asked.state == ConfirmationState.EXPIRED
    assert not Order.objects.filter(side="buy").exists()


def test_refusing_is_kept_with_its_reason(trader: Client, market: Farm) -> None:
    asked = waiting(market)

    answers = [refuse(trader, asked, "Too much"), refuse(trader, asked, "Again")]

    asked.refresh_from_db()
    events = JournalEvent.objects.filter(kind="risk.refused")
    assert {answer.status_code for answer in answers} == {303}
    assert asked.state == ConfirmationState.REFUSED
    assert [event.payload["reason"] for event in events] == ["Too much"]
    assert "By trader. Too much." in text_of(trader.get(address(market)))


def test_what_was_confirmed_can_no_longer_be_refused(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    confirm(trader, asked)

    refuse(trader, asked)

    assert "Somebody had confirmed it already" in text_of(trader.get(address(market)))
    assert Order.objects.filter(side="buy").count() == 1


@pytest.mark.parametrize("act", [confirm, refuse])
def test_a_busy_account_says_so_and_nothing_is_lost(
    trader: Client, market: Farm, monkeypatch: pytest.MonkeyPatch, act: Any
) -> None:
    asked = waiting(market)

    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(confirming, act.__name__, busy)

    assert "The account is busy" in text_of(act(trader, asked))


def test_real_money_is_confirmed_with_a_second_factor(trader: Client, market: Farm) -> None:
    asked = waiting(market)
    Account.objects.update(kind="live", exchange="kraken")

    answer = confirm(trader, asked)

    assert answer["Location"].startswith(reverse("mfa_activate_totp"))
    assert not Order.objects.filter(side="buy").exists()


def test_a_viewer_sees_what_waits_and_no_button(client: Client, market: Farm) -> None:
    asked = waiting(market)
    viewer = make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER.value, market.owner
    viewer.save()
    client.force_login(viewer)

    answer = client.get(address(market))

    assert "worth 4,113.00" in text_of(answer)
    assert reverse("confirmation", args=[asked.id]) not in answer.content.decode()
    assert confirm(client, asked).status_code == 403


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
