"""Taint, a person's yes, and a person's override of one check for one order."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import (
    ACCOUNT_LIMITS,
    APPLE,
    CALM,
    NOW,
    PRICE,
    TERMS,
    book,
    buy,
    case,
    held,
    limited,
    sell,
)
from trading.domain import checks
from trading.domain.book import RecentOrder, Tripped, Usage
from trading.domain.checks import CEILED, OVERRIDABLE, Code
from trading.domain.risk import assess
from trading.domain.states import (
    BreakerKind,
    HaltState,
    OrderType,
    RiskLevel,
    Side,
    Source,
    TimeInForce,
    WhenTainted,
)

TEN_AT_WORST = Decimal("1021.00")
WIDEST = limited(
    max_order_value=Decimal(20_000),
    max_position_value=Decimal(20_000),
    max_allocation_pct=Decimal(100),
    max_daily_entries=10,
    max_daily_loss=Decimal(20_000),
    max_open_positions=10,
    price_collar_pct=Decimal(10),
)


@pytest.mark.parametrize(
    ("rule", "most", "passes"),
    [
        (WhenTainted.ALLOW, None, True),
        (WhenTainted.ALLOW, TEN_AT_WORST, True),
        (WhenTainted.ALLOW, Decimal("1020.99"), False),
        (WhenTainted.CONFIRM, None, True),
        (WhenTainted.DENY, None, False),
        (WhenTainted.DENY, Decimal(1_000_000), False),
    ],
)
def test_what_rests_on_text_from_outside_is_allowed_less_or_nothing(rule, most, passes):
    limits = limited(when_tainted=rule, max_tainted_value=most)

    assert checks.tainted(case(buy(10, is_tainted=True), limits=limits)).passed is passes
    assert checks.tainted(case(buy(10), limits=limits)).passed
    assert checks.tainted(case(sell(10, is_tainted=True), limits=limits)).passed


@pytest.mark.parametrize(
    ("asked", "limits", "passes"),
    [
        (buy(10), limited(), True),
        (buy(10), limited(confirm_above=TEN_AT_WORST), True),
        (buy(11), limited(confirm_above=TEN_AT_WORST), False),
        (buy(risk=RiskLevel.HIGH), limited(risk_level=RiskLevel.HIGH), True),
        (buy(risk=RiskLevel.HIGH), limited(risk_level=RiskLevel.MEDIUM), False),
        (buy(risk=RiskLevel.MEDIUM), limited(risk_level=RiskLevel.LOW), False),
        (buy(risk=None), limited(risk_level=RiskLevel.LOW), True),
        (buy(is_tainted=True), limited(when_tainted=WhenTainted.CONFIRM), False),
        (buy(is_tainted=True), limited(when_tainted=WhenTainted.ALLOW), True),
        (sell(10), limited(confirm_above=Decimal(0)), True),
        (buy(source=Source.PERSON), limited(confirm_above=Decimal(0)), True),
    ],
)
def test_a_person_is_asked_when_it_is_worth_more_riskier_or_rests_on_outside_text(
    asked, limits, passes
):
    assert checks.confirmation(case(asked, limits=limits, holding=held(10))).passed is passes


def test_what_a_person_confirmed_passes_at_no_worse_a_price():
    limits, asked = limited(confirm_above=Decimal(1)), buy(10)
    worst = case(asked).worst_price

    def passes(confirmed):
        return checks.confirmation(case(asked, limits=limits, confirmed=confirmed)).passed

    assert passes({asked.digest: worst})
    assert passes({asked.digest: worst + 1})
    assert not passes({asked.digest: worst - Decimal("0.01")})
    assert not passes({buy(11).digest: worst})
    assert passes({replace(asked, intent_key="asked again").digest: worst})


def test_the_room_of_a_confirmation_is_what_nobody_need_be_asked_for():
    limits = limited(confirm_above=TEN_AT_WORST, risk_level=RiskLevel.LOW)

    assert checks.confirmation(case(buy(20), limits=limits)).room == 10
    risky = buy(20, risk=RiskLevel.HIGH)
    assert checks.confirmation(case(risky, limits=limits)).room is None
    tainted = limited(when_tainted=WhenTainted.CONFIRM)
    assert checks.confirmation(case(buy(is_tainted=True), limits=tainted)).room is None


def test_an_order_waits_for_a_person_only_when_nothing_else_is_against_it():
    limits = limited(confirm_above=Decimal(500))

    alone = assess(book(limits=limits), buy(10), NOW)
    with_others = assess(book(limits=limits, halt_state=HaltState.REDUCING), buy(10), NOW)

    assert alone.order is None
    assert alone.needs_confirmation
    assert (alone.worst_price, alone.worst_value) == (Decimal("102.10"), TEN_AT_WORST)
    assert alone.largest == 4
    assert not with_others.needs_confirmation


def test_a_confirmed_order_is_approved_as_it_was_confirmed():
    asked = buy(10)
    confirmed = {asked.digest: Decimal("102.10")}

    found = assess(
        book(limits=limited(confirm_above=Decimal(500)), confirmed=confirmed), asked, NOW
    )

    assert found.order is not None
    assert found.was_confirmed
    assert not found.needs_confirmation
    assert not assess(book(), asked, NOW).was_confirmed
    assert not assess(book(confirmed={buy(11).digest: Decimal(200)}), asked, NOW).was_confirmed


def overriding(asked, *codes, **changes):
    values = {"ceilings": WIDEST, "overridden": {asked.digest: frozenset(codes)}}
    return assess(book(**(values | changes)), asked, NOW)


FAILING = {
    Code.SYMBOL_ALLOWED: {"limits": limited(blocked_symbols=("AAPL",))},
    Code.STRATEGY_ALLOWED: {"limits": limited(allowed_strategies=("dip",))},
    Code.BREAKERS: {"breakers": (Tripped(BreakerKind.REJECTS, "5", "fewer", "the account"),)},
    Code.PRICE_COLLAR: {"price": replace(PRICE, ask=Decimal(103))},
    Code.VOLATILITY: {"statistics": {APPLE: replace(CALM, volatility_pct=Decimal(99))}},
    Code.LIQUIDITY: {"statistics": {APPLE: replace(CALM, average_volume=Decimal(9))}},
    Code.VOLATILITY_INDEX: {"volatility_index": Decimal(50)},
    Code.ORDER_SIZE: {"limits": limited(max_order_value=Decimal(1))},
    Code.POSITION_SIZE: {"limits": limited(max_position_value=Decimal(1))},
    Code.ALLOCATION: {"limits": limited(max_allocation_pct=Decimal("0.01"))},
    Code.AGENT_ALLOCATION: {"limits": limited(agent_allocation_pct=Decimal("0.01"))},
    Code.SECTOR: {
        "terms": replace(TERMS, sector="Energy"),
        "account_limits": replace(ACCOUNT_LIMITS, max_sector_pct=Decimal("0.01")),
    },
    Code.DAILY_ENTRIES: {"limits": limited(max_daily_entries=0)},
    Code.ORDER_RATE: {"orders_last_minute": 60},
    Code.COOLDOWN: {
        "limits": limited(min_seconds_between_entries=9),
        "usage": Usage(last_entry_as_of=NOW),
    },
    Code.DAILY_LOSS: {"usage": Usage(day_start_pnl=Decimal(1_000))},
    Code.ACCOUNT_DAILY_LOSS: {"day_start_equity": Decimal(106_000)},
    Code.DRAWDOWN: {"high_water": Decimal(200_000)},
    Code.AGENT_PERFORMANCE: {"usage": Usage(recent_exits=10, recent_average=Decimal(-101))},
    Code.OPEN_POSITIONS: {"limits": limited(max_open_positions=0)},
    Code.DUPLICATE: {"recent": (RecentOrder(APPLE, Side.BUY, Decimal(1), NOW, at_work=True),)},
    Code.STOP_REQUIRED: {},
    Code.TAINTED: {"limits": limited(when_tainted=WhenTainted.DENY)},
    Code.TRADING_HOURS: {"terms": replace(TERMS, market_open=False)},
}
SPECIAL = {
    Code.STOP_REQUIRED: buy(stop_loss=None),
    Code.TAINTED: buy(is_tainted=True),
}


@pytest.mark.parametrize("code", sorted(OVERRIDABLE - {Code.TRADING_HOURS}))
def test_a_person_lets_one_order_pass_one_check(code):
    asked = SPECIAL.get(code, buy(10))

    before = assess(book(**FAILING[code]), asked, NOW)
    after = overriding(asked, code.value, **FAILING[code])

    assert before.denials == (code.value,)
    assert after.order is not None
    assert after.overridden == (code.value,)


def test_an_override_passes_nothing_but_its_own_order_and_check():
    asked = buy(10)
    failing = FAILING[Code.ORDER_SIZE]

    assert overriding(asked, "DAILY_ENTRIES", **failing).denials == ("ORDER_SIZE",)
    other = {buy(11).digest: frozenset({"ORDER_SIZE"})}
    assert overriding(asked, overridden=other, **failing).denials == ("ORDER_SIZE",)


@pytest.mark.parametrize(
    ("code", "failing", "asked"),
    [
        (Code.AGENT_TRADING_ENABLED, {"agents_enabled": False}, buy(10)),
        (Code.REAL_MONEY, {"missing_hands": ("not confirmed",)}, buy(10)),
        (Code.PERMISSION_ACTIVE, {"limits": limited(active=False)}, buy(10)),
        (Code.READY, {"is_ready": False}, buy(10)),
        (Code.HALT_STATE, {"halt_state": HaltState.REDUCING}, buy(10)),
        (Code.STALE_PRICE, {"max_price_age_seconds": -1}, buy(10)),
        (
            Code.ORDER_TERMS,
            {},
            buy(10, order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC),
        ),
        (Code.BUYING_POWER, {"reserved": Decimal(99_900)}, buy(10)),
        (Code.POSITION_HELD, {}, sell(10)),
        (Code.MINIMUM_SIZE, {}, buy("10.5")),
        (Code.UNRESOLVED, {"holding": held(1, unresolved=True)}, buy(10)),
        (Code.CONFIRMATION, {"limits": limited(confirm_above=Decimal(0))}, buy(10)),
    ],
)
def test_some_checks_are_passed_on_nobodys_word(code, failing, asked):
    assert code not in OVERRIDABLE
    found = overriding(asked, *(each.value for each in Code), **failing)

    assert found.order is None
    assert code.value in found.denials


@pytest.mark.parametrize(
    ("code", "beyond"),
    [
        (Code.ORDER_SIZE, {"max_order_value": Decimal(1_000)}),
        (Code.POSITION_SIZE, {"max_position_value": Decimal(1_000)}),
        (Code.ALLOCATION, {"max_allocation_pct": Decimal("0.1")}),
        (Code.DAILY_ENTRIES, {"max_daily_entries": 0}),
        (Code.OPEN_POSITIONS, {"max_open_positions": 0}),
        (Code.PRICE_COLLAR, {"price_collar_pct": Decimal(1)}),
    ],
)
def test_no_override_goes_beyond_a_ceiling(code, beyond):
    ceilings = replace(WIDEST, **beyond)

    found = overriding(buy(10), code.value, ceilings=ceilings, **FAILING[code])

    assert found.denials == (code.value,)


def test_an_override_of_hours_opens_no_closed_market():
    failing = FAILING[Code.TRADING_HOURS]

    assert overriding(buy(10), "TRADING_HOURS", **failing).denials == ("TRADING_HOURS",)


def test_an_overridden_check_limits_the_largest_size_no_more():
    found = overriding(buy(20), "ORDER_SIZE", **FAILING[Code.ORDER_SIZE])

    assert found.largest == 97


def test_ceilings_are_only_of_what_can_be_overridden():
    assert CEILED <= OVERRIDABLE


@given(st.frozensets(st.sampled_from(sorted(Code))), st.sampled_from(sorted(FAILING)))
def test_a_word_of_a_person_denies_nothing_more(codes, failing):
    asked = SPECIAL.get(failing, buy(10))
    before = assess(book(**FAILING[failing]), asked, NOW)
    after = overriding(asked, *(code.value for code in codes), **FAILING[failing])

    assert set(after.denials) <= set(before.denials)
