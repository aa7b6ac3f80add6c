"""Orders one after the other: what each sets aside binds the next, and no limit is passed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import (
    ACCOUNT_LIMITS,
    APPLE,
    IBM,
    NOW,
    PRICE,
    TERMS,
    book,
    buy,
    held,
    limited,
    sell,
)
from trading.domain.reservations import reserve, risk_of
from trading.domain.risk import assess
from trading.domain.states import OrderType, RiskLevel, Source, TimeInForce, WhenTainted


def approved(account, request, now=NOW):
    found = assess(account, request, now)
    assert found.order is not None, found.denials
    return found.order


def test_a_buy_sets_its_worst_cost_aside_and_counts_as_an_entry():
    after = reserve(book(), approved(book(), buy(10)), now=NOW)

    holding = after.holding(APPLE)
    assert after.reserved == holding.buying_cash == holding.share_buying_cash
    assert after.reserved == Decimal("1022.021")
    assert (holding.buying_quantity, holding.position.quantity) == (10, 0)
    # Ten shares from 102.10 down to the stop at 90.
    assert holding.buying_risk == holding.share_buying_risk == 121
    assert (after.usage.entries, after.usage.last_entry_as_of) == (1, NOW)
    assert (after.orders_last_minute, after.recent[-1].at_work) == (1, True)


def test_a_sell_offers_its_quantity_and_is_no_entry():
    account = book(holding=held(10))

    after = reserve(account, approved(account, sell(4)), now=NOW)

    assert after.holding(APPLE).share_free == 6
    assert (after.reserved, after.usage.entries, after.orders_last_minute) == (0, 0, 1)


def test_a_slice_and_a_persons_order_are_no_entries_of_an_agent():
    part = approved(book(), buy(10, parent_id=IBM))
    persons = approved(
        book(limits=None), buy(10, source=Source.PERSON, permission_id=None, stop_loss=None)
    )

    assert reserve(book(), part, now=NOW).usage.entries == 0
    assert reserve(book(), part, now=NOW).orders_last_minute == 0
    other = approved(book(), buy(10, replaces_id=IBM))
    assert reserve(book(), other, now=NOW).usage.entries == 0
    assert reserve(book(), other, now=NOW).orders_last_minute == 1
    assert reserve(book(), persons, now=NOW).usage.entries == 0
    assert risk_of(persons) == 0


def test_the_second_of_two_orders_is_bound_by_the_first():
    account = book(limits=limited(max_position_value=Decimal(1_500)))

    after = reserve(account, approved(account, buy(10)), now=NOW)

    assert assess(after, buy(4), NOW).denials == ("DUPLICATE",)
    assert assess(after, buy(5), NOW).denials == ("POSITION_SIZE", "DUPLICATE")


def test_a_replacement_is_no_duplicate_of_the_order_that_it_replaces():
    account = book()
    after = reserve(account, approved(account, buy(10)), now=NOW)
    known = replace(after, recent=tuple(replace(each, order_id=IBM) for each in after.recent))

    assert assess(known, buy(10, replaces_id=IBM), NOW).order is not None
    assert assess(known, buy(10, replaces_id=APPLE), NOW).denials == ("DUPLICATE",)
    assert assess(after, buy(10), NOW).denials == ("DUPLICATE",)


@pytest.mark.parametrize(
    ("force", "closes_at", "zone", "until"),
    [
        (TimeInForce.GTC, None, "UTC", None),
        (TimeInForce.IOC, NOW + timedelta(hours=5), "UTC", None),
        (TimeInForce.DAY, NOW + timedelta(hours=5), "UTC", NOW + timedelta(hours=5)),
        (TimeInForce.DAY, None, "UTC", datetime(2001, 3, 8, tzinfo=UTC)),
        (TimeInForce.DAY, None, "America/New_York", datetime(2001, 3, 8, 5, tzinfo=UTC)),
    ],
)
def test_a_day_order_ends_with_the_session_or_where_there_is_none_with_the_accounts_day(
    force, closes_at, zone, until
):
    account = book(terms=replace(TERMS, closes_at=closes_at), time_zone=zone)
    asked = buy(10, order_type=OrderType.LIMIT, limit_price=Decimal(99), time_in_force=force)

    order = approved(account, asked)

    assert order.good_until == until
    assert (order.expected_price, order.worst_price) == (PRICE.ask, 99)
    assert order.reserved_cash == Decimal("990.99")


AMOUNTS = st.decimals(min_value=1, max_value=20_000, places=2)
PERCENTS = st.decimals(min_value="0.5", max_value=100, places=2)
ASKED = st.tuples(
    st.integers(1, 200),
    st.sampled_from([APPLE, IBM]),
    st.booleans(),
    st.booleans(),
    st.integers(0, 90),
)
LIMITS = st.builds(
    limited,
    max_order_value=AMOUNTS,
    max_position_value=AMOUNTS,
    max_allocation_pct=PERCENTS,
    agent_allocation_pct=PERCENTS,
    agent_allocation_value=st.none() | AMOUNTS,
    max_daily_entries=st.integers(0, 6),
    max_open_positions=st.integers(0, 2),
    max_tainted_value=st.none() | AMOUNTS,
    min_seconds_between_entries=st.sampled_from([0, 30]),
    stop_required=st.just(False),
)


@given(
    LIMITS,
    st.lists(ASKED, max_size=10),
    PERCENTS,
    st.integers(0, 8),
    st.decimals(min_value=0, max_value=30_000, places=2),
)
def test_orders_in_sequence_pass_no_limit_together(limits, course, sector_pct, a_minute, cash):
    account = book(
        limits=limits,
        cash=cash,
        terms=replace(TERMS, sector="Energy"),
        prices={IBM: PRICE},
        account_limits=replace(
            ACCOUNT_LIMITS, max_sector_pct=sector_pct, max_orders_per_minute=a_minute
        ),
        day_start_equity=cash,
    )
    account = replace(
        account,
        terms={APPLE: account.terms[APPLE], IBM: account.terms[APPLE]},
        sectors={APPLE: "Energy", IBM: "Energy"},
    )
    now, entries, tainted = NOW, [], []
    for quantity, instrument, is_slice, is_tainted, seconds in course:
        now += timedelta(seconds=seconds)
        quotes = dict.fromkeys(account.prices, replace(PRICE, as_of=now))
        asked = buy(
            quantity,
            instrument_id=instrument,
            parent_id=IBM if is_slice else None,
            is_tainted=is_tainted,
            stop_loss=None,
        )
        account = replace(account, prices=quotes)
        order = assess(account, asked, now).order
        if order is None:
            continue
        account = reserve(account, order, now=now)
        entries += [] if is_slice else [now]
        tainted += [quantity * order.worst_price] if is_tainted else []

    holdings = account.holdings.values()
    spent = sum((holding.buying_cash for holding in holdings), Decimal(0))
    # What is set aside holds a fee besides the value that the limits are of.
    fees = spent * Decimal("0.001")
    assert account.reserved == spent <= cash
    assert all(holding.buying_cash - fees <= limits.max_position_value for holding in holdings)
    assert (spent - fees) * 100 <= cash * limits.agent_allocation_pct
    assert (spent - fees) * 100 <= cash * sector_pct
    assert spent - fees <= (limits.agent_allocation_value or spent)
    assert len(entries) <= limits.max_daily_entries
    assert sum(holding.buying_cash > 0 for holding in holdings) <= limits.max_open_positions
    assert all(value <= (limits.max_tainted_value or value) for value in tainted)
    gaps = pairwise(entries)
    assert all(
        (late - early).total_seconds() >= limits.min_seconds_between_entries
        for early, late in gaps
    )


TIGHT = st.builds(
    limited,
    max_order_value=AMOUNTS,
    max_position_value=AMOUNTS,
    max_allocation_pct=PERCENTS,
    agent_allocation_pct=PERCENTS,
    agent_allocation_value=AMOUNTS,
    max_daily_entries=st.integers(0, 2),
    max_daily_loss=AMOUNTS,
    max_open_positions=st.integers(0, 2),
    max_tainted_value=AMOUNTS,
    min_seconds_between_entries=st.integers(0, 60),
    allowed_strategies=st.sampled_from([("dip",), ("momentum",)]),
    allowed_symbols=st.sampled_from([("AAPL",), ("IBM",)]),
    blocked_symbols=st.sampled_from([("AAPL",), ("IBM",)]),
    confirm_above=AMOUNTS,
    risk_level=st.sampled_from(RiskLevel),
    when_tainted=st.sampled_from(WhenTainted),
)
LIFTED = {
    "max_order_value": Decimal(10**9),
    "max_position_value": Decimal(10**9),
    "max_allocation_pct": Decimal(10**6),
    "agent_allocation_pct": Decimal(10**6),
    "agent_allocation_value": None,
    "max_daily_entries": 10**6,
    "max_daily_loss": Decimal(10**9),
    "max_open_positions": 10**6,
    "max_tainted_value": None,
    "min_seconds_between_entries": 0,
    "allowed_strategies": (),
    "allowed_symbols": (),
    "blocked_symbols": (),
    "confirm_above": None,
    "risk_level": RiskLevel.HIGH,
    "when_tainted": WhenTainted.ALLOW,
    "stop_required": False,
    "hours": None,
}


@given(TIGHT, st.sampled_from(sorted(LIFTED)), st.integers(1, 300), st.sampled_from(RiskLevel))
def test_lifting_a_limit_denies_nothing_more_and_lets_no_less_pass(limits, name, quantity, risk):
    asked = buy(quantity, risk=risk, is_tainted=True, strategy="dip", stop_loss=None)
    account = book(limits=limits)

    tight = assess(account, asked, NOW)
    loose = assess(replace(account, limits=replace(limits, **{name: LIFTED[name]})), asked, NOW)

    assert set(loose.denials) <= set(tight.denials)
    assert loose.largest >= tight.largest
