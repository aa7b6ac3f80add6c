"""A person lets one order pass one check, with a reason, for a quarter of an hour."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.factories import NOW, make_desk, make_quote, wall
from tests.racing import race
from tests.trading.guarding import events, tripped
from tests.trading.steps import decided
from trading.domain.overrides import OVERRIDE_WITHIN, NotOverridden
from trading.domain.states import BreakerKind
from trading.models import Assessment, Confirmation, Order, Override
from trading.services.confirmations import confirm
from trading.services.overrides import Overriding, override

WHY = "The board agreed to this one"


@pytest.fixture(autouse=True)
def _whole_limits(settings):
    settings.AGENT_RISK_MULTIPLIER = Decimal(1)


def denied(**limits):
    """A desk whose agent wants ten for a thousand dollars and may order for five hundred."""
    desk = make_desk(limits={"max_order_value": Decimal(500)} | limits)
    verdict = decided(desk, desk.buy(10))
    assert not verdict.approved
    return desk, verdict.assessment_id


def overridden(assessment_id, *, code="ORDER_SIZE", reason=WHY, at=None):
    return override(
        assessment_id=assessment_id,
        code=code,
        reason=reason,
        actor="Ada",
        now=NOW,
        at=at or wall(),
    )


@pytest.mark.django_db
def test_it_passes_the_check_and_the_order_is_made():
    _, assessment_id = denied()

    answer = overridden(assessment_id)

    order, granted = Order.objects.get(), Override.objects.get()
    assert answer.verdict.approved
    assert (order.id, order.quantity) == (answer.verdict.order_id, 10)
    assert order.intent_key == f"override:{granted.id}"
    assert (granted.order, granted.used_at is None) == (order, False)
    assert granted.expires_at - granted.at == OVERRIDE_WITHIN


@pytest.mark.django_db
def test_it_is_journaled_with_who_why_and_for_how_long():
    desk, assessment_id = denied()

    overridden(assessment_id, reason=f"  {WHY}  ")

    (event,) = events(desk, "risk.override")
    granted = Override.objects.get()
    assert (event.actor, event.subject) == ("Ada", f"assessment:{assessment_id}")
    assert (event.payload["reason"], event.payload["code"]) == (WHY, "ORDER_SIZE")
    assert event.payload["checks"][0]["limit"] == "500.00"
    assert event.payload["until"].startswith(granted.expires_at.isoformat()[:19])


@pytest.mark.django_db
def test_a_second_click_gets_the_first_answer():
    desk, assessment_id = denied()

    first = overridden(assessment_id)

    assert overridden(assessment_id, reason="Another reason altogether") == first
    assert Order.objects.count() == Override.objects.count() == 1
    assert len(events(desk, "risk.override")) == 1


@pytest.mark.django_db
def test_it_is_for_one_order_alone():
    desk, assessment_id = denied()
    overridden(assessment_id)

    again = decided(desk, desk.buy(10, key="again"), now=NOW + timedelta(minutes=1))

    assert "ORDER_SIZE" in again.denials


@pytest.mark.django_db
def test_it_is_for_this_order_alone():
    desk, assessment_id = denied(max_position_value=Decimal(100))
    overridden(assessment_id)

    assert "ORDER_SIZE" in decided(desk, desk.buy(11, key="larger")).denials


@pytest.mark.django_db
def test_other_checks_still_deny_it_and_take_an_override_each():
    _, assessment_id = denied(max_position_value=Decimal(900))

    first = overridden(assessment_id)
    second = overridden(assessment_id, code="POSITION_SIZE")

    assert first.verdict.denials == ("POSITION_SIZE",)
    assert second.verdict.approved
    assert Order.objects.count() == 1
    assert Override.objects.filter(order=None).count() == 0


@pytest.mark.django_db
def test_an_override_of_a_quarter_of_an_hour_ago_lets_nothing_pass():
    _, assessment_id = denied()

    late = overridden(assessment_id, at=wall() - OVERRIDE_WITHIN)

    assert late.verdict.denials == ("ORDER_SIZE",)
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_a_breaker_can_be_passed_by_one_order():
    desk = make_desk()
    tripped(desk, BreakerKind.REJECTS)
    verdict = decided(desk, desk.buy(10))

    assert verdict.denials == ("BREAKERS",)
    assert overridden(verdict.assessment_id, code="BREAKERS").verdict.approved


@pytest.mark.django_db
def test_what_must_be_confirmed_as_well_is_asked_for():
    _, assessment_id = denied(confirm_above=Decimal(800))

    answer = overridden(assessment_id)
    asked = Confirmation.objects.get()
    confirmed = confirm(confirmation_id=asked.id, actor="Ada", now=NOW, at=wall())

    assert answer.verdict.confirmation_id == asked.id
    assert confirmed.order_id == Order.objects.get().id
    assert Override.objects.get().order_id == confirmed.order_id


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "reason", "refused"),
    [
        ("POSITION_SIZE", WHY, NotOverridden.OTHER_CHECK),
        ("ORDER_SIZE", "   because   ", NotOverridden.NO_REASON),
        ("STALE_PRICE", WHY, NotOverridden.NEVER),
    ],
)
def test_what_cannot_be_overridden_leaves_no_trace(code, reason, refused):
    desk = make_desk(limits={"max_order_value": Decimal(500)})
    make_quote(desk.instrument, as_of=NOW - timedelta(minutes=2))
    verdict = decided(desk, desk.buy(10))

    assert overridden(verdict.assessment_id, code=code, reason=reason) == Overriding(refused)
    assert not Override.objects.exists()
    assert Assessment.objects.count() == 1


@pytest.mark.django_db
def test_an_order_that_was_approved_needs_none():
    desk = make_desk()
    verdict = decided(desk, desk.buy(10))

    assert overridden(verdict.assessment_id).refusal is NotOverridden.NOT_DENIED


@pytest.mark.django_db
def test_what_does_not_exist_cannot_be_overridden():
    with pytest.raises(Assessment.DoesNotExist):
        overridden(UUID(int=4))


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_clicks_one_makes_the_order():
    _, assessment_id = denied()

    answers = race(16, lambda _: overridden(assessment_id))

    assert len(set(answers)) == 1
    assert Order.objects.count() == Override.objects.count() == 1
