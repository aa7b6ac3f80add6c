"""One short transaction that checks, reserves and stores."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, connection

from market.domain.sessions import RoundTheClock
from tests.factories import (
    NOW,
    make_account,
    make_desk,
    make_instrument,
    make_permission,
    make_quote,
    wall,
)
from tests.trading.steps import approved, decided, filled, sent, stopped
from tests.trading.venues import RecordingExchange
from trading.domain.checks import RULES
from trading.domain.exchange import Outcome, OutcomeKind
from trading.domain.states import HaltState, Source, StopMode
from trading.models import Account, Assessment, Order
from trading.selectors import books
from trading.selectors.books import NoSuchAccount, NoSuchInstrument
from trading.services.decisions import SEND_WITHIN, decide
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def journaled(desk, kind):
    return JournalEvent.objects.filter(stream=account_stream(desk.account.id), kind=kind)


def test_an_approved_request_becomes_an_order_with_its_reservation():
    desk, at = make_desk(), wall()

    verdict = decided(desk, desk.buy(10, take_profit=Decimal(120)), at=at)

    order = Order.objects.get(id=verdict.order_id)
    desk.account.refresh_from_db()
    assert verdict.approved
    assert (order.state, order.quantity, order.expected_price) == ("APPROVED", 10, 100)
    assert order.worst_price == 102
    assert order.reserved_cash == desk.account.reserved == Decimal("1021.02")
    assert (order.stop_loss, order.take_profit) == (90, 120)
    assert (order.as_of, order.approved_at, order.expires_at) == (NOW, at, at + SEND_WITHIN)
    assert desk.account.cash == 100_000


def test_the_entry_is_counted_on_the_accounts_day():
    desk = make_desk()

    approved(desk, desk.buy(1))

    desk.permission.refresh_from_db()
    assert (desk.permission.entries_today, desk.permission.day) == (1, NOW.date())


def test_every_check_is_stored_with_the_verdict_and_journaled():
    desk = make_desk()

    order = approved(desk, desk.buy(10))

    assessment = order.assessment
    event = journaled(desk, "risk.assessment").get()
    assert assessment.approved
    assert len(assessment.checks) == len(RULES)
    assert assessment.request["quantity"] == "10"
    assert event.payload["checks"] == assessment.checks
    assert event.subject == f"assessment:{assessment.id}"
    assert event.as_of == NOW
    assert journaled(desk, "order.approved").get().subject == f"order:{order.id}"


def test_a_denial_is_stored_with_all_checks_and_reserves_nothing():
    desk = make_desk(limits={"max_order_value": Decimal(500)})

    verdict = decided(desk, desk.buy(10))

    assessment = Assessment.objects.get(id=verdict.assessment_id)
    desk.account.refresh_from_db()
    assert (verdict.approved, verdict.order_id, verdict.denials) == (False, None, ("ORDER_SIZE",))
    assert (assessment.approved, assessment.denials) == (False, ["ORDER_SIZE"])
    assert len(assessment.checks) == len(RULES)
    assert assessment.largest == 4
    assert desk.account.reserved == 0
    assert not Order.objects.exists()
    assert not journaled(desk, "order.approved").exists()


def test_the_same_cause_gets_the_same_answer_and_one_order():
    desk = make_desk()

    first, second = decided(desk, desk.buy(10)), decided(desk, desk.buy(99))

    desk.account.refresh_from_db()
    assert first == second
    assert Order.objects.count() == Assessment.objects.count() == 1
    assert desk.account.reserved == Decimal("1021.02")
    assert journaled(desk, "risk.assessment").count() == 1


def test_a_denial_is_given_again_even_when_the_same_would_pass_now():
    desk = make_desk(limits={"max_order_value": Decimal(500)})
    first = decided(desk, desk.buy(10))
    type(desk.permission).objects.update(max_order_value=Decimal(50_000))

    assert decided(desk, desk.buy(10)) == first


def test_an_exit_is_clamped_and_offers_the_agents_share():
    desk = make_desk()
    filled(desk, desk.buy(10))

    verdict = decided(desk, desk.sell(99))

    order = Order.objects.get(id=verdict.order_id)
    assert verdict.quantity == order.quantity == 10
    assert order.reduce_only
    assert order.reserved_cash == 0
    assert desk.share().reserved_quantity == 10


def test_exits_at_work_are_never_offered_twice():
    desk = make_desk()
    filled(desk, desk.buy(10))
    approved(desk, desk.sell(7))

    protection = replace(desk.sell(10, key="stop"), source=Source.PROTECTION)
    second = decided(desk, protection)
    third = decided(desk, replace(protection, intent_key="again"))

    assert (second.approved, second.quantity) == (True, 3)
    assert (third.approved, "POSITION_HELD" in third.denials) == (False, True)
    assert desk.share().reserved_quantity == 10


def test_an_exit_takes_no_daily_entry():
    desk = make_desk()
    filled(desk, desk.buy(10))

    approved(desk, desk.sell(10))

    desk.permission.refresh_from_db()
    assert desk.permission.entries_today == 1


def test_a_person_sells_only_what_no_agent_holds():
    desk = make_desk()
    filled(desk, desk.buy(10))

    verdict = decided(desk, replace(desk.sell(10), source=Source.PERSON, permission_id=None))

    assert "POSITION_HELD" in verdict.denials


def test_a_permission_of_another_account_permits_nothing():
    desk, other = make_desk(), make_account(number=1)
    stranger = make_permission(other)

    verdict = decided(desk, replace(desk.buy(1), permission_id=stranger.id))

    assert verdict.denials == ("PERMISSION_ACTIVE",)


def test_the_agents_own_orders_at_work_count_against_it():
    desk = make_desk(limits={"max_position_value": Decimal(1_500)})
    approved(desk, desk.buy(10))

    verdict = decided(desk, desk.buy(5, key="more"))

    assert verdict.denials == ("POSITION_SIZE", "DUPLICATE")


def test_another_agents_orders_count_against_allocation_and_cash_but_not_its_own_limits():
    desk = make_desk(
        deposit="2000",
        limits={"max_position_value": Decimal(1_500), "max_allocation_pct": 60},
        max_daily_loss_pct=100,
    )
    other = make_permission(
        desk.account, number=1, max_position_value=Decimal(1_500), max_allocation_pct=60
    )
    approved(desk, desk.buy(10))

    verdict = decided(desk, replace(desk.buy(10, key="other"), permission_id=other.id))

    assert verdict.denials == ("ALLOCATION", "BUYING_POWER")


def test_open_positions_are_counted_over_all_instruments():
    desk = make_desk(limits={"max_open_positions": 1})
    filled(desk, desk.buy(1))
    ibm = make_instrument("IBM")
    make_quote(ibm)

    verdict = decided(desk, replace(desk.buy(1, key="ibm"), instrument_id=ibm.id))

    assert verdict.denials == ("OPEN_POSITIONS",)


def test_a_lowered_limit_counts_at_the_next_decision():
    desk = make_desk(limits={"max_daily_entries": 1})
    filled(desk, desk.buy(1))

    assert decided(desk, desk.buy(2, key="second")).denials == ("DAILY_ENTRIES",)


@pytest.mark.parametrize("state", [HaltState.REDUCING, HaltState.HALTED])
def test_a_halted_account_approves_no_entry(state):
    desk = make_desk(halt_state=state)

    assert decided(desk, desk.buy(1)).denials == ("HALT_STATE",)


def test_the_farms_switch_is_read_at_every_decision(settings):
    desk = make_desk()
    settings.ENABLE_AGENT_TRADING = False

    assert decided(desk, desk.buy(1)).denials == ("AGENT_TRADING_ENABLED",)


def test_a_stale_price_and_a_closed_market_are_seen():
    desk = make_desk()
    night = NOW.replace(hour=3)
    ibm = make_instrument("IBM", calendar="XNYS")
    make_quote(ibm, as_of=night)

    late = decided(desk, desk.buy(1), now=NOW + timedelta(seconds=61))
    closed = decided(desk, replace(desk.buy(1, key="ibm"), instrument_id=ibm.id), now=night)

    assert late.denials == ("STALE_PRICE",)
    assert closed.denials == ("TRADING_HOURS",)


def test_an_instrument_without_a_price_is_denied():
    desk = make_desk()
    ibm = make_instrument("IBM")

    verdict = decided(desk, replace(desk.buy(1), instrument_id=ibm.id))

    assert set(verdict.denials) == {
        "STALE_PRICE",
        "PRICE_COLLAR",
        "BUYING_POWER",
        "MINIMUM_SIZE",
    } - {"BUYING_POWER"}


def test_an_unknown_order_closes_its_symbol_to_everybodys_entries():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    sent(desk, desk.buy(1), RecordingExchange(outcome=Outcome(OutcomeKind.UNKNOWN)))

    verdict = decided(desk, replace(desk.buy(1, key="other"), permission_id=other.id))

    assert verdict.denials == ("UNRESOLVED",)


def test_a_claim_past_its_deadline_closes_the_symbol_too():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    order = approved(desk, desk.buy(1))
    late = wall() - timedelta(minutes=1)
    Order.objects.filter(id=order.id).update(state="SUBMITTING", attempt_at=late, deadline=late)

    verdict = decided(desk, replace(desk.buy(1, key="other"), permission_id=other.id))

    assert verdict.denials == ("UNRESOLVED",)


def test_what_does_not_exist_is_named():
    desk = make_desk()
    nobody = UUID(int=4)

    with pytest.raises(NoSuchAccount, match=str(nobody)):
        decide(account_id=nobody, request=desk.buy(1), actor="test", now=NOW, at=wall())
    with pytest.raises(NoSuchInstrument, match=str(nobody)):
        decided(desk, replace(desk.buy(1), instrument_id=nobody))


def test_a_decision_takes_a_fixed_number_of_statements(django_assert_num_queries):
    desk = make_desk()
    for number in range(5):
        instrument = make_instrument(f"I{number}")
        make_quote(instrument)
        filled(desk, replace(desk.buy(1, key=f"{number}"), instrument_id=instrument.id))

    # Lock, load, store, journal, and the savepoint that stands for the transaction.
    with django_assert_num_queries(6):
        decided(desk, desk.buy(1, key="one more"))


def test_an_assessment_cannot_be_changed():
    desk = make_desk()
    decided(desk, desk.buy(1))

    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE trading_assessment SET largest = 1")


def test_an_agent_enters_within_the_hours_of_its_permission():
    desk = make_desk(limits={"hours_start": time(11), "hours_end": time(12)})
    later = NOW + timedelta(minutes=30)

    # Half past ten in New York, then eleven.
    early = decided(desk, desk.buy(1))
    make_quote(desk.instrument, as_of=later)

    assert early.denials == ("TRADING_HOURS",)
    assert decided(desk, desk.buy(2, key="later"), now=later).approved


def test_the_hours_of_markets_are_read_before_the_account_is_locked(monkeypatch):
    desk, events = make_desk(), []

    def read(name):
        events.append(name)
        return RoundTheClock()

    def watched(execute, sql, *args):
        events.extend(["locked"] if "FOR NO KEY UPDATE" in sql else [])
        return execute(sql, *args)

    monkeypatch.setattr(books, "calendar_of", read)
    with connection.execute_wrapper(watched):
        decided(desk, desk.buy(1))

    assert events[:3] == ["24/7", "XNYS", "locked"]


def test_the_order_carries_the_epoch_of_its_approval():
    desk = make_desk()
    stopped(desk, StopMode.KEEP)
    Account.objects.update(halt_state=HaltState.ACTIVE)

    assert approved(desk, desk.buy(1)).epoch == 1
