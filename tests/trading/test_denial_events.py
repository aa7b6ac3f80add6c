"""A denial has an event of its own, which people are alerted by."""

from decimal import Decimal

import pytest

from tests.factories import NOW, make_desk
from tests.trading.steps import approved, decided
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def kinds_of(desk):
    events = JournalEvent.objects.filter(stream=account_stream(desk.account.id))
    return list(events.filter(kind__startswith="risk.").values_list("kind", flat=True))


def test_a_denial_is_journaled_beside_its_assessment():
    desk = make_desk(limits={"max_order_value": Decimal(500)})

    verdict = decided(desk, desk.buy(10))

    assert kinds_of(desk) == ["risk.assessment", "risk.denied"]
    event = JournalEvent.objects.get(kind="risk.denied")
    assert event.subject == f"assessment:{verdict.assessment_id}"
    assert event.as_of == NOW
    assert (event.payload["denials"], event.payload["quantity"]) == (["ORDER_SIZE"], "10")


def test_asking_again_rings_only_once():
    desk = make_desk(limits={"max_order_value": Decimal(500)})

    decided(desk, desk.buy(10))
    decided(desk, desk.buy(10))

    assert kinds_of(desk).count("risk.denied") == 1


def test_an_approval_does_not_ring():
    desk = make_desk()

    approved(desk, desk.buy(10))

    assert kinds_of(desk) == ["risk.assessment"]
