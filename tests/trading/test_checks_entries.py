"""Checks of entries beyond their size: readiness, strategies, rates, losses, markets, breakers."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.books import (
    ACCOUNT_LIMITS,
    APPLE,
    CALM,
    FARM_LIMITS,
    IBM,
    NOW,
    TERMS,
    buy,
    case,
    held,
    limited,
    sell,
)
from trading.domain import checks
from trading.domain.book import Statistics, Tripped, Usage
from trading.domain.states import BreakerKind, Source

LIMITED = (
    checks.strategy_allowed,
    checks.agent_allocation,
    checks.tainted,
    checks.daily_entries,
    checks.cooldown,
    checks.daily_loss,
    checks.agent_performance,
    checks.open_positions,
    checks.confirmation,
)
OF_ENTRIES = (
    *LIMITED,
    checks.breakers,
    checks.sector,
    checks.volatility,
    checks.liquidity,
    checks.volatility_index,
    checks.account_daily_loss,
    checks.drawdown,
)
SLICE = buy(parent_id=IBM)


def by(source, asked):
    return replace(asked, source=source, permission_id=None)


def unlucky(asked, **changes):
    """A case in which everything that only stops entries would stop one."""
    values = {
        "limits": limited(
            allowed_strategies=("momentum",),
            agent_allocation_pct=Decimal("0.01"),
            max_daily_entries=0,
            min_seconds_between_entries=3_600,
            max_daily_loss=Decimal(1),
            max_open_positions=0,
            confirm_above=Decimal(0),
            max_tainted_value=Decimal(0),
        ),
        "usage": Usage(
            entries=9,
            day_start_pnl=Decimal(10_000),
            last_entry_as_of=NOW,
            recent_exits=50,
            recent_average=Decimal(-500),
        ),
        "breakers": (Tripped(BreakerKind.REJECTS, "5", "fewer", "the account"),),
        "terms": replace(TERMS, sector="Energy"),
        "account_limits": replace(ACCOUNT_LIMITS, max_sector_pct=Decimal("0.01")),
        "statistics": {APPLE: Statistics(Decimal(99), Decimal(1), Decimal(1))},
        "volatility_index": Decimal(80),
        "day_start_equity": Decimal(1_000_000),
        "high_water": Decimal(1_000_000),
        "holding": held(10),
    }
    return case(replace(asked, is_tainted=True), **(values | changes))


@pytest.mark.parametrize("rule", OF_ENTRIES)
def test_what_only_stops_entries_stops_this_one_and_lets_every_exit_pass(rule):
    assert not rule(unlucky(buy())).passed
    assert rule(unlucky(sell())).passed
    assert rule(unlucky(by(Source.PERSON, sell()))).passed
    assert rule(unlucky(by(Source.PROTECTION, sell()))).passed


@pytest.mark.parametrize("rule", LIMITED)
def test_a_permissions_limits_do_not_bind_people(rule):
    assert rule(unlucky(by(Source.PERSON, buy()), limits=None)).passed


@pytest.mark.parametrize(
    "rule",
    [
        checks.daily_entries,
        checks.duplicate,
        checks.cooldown,
        checks.confirmation,
        checks.order_rate,
    ],
)
def test_a_slice_was_counted_with_the_whole(rule):
    assert rule(unlucky(SLICE, orders_last_minute=1_000)).passed


@pytest.mark.parametrize("rule", [checks.daily_entries, checks.cooldown])
def test_a_replacement_was_counted_with_the_order_that_it_replaces(rule):
    assert rule(unlucky(buy(replaces_id=IBM))).passed


@pytest.mark.parametrize("rule", [checks.order_rate, checks.confirmation])
def test_a_replacement_is_an_order_of_its_own_all_the_same(rule):
    assert not rule(unlucky(buy(replaces_id=IBM), orders_last_minute=1_000)).passed


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (buy(), False),
        (sell(), False),
        (by(Source.PERSON, buy()), False),
        (by(Source.PERSON, sell()), True),
        (by(Source.PROTECTION, sell()), True),
        (by(Source.LIQUIDATION, sell()), True),
    ],
)
def test_before_it_is_reconciled_an_account_lets_out_exits_that_no_agent_asks_for(asked, passes):
    check = checks.ready(case(asked, is_ready=False))

    assert (check.passed, check.number) == (passes, "not reconciled")
    assert checks.ready(case(asked)).passed


@pytest.mark.parametrize(
    ("allowed", "strategy", "passes"),
    [
        ((), "", True),
        ((), "dip", True),
        (("Momentum",), "MOMENTUM", True),
        (("momentum", "dip"), "Dip", True),
        (("momentum",), "dip", False),
        (("momentum",), "", False),
    ],
)
def test_entries_are_made_by_strategies_that_the_permission_allows(allowed, strategy, passes):
    limits = limited(allowed_strategies=allowed)

    check = checks.strategy_allowed(case(buy(strategy=strategy), limits=limits))

    assert check.passed is passes


@pytest.mark.parametrize(
    ("found", "is_crypto", "passes"),
    [
        ("60", False, True),
        ("60.01", False, False),
        ("60.01", True, True),
        ("120", True, True),
        ("120.01", True, False),
    ],
)
def test_what_swings_too_much_is_not_entered_each_class_by_its_own_limit(found, is_crypto, passes):
    wild = {APPLE: replace(CALM, volatility_pct=Decimal(found))}
    terms = replace(TERMS, is_crypto=is_crypto)

    assert checks.volatility(case(statistics=wild, terms=terms)).passed is passes


@pytest.mark.parametrize(
    ("found", "is_crypto", "passes"),
    [
        (Statistics(average_volume=Decimal(500_000)), False, True),
        (Statistics(average_volume=Decimal("499999.99")), False, False),
        (Statistics(average_volume=Decimal(1), average_notional=Decimal(1_000_000)), True, True),
        (Statistics(average_volume=Decimal(10**9), average_notional=Decimal(9)), True, False),
    ],
)
def test_what_is_hardly_traded_is_not_entered(found, is_crypto, passes):
    terms = replace(TERMS, is_crypto=is_crypto)

    assert checks.liquidity(case(statistics={APPLE: found}, terms=terms)).passed is passes


@pytest.mark.parametrize("known", [{}, {APPLE: Statistics()}])
@pytest.mark.parametrize("is_crypto", [True, False])
def test_an_instrument_of_which_nothing_is_known_passes_and_says_so(known, is_crypto):
    found = case(statistics=known, terms=replace(TERMS, is_crypto=is_crypto))

    for rule in (checks.volatility, checks.liquidity):
        assert (rule(found).passed, rule(found).number) == (True, "unknown")


@pytest.mark.parametrize(
    ("index", "passes"), [(None, True), (Decimal(40), True), (Decimal("40.01"), False)]
)
def test_a_nervous_market_pauses_entries_where_its_index_is_quoted(index, passes):
    assert checks.volatility_index(case(volatility_index=index)).passed is passes


@pytest.mark.parametrize(("made", "passes"), [(0, True), (59, True), (60, False), (61, False)])
def test_the_orders_of_a_minute_are_counted_this_one_with_them(made, passes):
    rate = {"orders_last_minute": made}

    assert checks.order_rate(case(**rate)).passed is passes
    assert checks.order_rate(case(sell(), **rate)).passed is passes
    assert checks.order_rate(case(by(Source.PERSON, buy()), **rate)).passed is passes
    assert checks.order_rate(case(by(Source.PERSON, sell()), **rate)).passed
    assert checks.order_rate(case(by(Source.PROTECTION, sell()), **rate)).passed
    assert checks.order_rate(case(by(Source.LIQUIDATION, sell()), **rate)).passed


@pytest.mark.parametrize(
    ("least", "waited", "passes"),
    [
        (0, timedelta(0), True),
        (0, timedelta(seconds=-5), True),
        (60, timedelta(seconds=60), True),
        (60, timedelta(seconds=59.999), False),
        (60, None, True),
    ],
)
def test_an_agent_waits_between_its_entries(least, waited, passes):
    limits = limited(min_seconds_between_entries=least)
    usage = Usage(last_entry_as_of=None if waited is None else NOW - waited)

    assert checks.cooldown(case(limits=limits, usage=usage)).passed is passes


def test_what_buys_at_work_may_lose_by_their_stops_counts_as_lost():
    limits = limited(max_daily_loss=Decimal(1_000))
    one, other = Decimal(999), Decimal(1)

    found = case(limits=limits, holdings={IBM: held(0, share_buying_risk=one, buying_risk=one)})
    more = held(0, share_buying_risk=other, buying_risk=Decimal(4_001))

    assert checks.daily_loss(found).passed
    assert checks.account_daily_loss(found).passed
    both = replace(found, book=replace(found.book, holdings={**found.book.holdings, APPLE: more}))
    assert not checks.daily_loss(both).passed
    assert not checks.account_daily_loss(both).passed


@pytest.mark.parametrize(
    ("cash", "passes"), [("100000", True), ("95000.01", True), ("95000", False), ("200000", True)]
)
def test_the_account_loses_no_more_than_its_percentage_in_a_day(cash, passes):
    assert checks.account_daily_loss(case(cash=Decimal(cash))).passed is passes


@pytest.mark.parametrize(
    ("top", "cash", "passes"),
    [
        (None, "90000.01", True),
        (None, "90000", False),
        ("200000", "180000.01", True),
        ("200000", "180000", False),
        ("50000", "90000", True),
    ],
)
def test_the_fall_from_the_top_stops_entries(top, cash, passes):
    high_water = None if top is None else Decimal(top)

    check = checks.drawdown(case(high_water=high_water, cash=Decimal(cash)))

    # The day began with 100,000, which is the top where no other is known. A lower one is what a
    # person who released the breaker has seen.
    assert check.passed is passes


def test_nothing_falls_from_nothing():
    assert checks.account_daily_loss(case(day_start_equity=Decimal(0))).passed


@pytest.mark.parametrize(
    ("exits", "average", "passes"),
    [(9, -500, True), (10, -100, True), (10, -101, False), (200, 5, True)],
)
def test_an_agent_that_lost_on_average_pauses_once_there_is_enough_to_judge_by(
    exits, average, passes
):
    usage = Usage(recent_exits=exits, recent_average=Decimal(average))

    assert checks.agent_performance(case(usage=usage)).passed is passes
    strict = replace(FARM_LIMITS, judged_exits=1, max_average_loss=Decimal(1))
    assert checks.agent_performance(case(usage=usage, farm_limits=strict)).passed is (average > 0)


def test_any_breaker_that_covers_the_order_stops_it_and_is_named():
    tripped = tuple(Tripped(kind, "6", "5", "the account") for kind in BreakerKind)

    for each in tripped:
        assert not checks.breakers(case(breakers=(each,))).passed
    check = checks.breakers(case(breakers=tripped[:2]))
    assert check.number == (
        "agent daily loss of the account: 6, limit 5;"
        " account daily loss of the account: 6, limit 5"
    )
    assert checks.breakers(case()).passed
