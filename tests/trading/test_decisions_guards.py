"""What a decision reads and writes beyond one permission: people's words, breakers, statistics."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from market.models import Statistics
from tests.factories import (
    NOW,
    make_account,
    make_desk,
    make_instrument,
    make_permission,
    make_quote,
    wall,
)
from tests.trading.steps import approved, decided, filled
from trading.domain.requests import request_from
from trading.domain.states import RiskLevel, Source, WhenTainted
from trading.models import Account, Assessment, Breaker, Confirmation, Order, Override
from trading.services.decisions import CONFIRM_WITHIN
from tradingfarm.kernel.journal import account_stream
from tradingfarm.kernel.models import JournalEvent

pytestmark = pytest.mark.django_db


def journaled(desk):
    events = JournalEvent.objects.filter(stream=account_stream(desk.account.id))
    return set(events.values_list("kind", flat=True))


def waiting_desk(**limits):
    """A desk whose larger entries wait for a person."""
    return make_desk(limits={"confirm_above": Decimal(500)} | limits)


def test_an_order_that_needs_a_person_is_not_made_but_asked_for():
    desk, at = waiting_desk(), wall()

    verdict = decided(desk, desk.buy(10), at=at)

    asked = Confirmation.objects.get(id=verdict.confirmation_id)
    assert (verdict.approved, verdict.order_id) == (False, None)
    assert verdict.denials == ("CONFIRMATION",)
    assert (asked.state, asked.value, asked.worst_price) == ("WAITING", 1020, 102)
    assert (asked.at, asked.expires_at, asked.actor) == (at, at + CONFIRM_WITHIN, "test")
    assert asked.assessment_id == verdict.assessment_id
    assert request_from(asked.request).digest == asked.order_digest == desk.buy(10).digest
    assert not Order.objects.exists()
    assert {"risk.assessment", "risk.confirmation"} == journaled(desk) & {
        "risk.assessment",
        "risk.confirmation",
        "risk.denied",
        "order.approved",
    }


def test_asking_again_for_the_same_cause_asks_no_second_person():
    desk = waiting_desk()

    first, second = decided(desk, desk.buy(10)), decided(desk, desk.buy(10))

    assert first == second
    assert Confirmation.objects.count() == 1


def test_what_would_be_denied_anyway_asks_nobody():
    desk = waiting_desk(max_order_value=Decimal(600))

    verdict = decided(desk, desk.buy(10))

    assert verdict.denials == ("ORDER_SIZE", "CONFIRMATION")
    assert verdict.confirmation_id is None
    assert not Confirmation.objects.exists()
    assert "risk.denied" in journaled(desk)


def confirmed(desk, request, **changes):
    """The row of a person's yes to this request."""
    asked = decided(desk, replace(request, intent_key="asked"))
    values = {"state": "CONFIRMED"} | changes
    Confirmation.objects.filter(id=asked.confirmation_id).update(**values)
    return Confirmation.objects.get(id=asked.confirmation_id)


def test_what_a_person_confirmed_is_made_once():
    desk = waiting_desk()
    said = confirmed(desk, desk.buy(10))

    first = decided(desk, desk.buy(10, key="decided again"))
    Order.objects.update(state="EXPIRED_LOCAL", as_of=NOW - timedelta(hours=1))
    second = decided(desk, desk.buy(10, key="and again"))

    said.refresh_from_db()
    assert said.order_id == first.order_id is not None
    assert second.denials == ("CONFIRMATION",)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "WAITING"},
        {"state": "REFUSED"},
        {"expires_at": wall() - timedelta(seconds=1)},
        {"worst_price": Decimal("101.99")},
        {"order_digest": "0" * 64},
    ],
)
def test_nothing_less_than_a_yes_to_this_order_and_price_in_time_counts(changes):
    desk = waiting_desk()
    confirmed(desk, desk.buy(10), **changes)

    assert decided(desk, desk.buy(10, key="decided again")).denials == ("CONFIRMATION",)


