"""One denied order let pass one check by a person: what they see, and what the gate says then."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from market.models import Quote
from tests.pages import told
from tests.pages.farms import Farm, make_user
from tests.pages.guards import asked_for
from tests.pages.reading import text_of
from tests.pages.test_permissions import prove
from trading.models import Account, Assessment, Confirmation, Order, Override, Permission
from tradingfarm.kernel.models import JournalEvent
from tradingfarm.pages.risk import overriding
from tradingfarm.people.models import Role

pytest_plugins = ("tests.pages.fixtures",)
WHY = "The earnings are out, I read them myself"


@pytest.fixture
def proved(trader: Client, farm: Farm) -> Client:
    """The owner, who has just proved a second factor."""
    prove(trader, farm.owner)
    return trader


@pytest.fixture
def market(farm: Farm) -> Farm:
    told.prepare(farm)
    Permission.objects.update(max_allocation_pct=Decimal(100))
    return farm


def denied(farm: Farm, **changes: Any) -> Assessment:
    """An order that the gate has refused."""
    verdict = asked_for(farm, **changes)
    assert not verdict.approved
    return Assessment.objects.get(id=verdict.assessment_id)


def address(assessment: Assessment) -> str:
    return reverse("assessment-override", args=[assessment.id])


def override(
    client: Client, assessment: Assessment, code: str, reason: str = WHY, **extra: Any
) -> Any:
    return client.post(address(assessment), {"code": code, "reason": reason}, **extra)


def bought() -> Order | None:
    return Order.objects.filter(side="buy").first()


def test_the_dialog_says_what_it_covers_and_for_how_long(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)

    page = text_of(proved.get(address(denied(market))))

    assert "Let one order in AAPL pass a check" in page
    assert "It covers this one order and this one check, for 15 minutes, once." in page
    assert "It would be entry 1 of the day; 0 are allowed. DAILY_ENTRIES: beyond the agent" in page
    assert "never beyond the farm's ceiling" in page


def test_an_override_makes_the_order_once(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)
    refused = denied(market)

    answers = [override(proved, refused, "DAILY_ENTRIES") for _ in range(2)]

    order = bought()
    assert order is not None
    granted = Override.objects.get()
    assert {answer["Location"] for answer in answers} == {reverse("order", args=[order.id])}
    assert (granted.order_id, granted.granted_by, granted.reason) == (
        order.id,
        "person:trader",
        WHY,
    )
    assert JournalEvent.objects.filter(kind="risk.override").count() == 1


def test_the_orders_page_says_what_was_overridden(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)
    override(proved, denied(market), "DAILY_ENTRIES")
    order = bought()
    assert order is not None

    page = text_of(proved.get(reverse("order", args=[order.id])))

    assert "1 of 36 checks failed, and a person let it pass." in page
    assert "DAILY_ENTRIES overridden 1 0" in page


def test_what_else_stands_against_it_is_said_and_can_be_overridden_next(
    proved: Client, market: Farm
) -> None:
    Permission.objects.update(max_daily_entries=0, max_order_value=Decimal(100))
    refused = denied(market)

    answer = override(proved, refused, "DAILY_ENTRIES")

    page = text_of(answer)
    again = Assessment.objects.latest("at")
    assert "The order was not made. This check is overridden now, and others still stand" in page
    assert "The order was worth 4,113.00; the largest allowed is 100.00." in page
    assert "DAILY_ENTRIES is overridden until" in page
    assert f'action="{address(again)}"' in answer.content.decode()
    assert bought() is None

    override(proved, again, "ORDER_SIZE")

    assert bought() is not None


@pytest.mark.parametrize("code", ["HALT_STATE", "BUYING_POWER", "NONSENSE", "ORDER_SIZE", ""])
def test_what_did_not_refuse_it_or_never_may_is_refused(
    proved: Client, market: Farm, code: str
) -> None:
    Account.objects.update(halt_state="HALTED", cash=Decimal(1))
    Permission.objects.update(max_daily_entries=0)

    answer = override(proved, denied(market), code)

    assert answer.status_code == 200
    assert not Override.objects.exists()


def test_where_nothing_may_be_overridden_it_says_so(proved: Client, market: Farm) -> None:
    Quote.objects.update(as_of=told.NOW - timedelta(hours=3))

    page = text_of(proved.get(address(denied(market))))

    assert "Nobody can override what refused it." in page
    assert "The price was too old" in page


@pytest.mark.parametrize("reason", ["", "because"])
def test_a_reason_of_some_length_is_needed(proved: Client, market: Farm, reason: str) -> None:
    Permission.objects.update(max_daily_entries=0)

    page = override(proved, denied(market), "DAILY_ENTRIES", reason).content.decode()

    assert 'id="dialog-reason-problem"' in page
    assert not Override.objects.exists()


def test_an_order_that_was_not_denied_has_nothing_to_override(
    proved: Client, market: Farm
) -> None:
    verdict = asked_for(market)
    approved = Assessment.objects.get(id=verdict.assessment_id)

    page = text_of(proved.get(address(approved)))

    assert "This order was not denied; there is nothing to override." in page


def test_it_takes_a_second_factor(trader: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)

    answer = override(trader, denied(market), "DAILY_ENTRIES")

    assert answer["Location"].startswith(reverse("mfa_activate_totp"))
    assert not Override.objects.exists()


def test_at_somebody_elses_desk_it_takes_an_operator(client: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)
    refused = denied(market)
    guest = make_user("guest")
    guest.role, guest.desk = Role.TRADER.value, market.owner
    guest.save()
    client.force_login(guest)
    prove(client, guest)

    assert override(client, refused, "DAILY_ENTRIES").status_code == 403
    guest.role = Role.OPERATOR.value
    guest.save()
    assert override(client, refused, "DAILY_ENTRIES").status_code == 303


def test_an_order_that_must_be_confirmed_waits_for_that_then(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0, confirm_above=Decimal(1))

    answer = override(proved, denied(market), "DAILY_ENTRIES")
    # Both checks had failed at once; the next decision fails for the confirmation alone.

    assert answer["Location"] == reverse("account-risk", args=[market.account.id])
    assert Confirmation.objects.get().state == "WAITING"
    assert bought() is None


def test_a_busy_account_overrides_nothing(
    proved: Client, market: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    Permission.objects.update(max_daily_entries=0)
    refused = denied(market)

    def busy(**values: object) -> None:
        raise OperationalError

    monkeypatch.setattr(overriding, "override", busy)

    assert "The account is busy" in text_of(override(proved, refused, "DAILY_ENTRIES"))


def test_the_list_of_refusals_and_the_risk_page_lead_to_it(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)
    refused = denied(market)
    risk = reverse("account-risk", args=[market.account.id])

    for page in (reverse("refusals"), risk):
        assert address(refused) in proved.get(page).content.decode()

    override(proved, refused, "DAILY_ENTRIES")
    order = bought()
    assert order is not None
    listed = proved.get(reverse("refusals"))
    assert "A person let it pass: the order" in text_of(listed)
    assert address(refused) not in listed.content.decode()
    assert f"By trader. {WHY}." in text_of(proved.get(risk))


def test_the_story_of_a_refused_execution_leads_to_it(proved: Client, market: Farm) -> None:
    Permission.objects.update(max_daily_entries=0)

    execution = told.thought(market)

    refused = Assessment.objects.get(approved=False)
    assert address(refused) in told.opened(proved, execution)


def test_the_story_of_an_order_that_waits_says_so_and_goes_on_when_confirmed(
    proved: Client, market: Farm
) -> None:
    Permission.objects.update(confirm_above=Decimal(1))
    execution = told.thought(market)
    asked = Confirmation.objects.get()

    waiting = told.read(proved, execution)
    proved.post(reverse("confirmation", args=[asked.id]))
    told.send(market)
    done = told.read(proved, execution)

    assert "Buy 160 AAPL: waits for a person" in waiting
    assert "What a person was asked" in waiting
    assert "Bought 160 AAPL" in done


@pytest.mark.parametrize(
    ("state", "words"),
    [("EXPIRED", "not confirmed in time"), ("REFUSED", "Buy 160 AAPL: not confirmed")],
)
def test_the_story_says_that_it_was_not_confirmed(
    proved: Client, market: Farm, state: str, words: str
) -> None:
    Permission.objects.update(confirm_above=Decimal(1))
    execution = told.thought(market)
    Confirmation.objects.update(state=state)

    assert words in told.read(proved, execution)
