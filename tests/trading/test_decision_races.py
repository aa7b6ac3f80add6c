"""Many at once: one order for one cause, and no limit passed by any number of threads."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import DataError, OperationalError, connection
from django.db.transaction import atomic

from tests.factories import make_desk, make_instrument, make_permission, make_quote
from tests.racing import race
from tests.trading.steps import decided
from trading.domain.states import Source
from trading.models import Account, Assessment, Order
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db(transaction=True)


def test_sixteen_threads_with_one_cause_make_one_order():
    desk = make_desk()

    verdicts = race(16, lambda _: decided(desk, desk.buy(10)))

    desk.account.refresh_from_db()
    assert len(set(verdicts)) == 1
    assert verdicts[0].approved
    assert Order.objects.count() == 1
    assert desk.account.reserved == Decimal("1021.02")


def test_sixteen_threads_do_not_spend_more_cash_than_there_is():
    # A person's order sets 1,051.05 aside, for a worst price of 105: four fit.
    desk = make_desk(deposit="5200", max_daily_loss_pct=100)

    verdicts = race(16, lambda place: decided(desk, by_person(desk, place)))

    desk.account.refresh_from_db()
    approvals = [verdict for verdict in verdicts if verdict.approved]
    assert len(approvals) == Order.objects.count() == 4
    assert desk.account.reserved == 4 * Decimal("1051.05")
    assert {verdict.denials for verdict in verdicts if not verdict.approved} == {("BUYING_POWER",)}


def by_person(desk, place):
    return replace(desk.buy(10, key=f"intent {place}"), source=Source.PERSON, permission_id=None)


def test_sixteen_agents_do_not_pass_the_accounts_allocation_together(settings):
    settings.MAX_AGENTS_PER_ACCOUNT = 17
    desk = make_desk()
    permissions = [
        make_permission(desk.account, number=number, max_allocation_pct=Decimal(5))
        for number in range(1, 17)
    ]

    verdicts = race(
        16,
        lambda place: decided(
            desk, replace(desk.buy(10, key=f"{place}"), permission_id=permissions[place].id)
        ),
    )

    # Five percent of 100,000 at a worst price of 102 are four orders of ten.
    assert sum(verdict.approved for verdict in verdicts) == 4


def test_an_agents_daily_entries_hold_against_sixteen_threads():
    desk = make_desk(limits={"max_daily_entries": 3})
    instruments = [make_instrument(f"I{number}") for number in range(16)]
    for instrument in instruments:
        make_quote(instrument)

    verdicts = race(
        16,
        lambda place: decided(
            desk, replace(desk.buy(1, key=f"{place}"), instrument_id=instruments[place].id)
        ),
    )

    desk.permission.refresh_from_db()
    assert sum(verdict.approved for verdict in verdicts) == desk.permission.entries_today == 3


def test_a_lock_that_is_not_had_in_time_is_an_error_and_stores_nothing():
    desk = make_desk()

    def impatient(_):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return decided(desk, desk.buy(1))

    with atomic():
        Account.objects.select_for_update(no_key=True).get(id=desk.account.id)
        (outcome,) = race(1, impatient)

    assert isinstance(outcome, OperationalError)
    assert not Assessment.objects.exists()
    assert not JournalEvent.objects.filter(kind="risk.assessment").exists()
    assert decided(desk, desk.buy(1)).approved


def test_a_decision_that_fails_halfway_stores_nothing():
    desk = make_desk()

    with pytest.raises(DataError, match="too long"):
        decided(desk, desk.buy(1, strategy="x" * 41))

    desk.account.refresh_from_db()
    assert desk.account.reserved == 0
    assert not Assessment.objects.exists()
    assert not Order.objects.exists()