def test_a_yes_of_another_account_counts_for_nothing():
    desk = waiting_desk()
    other = make_account(number=1)
    confirmed(desk, desk.buy(10), account=other)

    assert decided(desk, desk.buy(10, key="decided again")).denials == ("CONFIRMATION",)


def test_risk_and_taint_are_stored_with_the_order_and_ask_for_a_person():
    desk = make_desk(limits={"risk_level": "low", "when_tainted": WhenTainted.CONFIRM.value})

    risky = decided(desk, desk.buy(1, risk=RiskLevel.MEDIUM))
    tainted = decided(desk, desk.buy(1, key="tainted", is_tainted=True))
    order = approved(desk, desk.buy(1, key="plain", risk=RiskLevel.LOW))

    assert None not in (risky.confirmation_id, tainted.confirmation_id)
    assert (order.risk, order.is_tainted) == ("low", False)


def overridden(desk, request, code, **changes):
    """The row of a person's word that this request may pass one check."""
    denied = decided(desk, replace(request, intent_key=f"denied {code}"))
    values = {
        "account": desk.account,
        "assessment_id": denied.assessment_id,
        "order_digest": request.digest,
        "code": code,
        "reason": "I know better.",
        "granted_by": "person:ada",
        "at": wall(),
        "expires_at": wall() + timedelta(minutes=15),
    } | changes
    return Override.objects.create(id=uuid5(desk.account.id, code), **values)


def test_an_override_lets_its_order_pass_once_and_is_stored_with_the_check():
    desk = make_desk(limits={"max_daily_entries": 0})
    said = overridden(desk, desk.buy(10), "DAILY_ENTRIES")
    not_needed = Override.objects.get(id=said.id)
    not_needed.id, not_needed.code = desk.account.id, "ORDER_SIZE"
    not_needed.save(force_insert=True)

    order = approved(desk, desk.buy(10, key="again"))

    said.refresh_from_db()
    check = next(each for each in order.assessment.checks if each["code"] == "DAILY_ENTRIES")
    assert (check["passed"], check["overridden"], check["limit"]) == (True, True, "0")
    assert (said.order_id, said.used_at) == (order.id, order.approved_at)
    assert not Override.objects.get(id=not_needed.id).used_at
    Order.objects.update(state="EXPIRED_LOCAL", as_of=NOW - timedelta(hours=1))
    assert decided(desk, desk.buy(10, key="once more")).denials == ("DAILY_ENTRIES",)


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": wall() - timedelta(seconds=1)},
        {"used_at": wall()},
        {"order_digest": "0" * 64},
        {"code": "ORDER_SIZE"},
    ],
)
def test_an_override_counts_for_its_order_and_check_and_in_time(changes):
    desk = make_desk(limits={"max_daily_entries": 0})
    overridden(desk, desk.buy(10), **({"code": "DAILY_ENTRIES"} | changes))

    assert decided(desk, desk.buy(10, key="again")).denials == ("DAILY_ENTRIES",)


def test_no_override_lifts_an_order_over_the_farms_ceiling(settings):
    desk = make_desk(limits={"max_order_value": Decimal(500)})
    overridden(desk, desk.buy(10), "ORDER_SIZE")
    settings.MAX_ORDER_VALUE_CEILING = Decimal(900)

    denied = decided(desk, desk.buy(10, key="above"))
    settings.MAX_ORDER_VALUE_CEILING = Decimal(1_100)

    assert denied.denials == ("ORDER_SIZE",)
    assert decided(desk, desk.buy(10, key="below")).approved


def test_two_words_of_a_person_let_one_order_pass_two_checks():
    desk = make_desk(limits={"max_daily_entries": 0, "max_order_value": Decimal(500)})
    overridden(desk, desk.buy(10), "DAILY_ENTRIES")
    overridden(desk, desk.buy(10), "ORDER_SIZE")

    approved(desk, desk.buy(10, key="again"))

    assert Override.objects.exclude(used_at=None).count() == 2


