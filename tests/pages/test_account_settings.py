"""The account's page: every state of it, and no number without its limit."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from market.models import Instrument
from tests.pages import told
from tests.pages.farms import Farm, halt, make_farm, make_user
from tests.pages.guards import asked_for, tripped
from tests.pages.reading import text_of
from trading.domain.states import BreakerKind
from trading.models import (
    Account,
    CashMovement,
    Permission,
    PositionShare,
    Protection,
    Reconciliation,
)
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.accounts.standing import NOT_COMPARED
from tradingfarm.pages.risk.breakers import NAMES
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)


def address(farm: Farm) -> str:
    return reverse("account-settings", args=[farm.account.id])


def test_the_switcher_leads_to_it_also_with_one_account(trader: Client, farm: Farm) -> None:
    page = trader.get("/").content.decode()

    assert f'href="{address(farm)}"' in page
    assert "Stop all accounts" not in page


def test_with_several_accounts_all_can_be_stopped(
    trader: Client, farm: Farm, wall: datetime
) -> None:
    make_farm(owner=farm.owner, wall=wall, name="Second")

    assert "Stop all accounts" in text_of(trader.get("/"))


def test_an_active_account_says_so(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "State ACTIVE" in page
    assert "This account was never stopped." in page
    assert "Nothing was paid in or out." in page


def test_a_halted_account_says_why_since_when_and_by_whom(trader: Client, busy: Farm) -> None:
    halt(busy, reason="Strange prices")

    page = text_of(trader.get(address(busy)))

    assert "State HALTED" in page
    assert "Why Strange prices" in page
    assert "By operator" in page
    assert "Let it trade again" in page
    assert "keep operator Strange prices done" in page


def test_a_viewer_sees_it_all_and_may_not_resume(client: Client, busy: Farm) -> None:
    halt(busy)
    viewer = make_user("viewer")
    viewer.role, viewer.desk = Role.VIEWER.value, busy.owner
    viewer.save()
    client.force_login(viewer)

    page = text_of(client.get(address(busy)))

    assert "Letting it trade again takes an operator." in page


def test_limits_are_shown_with_todays_use(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=date(2005, 3, 14), entries_today=2, day_start_pnl=1_000)

    page = text_of(trader.get(address(busy)))

    assert "Lost today, all agents" in page
    assert "Technical 2 of 3" in page
    assert "22,579.20 of 25,000.00, nearly all 3 of 3, all of it" in page


def test_a_position_that_grew_beyond_its_limit_is_called_that(trader: Client, busy: Farm) -> None:
    Permission.objects.update(max_position_value=20_000)

    assert "22,579.20 of 20,000.00, more than that" in text_of(trader.get(address(busy)))


def test_use_of_another_day_counts_for_nothing(trader: Client, busy: Farm) -> None:
    Permission.objects.update(day=date(2005, 3, 11), entries_today=2, day_start_pnl=9_000)

    assert "Technical 0 of 3 0.00 of 5,000.00" in text_of(trader.get(address(busy)))


def test_what_is_held_without_a_stop_can_be_closed(trader: Client, busy: Farm) -> None:
    Protection.objects.all().delete()

    answer = trader.get(address(busy))

    said = "AAPL Technical 560 22,579.20 not measured: no stop is demanded Close AAPL"
    assert said in text_of(answer)
    assert (
        reverse("position-close", args=[busy.account.id, busy.instruments["AAPL"].id])
        in answer.content.decode()
    )


def test_the_assumptions_of_the_paper_exchange_are_printed(trader: Client, busy: Farm) -> None:
    page = text_of(trader.get(address(busy)))

    assert "Fee 0.10 % of each fill's value for who takes, 0.10 % for an order that" in page
    assert "Slippage 2 basis points" in page
    assert "Latency none is added" in page
    assert "Partial fills none for want of volume" in page
    assert "Old prices older than 60 s of market time decide nothing" in page


def test_latency_and_participation_are_said_where_there_are_any(
    trader: Client, farm: Farm
) -> None:
    Account.objects.update(
        latency_ms=250, participation_pct=Decimal("12.5"), maker_fee_rate=Decimal("0.0004")
    )

    page = text_of(trader.get(address(farm)))

    assert "0.04 % for an order that rested" in page
    assert "Latency 250 ms from its arrival until it can trade" in page
    assert "at one quote an order gets at most 12.50 % of the volume" in page


def test_a_trailing_stop_protects_as_well(trader: Client, busy: Farm) -> None:
    Protection.objects.filter(kind="take_profit").delete()
    Protection.objects.filter(instrument=busy.instruments["AAPL"]).update(
        kind="trailing_stop", trailing_pct=5, highest=40
    )

    page = text_of(trader.get(address(busy)))

    assert "AAPL Technical 560" not in page
    assert "IBM Technical 140" in page


def test_the_gauge_says_for_how_long_nothing_protects(trader: Client, busy: Farm) -> None:
    now = SystemClock().now()
    shares = PositionShare.objects.filter(position__instrument=busy.instruments["IBM"])
    shares.update(
        unprotected_since=now - timedelta(minutes=2, seconds=1),
        unprotected_alarm_at=now,
        unprotected_seconds=Decimal("7.5"),
    )

    page = text_of(trader.get(address(busy)))

    assert "IBM Technical 140 12,899.60 2 min" in page
    assert "Before that: 7.5 s in all" in page


def test_account_limits_stand_with_what_is_used_of_them(trader: Client, busy: Farm) -> None:
    Instrument.objects.update(sector="Technology")
    Account.objects.update(
        high_water_equity=Decimal(125_000), day_start_equity=Decimal(102_000), slice_above=5_000
    )

    page = text_of(trader.get(address(busy)))

    assert "Lost today 1.69 % of 5.00 %" in page  # of 102,000 there are 100,280.08 left
    assert "Below its highest worth 19.78 % of 10.00 %" in page
    assert "at 15.00 % it halts" in page
    assert "Largest sector 56.03 % of 40.00 % Technology now" in page
    assert "Orders a minute 0 of 60" in page
    assert "Sent in slices above 5,000.00 USD" in page


def test_orders_of_the_last_minute_are_counted_by_agent(trader: Client, busy: Farm) -> None:
    asked_for(busy, quantity=10)
    told.move(busy, by=timedelta(minutes=2))
    for quantity in (20, 30):
        asked_for(busy, quantity=quantity)

    assert "Orders a minute 2 of 60" in text_of(trader.get(address(busy)))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            BreakerKind.REJECTS,
            "The exchange rejected order after order 5 in a row, limit fewer than 5",
        ),
        (BreakerKind.AGENT_DAILY_LOSS, "Lost its limit of the day: Technical"),
        (BreakerKind.PRICE_JUMP, "until 15 Mar, 16:00, or a person releases it"),
        (BreakerKind.STALE_FEED, "until prices are fresh again, or a person releases it"),
        (BreakerKind.ACCOUNT_DAILY_LOSS, "No agent enters; the account only reduces"),
    ],
)
def test_tripped_breakers_say_what_since_when_and_until_when(
    trader: Client, farm: Farm, kind: BreakerKind, words: str
) -> None:
    breaker = tripped(farm, kind)

    answer = trader.get(address(farm))

    assert words in text_of(answer)
    assert reverse("breaker-release", args=[breaker.id]) in answer.content.decode()


def test_every_kind_of_breaker_has_words() -> None:
    assert set(NAMES) == set(BreakerKind)


def test_without_a_breaker_it_says_so(trader: Client, farm: Farm) -> None:
    assert "Breakers that are tripped None." in text_of(trader.get(address(farm)))


def test_an_account_that_agrees_with_its_exchange_is_ready(trader: Client, farm: Farm) -> None:
    page = text_of(trader.get(address(farm)))

    assert "State ACTIVE READY" in page
    assert "say the same of money, positions and orders." in page


def test_one_that_does_not_says_why_and_what_was_compared(trader: Client, farm: Farm) -> None:
    Account.objects.update(is_ready=False, reconciliation="BTC: 1 here, 2 at the exchange")
    compared(farm, agreed=True, minutes=9)
    compared(farm, agreed=False, minutes=2)

    page = text_of(trader.get(address(farm)))

    assert "NOT READY" in page
    assert "Nothing new goes out before they agree" in page
    assert "BTC: 1 here, 2 at the exchange." in page
    assert page.index("Periodic differs 2 adopted BTC: 1") < page.index("At start agreed")


def test_an_account_that_was_never_compared_says_so(trader: Client, farm: Farm) -> None:
    Account.objects.update(is_ready=False)

    assert NOT_COMPARED in text_of(trader.get(address(farm)))


def compared(farm: Farm, *, agreed: bool, minutes: int) -> None:
    differences = [] if agreed else [{"asset": "BTC", "ours": "1", "theirs": "2"}]
    Reconciliation.objects.create(
        account=farm.account,
        kind="start" if agreed else "periodic",
        agreed=agreed,
        differences=differences,
        adopted=0 if agreed else 2,
        fencing_token=1,
        at=farm.wall - timedelta(minutes=minutes),
    )


def switched(client: Client, farm: Farm, name: str = "is_out", on: str = "1") -> Any:
    return client.post(
        reverse("account-switch", args=[farm.account.id]), {"switch": name, "on": on}
    )


@pytest.mark.parametrize("name", ["rejects_orders", "is_out"])
def test_the_paper_exchange_is_switched_and_that_is_journaled(
    trader: Client, farm: Farm, name: str
) -> None:
    answers = [switched(trader, farm, name), switched(trader, farm, name)]

    events = JournalEvent.objects.filter(kind="account.paper_switched")
    farm.account.refresh_from_db()
    assert {answer.status_code for answer in answers} == {303}
    assert getattr(farm.account, name) is True
    assert [(event.actor, event.payload) for event in events] == [
        ("person:trader", {"switch": name, "on": True})
    ]
    assert 'aria-checked="true"' in trader.get(address(farm)).content.decode()


def test_a_switch_that_there_is_not_changes_nothing(trader: Client, farm: Farm) -> None:
    switched(trader, farm, "is_ready", "0")

    farm.account.refresh_from_db()
    assert farm.account.is_ready
    assert "the form does not name a switch" in text_of(trader.get(address(farm)))


def test_only_the_owner_and_an_operator_switch(client: Client, farm: Farm) -> None:
    guest = make_user("guest")
    guest.role, guest.desk = Role.TRADER.value, farm.owner
    guest.save()
    client.force_login(guest)

    assert switched(client, farm).status_code == 403
    guest.role = Role.OPERATOR.value
    guest.save()
    assert switched(client, farm).status_code == 303


def test_deposits_are_listed_newest_first(trader: Client, busy: Farm) -> None:
    CashMovement.objects.create(
        account=busy.account, amount=100_000, reason="Opening", at=busy.wall
    )
    CashMovement.objects.create(account=busy.account, amount=-250, reason="Rent", at=busy.wall)

    page = text_of(trader.get(address(busy)))

    assert page.index("Rent -250.00") < page.index("Opening 100,000.00")


def test_the_account_of_somebody_else_is_not_found(trader: Client, wall: datetime) -> None:
    assert trader.get(address(make_farm(owner=make_user("other"), wall=wall))).status_code == 404


@pytest.mark.parametrize("stopped", [False, True])
def test_few_queries(
    trader: Client,
    busy: Farm,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    *,
    stopped: bool,
) -> None:
    if stopped:
        halt(busy)
    trader.get(address(busy))

    with django_assert_max_num_queries(12):
        trader.get(address(busy))