def tripped(desk, **changes):
    values = {
        "account": desk.account,
        "kind": "rejects",
        "number": "5 in a row",
        "limit": "fewer",
        "as_of": NOW,
        "at": wall(),
    } | changes
    return Breaker.objects.create(id=UUID(int=Breaker.objects.count() + 1), **values)


@pytest.mark.parametrize("scope", ["account", "permission", "instrument"])
def test_a_breaker_stops_the_entries_that_it_covers_and_no_exit(scope):
    desk = make_desk()
    filled(desk, desk.buy(1))
    covers = {"permission": desk.permission, "instrument": desk.instrument}
    breaker = tripped(desk, **({} if scope == "account" else {scope: covers[scope]}))

    stopped = decided(desk, desk.buy(2, key="more"))

    words = {"account": "the account", "permission": "Agent 0", "instrument": "AAPL"}[scope]
    check = next(
        each
        for each in Assessment.objects.get(id=stopped.assessment_id).checks
        if each["code"] == "BREAKERS"
    )
    assert stopped.denials == ("BREAKERS",)
    assert check["number"] == f"rejects of {words}: 5 in a row, limit fewer"
    assert decided(desk, desk.sell(1)).approved
    Breaker.objects.filter(id=breaker.id).update(released_at=wall())
    assert decided(desk, desk.buy(2, key="released")).approved


def test_breakers_of_others_stop_nothing():
    desk = make_desk()
    other = make_permission(desk.account, number=1)
    tripped(desk, permission=other)
    tripped(desk, instrument=make_instrument("IBM"))
    tripped(desk, account=make_account(number=1))

    assert decided(desk, desk.buy(1)).approved


def test_an_account_that_is_not_ready_lets_out_no_agents_order():
    desk = make_desk()
    filled(desk, desk.buy(10))
    Account.objects.update(is_ready=False)

    entry = decided(desk, desk.buy(2, key="more"))
    exit_ = decided(desk, desk.sell(5))
    stop = decided(desk, desk.sell(5, key="stop", source=Source.PROTECTION))

    assert entry.denials == exit_.denials == ("READY",)
    assert stop.approved


def test_the_statistics_of_the_accounts_own_feed_count():
    desk = make_desk()
    calm = {"candles": 30, "volatility_pct": 20, "average_volume": 10**6, "average_notional": 1}
    values = calm | {"as_of": NOW, "instrument": desk.instrument}
    stored = Statistics.objects.create(feed=desk.account.feed, **values)

    assert decided(desk, desk.buy(1)).approved
    Order.objects.update(state="EXPIRED_LOCAL", as_of=NOW - timedelta(hours=1))
    Statistics.objects.filter(id=stored.id).update(volatility_pct=61, average_volume=499_999)
    assert decided(desk, desk.buy(1, key="wild")).denials == ("VOLATILITY", "LIQUIDITY")


def test_crypto_is_judged_by_its_own_limits():
    desk = make_desk()
    coin = make_instrument("BTC/USDT", asset_class="crypto")
    make_quote(coin)
    wild = {"candles": 30, "volatility_pct": 119, "average_volume": 1, "average_notional": 10**6}
    Statistics.objects.create(feed=desk.account.feed, as_of=NOW, instrument=coin, **wild)

    assert decided(desk, replace(desk.buy(1), instrument_id=coin.id)).approved


def test_an_index_that_the_feed_quotes_pauses_entries(settings):
    desk = make_desk()
    make_quote(make_instrument("VIX"), "41")

    assert decided(desk, desk.buy(1)).denials == ("VOLATILITY_INDEX",)
    settings.VOLATILITY_INDEX_SYMBOL = "VSTOXX"
    assert decided(desk, desk.buy(1, key="other index")).approved


def test_a_sector_counts_over_all_that_is_held_and_bought():
    desk = make_desk()
    ibm = make_instrument("IBM", sector="Technology")
    msft = make_instrument("MSFT", sector="Technology")
    gm = make_instrument("GM", sector="Cars")
    for instrument in (ibm, msft, gm):
        make_quote(instrument)
    filled(desk, replace(desk.buy(200, key="ibm"), instrument_id=ibm.id))
    other = make_permission(desk.account, number=1)
    approved(desk, replace(desk.buy(100, key="msft"), instrument_id=msft.id))

    asked = desk.buy(100, key="more", permission_id=other.id)
    verdict = decided(desk, replace(asked, instrument_id=msft.id))
    assessment = Assessment.objects.get(id=verdict.assessment_id)

    # 20,000 are held, 10,210.20 on their way; 40 % of 100,000 leave 95 at a worst price of 102.
    assert verdict.denials == ("SECTOR",)
    assert assessment.largest == 95
    assert decided(desk, replace(asked, instrument_id=gm.id, intent_key="gm")).approved


def test_the_orders_of_the_last_minute_of_the_whole_account_are_counted():
    desk = make_desk(max_orders_per_minute=2)
    other = make_permission(desk.account, number=1)
    approved(desk, desk.buy(1))
    approved(desk, desk.buy(1, key="other", permission_id=other.id))

    third = desk.buy(1, key="third", permission_id=other.id)
    later = NOW + timedelta(seconds=60)
    ibm = make_instrument("IBM")
    make_quote(ibm)

    assert decided(desk, replace(third, instrument_id=ibm.id)).denials == ("ORDER_RATE",)
    make_quote(ibm, as_of=later)
    waited = replace(third, instrument_id=ibm.id, intent_key="later")
    assert decided(desk, waited, now=later).approved


def test_an_order_that_rests_for_long_is_a_duplicate_however_many_came_since():
    desk = make_desk()
    approved(desk, desk.buy(1))
    Order.objects.update(as_of=NOW - timedelta(days=1))
    for number in range(25):
        filled(desk, desk.buy(1, key=f"{number}", permission_id=None, source=Source.PERSON))

    assert decided(desk, desk.buy(9, key="more")).denials == ("DUPLICATE",)


def test_the_agent_waits_from_entry_to_entry():
    desk = make_desk(limits={"min_seconds_between_entries": 60})
    filled(desk, desk.buy(1))
    desk.permission.refresh_from_db()
    ibm = make_instrument("IBM")
    make_quote(ibm)

    early = decided(desk, replace(desk.buy(2, key="early"), instrument_id=ibm.id))
    then = NOW + timedelta(seconds=60)
    make_quote(ibm, as_of=then)

    assert desk.permission.last_entry_as_of == NOW
    assert early.denials == ("COOLDOWN",)
    later = replace(desk.buy(2, key="later"), instrument_id=ibm.id)
    assert decided(desk, later, now=then).approved


def test_losses_of_the_account_and_from_its_top_and_of_the_agent_stop_entries():
    desk = make_desk()
    approved(desk, desk.buy(1))
    desk.permission.__class__.objects.update(recent_exits=10, recent_average=Decimal(-101))
    Account.objects.update(high_water_equity=120_000, day_start_equity=110_000)

    verdict = decided(desk, desk.buy(1, key="more", strategy="dip"))

    assert verdict.denials == (
        "ACCOUNT_DAILY_LOSS",
        "DRAWDOWN",
        "AGENT_PERFORMANCE",
        "DUPLICATE",
    )


def test_only_strategies_that_are_allowed_enter():
    desk = make_desk(limits={"allowed_strategies": ["Momentum"]})

    assert decided(desk, desk.buy(1, strategy="dip")).denials == ("STRATEGY_ALLOWED",)
    assert decided(desk, desk.buy(1, key="other", strategy="momentum")).approved
