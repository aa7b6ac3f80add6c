"""Each check of the risk gate: what passes it, what fails it, and how large an order may be."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from tests.trading.books import (
    APPLE,
    IBM,
    NOW,
    PRICE,
    TERMS,
    buy,
    case,
    held,
    limited,
    lot,
    sell,
)
from trading.domain import checks
from trading.domain.book import Holding, RecentOrder, TradingHours, Usage
from trading.domain.checks import Code
from trading.domain.states import HaltState, Side, Source


def by(source, asked):
    return replace(asked, source=source, permission_id=None)


def test_the_farms_switch_stops_agents_and_nobody_else():
    off = {"agents_enabled": False}

    assert not checks.agent_trading_enabled(case(buy(), **off)).passed
    assert checks.agent_trading_enabled(case(buy())).passed
    assert checks.agent_trading_enabled(case(by(Source.PERSON, buy()), **off)).passed


@pytest.mark.parametrize(
    ("missing", "asked", "number", "passes"),
    [
        (None, buy(), "entry", True),
        ((), buy(), "all three", True),
        (("the mode is paper", "not confirmed"), buy(), "the mode is paper, not confirmed", False),
        (("not confirmed",), by(Source.PERSON, buy()), "not confirmed", False),
        (("not confirmed",), sell(), "exit", True),
    ],
)
def test_real_money_is_risked_by_three_hands_together(missing, asked, number, passes):
    check = checks.real_money(case(asked, missing_hands=missing))

    assert (check.number, check.passed) == (number, passes)


def test_an_agent_needs_a_permission_that_is_active():
    assert checks.permission_active(case()).passed
    assert not checks.permission_active(case(limits=limited(active=False))).passed
    assert checks.permission_active(case(limits=None)).number == "none"
    assert not checks.permission_active(case(limits=None)).passed


def test_a_protection_sells_without_an_active_permission():
    asked = replace(sell(), source=Source.PROTECTION)

    assert checks.permission_active(case(asked, limits=limited(active=False))).passed


@pytest.mark.parametrize(
    ("state", "asked", "passes"),
    [
        (HaltState.ACTIVE, buy(), True),
        (HaltState.ACTIVE, sell(), True),
        (HaltState.REDUCING, buy(), False),
        (HaltState.REDUCING, by(Source.PERSON, buy()), False),
        (HaltState.REDUCING, sell(), True),
        (HaltState.HALTED, buy(), False),
        (HaltState.HALTED, sell(), False),
        (HaltState.HALTED, by(Source.PERSON, buy()), False),
        (HaltState.HALTED, by(Source.PERSON, sell()), True),
        (HaltState.HALTED, by(Source.PROTECTION, sell()), True),
        (HaltState.HALTED, by(Source.LIQUIDATION, sell()), True),
    ],
)
def test_a_halted_account_lets_out_only_exits_that_no_agent_asked_for(state, asked, passes):
    check = checks.halt_state(case(asked, halt_state=state))

    assert check.passed is passes
    assert check.number == state.value


@pytest.mark.parametrize(
    ("allowed", "blocked", "passes"),
    [
        ((), (), True),
        (("AAPL", "IBM"), (), True),
        (("IBM",), (), False),
        ((), ("AAPL",), False),
        (("AAPL",), ("AAPL",), False),
        ((), ("IBM",), True),
    ],
)
def test_entries_are_made_in_allowed_symbols_that_are_not_blocked(allowed, blocked, passes):
    limits = limited(allowed_symbols=allowed, blocked_symbols=blocked)

    assert checks.symbol_allowed(case(limits=limits)).passed is passes


def test_a_symbol_that_was_blocked_meanwhile_can_still_be_sold():
    assert checks.symbol_allowed(case(sell(), limits=limited(blocked_symbols=("AAPL",)))).passed


@pytest.mark.parametrize(
    ("age", "passes"), [(0, True), (60, True), (60.001, False), (-0.001, False)]
)
def test_a_price_that_is_too_old_or_from_the_future_decides_nothing(age, passes):
    price = replace(PRICE, as_of=NOW - timedelta(seconds=age))

    assert checks.stale_price(case(price=price)).passed is passes


def test_a_missing_price_decides_nothing():
    check = checks.stale_price(case(price=None))

    assert not check.passed
    assert check.number == "no price"


@pytest.mark.parametrize(
    ("asked", "bid", "ask", "passes"),
    [
        (buy(), "99", "102", True),
        (buy(), "99", "102.01", False),
        (buy(), "97", "100", True),
        (sell(), "98", "100", True),
        (sell(), "97.99", "100", False),
        (sell(), "98", "110", True),
        (buy(), "101", "100.5", False),
        (buy(), "0", "100.5", False),
    ],
)
def test_the_price_to_trade_at_lies_within_the_collar_around_the_last(asked, bid, ask, passes):
    price = replace(PRICE, bid=Decimal(bid), ask=Decimal(ask))

    assert checks.price_collar(case(asked, price=price)).passed is passes


def test_without_a_price_there_is_no_collar_to_lie_in():
    assert not checks.price_collar(case(price=None)).passed
    assert not checks.price_collar(case(price=replace(PRICE, last=Decimal(0)))).passed


def test_a_person_trades_within_five_percent():
    price = replace(PRICE, ask=Decimal(105))

    assert checks.price_collar(case(by(Source.PERSON, buy()), limits=None, price=price)).passed


def test_nothing_is_traded_in_a_closed_market():
    closed = replace(TERMS, market_open=False)

    assert not checks.trading_hours(case(terms=closed)).passed
    assert not checks.trading_hours(case(sell(), terms=closed)).passed
    assert checks.trading_hours(case()).passed


@pytest.mark.parametrize(
    ("start", "end", "now", "passes"),
    [
        (time(9, 30), time(16), datetime(2001, 3, 7, 14, 30, tzinfo=UTC), True),
        (time(9, 30), time(16), datetime(2001, 3, 7, 14, 29, tzinfo=UTC), False),
        (time(9, 30), time(16), datetime(2001, 3, 7, 21, 0, tzinfo=UTC), False),
        # New York is an hour nearer to UTC in summer.
        (time(9, 30), time(16), datetime(2001, 7, 9, 13, 30, tzinfo=UTC), True),
        (time(22), time(2), datetime(2001, 3, 7, 4, 0, tzinfo=UTC), True),
        (time(22), time(2), datetime(2001, 3, 7, 6, 59, tzinfo=UTC), True),
        (time(22), time(2), datetime(2001, 3, 7, 7, 0, tzinfo=UTC), False),
        (time(9), time(9), datetime(2001, 3, 7, 3, 0, tzinfo=UTC), True),
    ],
)
def test_an_agent_enters_within_the_hours_of_its_permission_in_their_zone(start, end, now, passes):
    limits = limited(hours=TradingHours(start, end, "America/New_York"))

    assert checks.trading_hours(case(now=now, limits=limits)).passed is passes
    assert checks.trading_hours(case(sell(), now=now, limits=limits)).passed


@pytest.mark.parametrize(
    ("stop", "target", "required", "passes"),
    [
        ("90", None, True, True),
        (None, None, True, False),
        (None, None, False, True),
        ("99.89", "100.11", True, True),
        ("99.90", None, True, False),
        ("0", None, True, False),
        ("99.95", None, False, False),
        ("90", "100.10", True, False),
        (None, "99", False, False),
    ],
)
def test_an_entrys_stop_lies_below_the_bid_and_its_target_above_the_ask(
    stop, target, required, passes
):
    asked = buy(
        stop_loss=Decimal(stop) if stop else None, take_profit=Decimal(target) if target else None
    )

    assert (
        checks.stop_required(case(asked, limits=limited(stop_required=required))).passed is passes
    )


def test_an_exit_needs_no_stop():
    assert checks.stop_required(case(sell())).passed


def test_a_person_needs_no_stop():
    assert checks.stop_required(case(buy(stop_loss=None), limits=None)).passed


def test_the_size_of_an_order_counts_at_the_worst_price():
    # The worst price is 100.10 and two percent, on the tick: 102.10.
    limits = limited(max_order_value=Decimal("1021.00"))

    assert checks.order_size(case(buy(10), limits=limits)).passed
    assert not checks.order_size(case(buy(11), limits=limits)).passed


def test_the_size_of_a_position_counts_what_is_held_and_what_is_being_bought():
    limits = limited(max_position_value=Decimal(10_000))
    holding = held(20, share_buying_cash=Decimal(5_000), buying_cash=Decimal(5_000))

    check = checks.position_size(case(buy(29), limits=limits, holding=holding))

    assert check.passed
    assert check.room == 29
    assert (check.number, check.limit) == ("9,960.90", "10,000.00")


def test_allocation_counts_the_whole_position_against_equity():
    limits = limited(max_allocation_pct=Decimal(50))
    holding = held(0, of_all=400, buying_cash=Decimal(10_000))

    check = checks.allocation(case(buy(1), limits=limits, holding=holding, cash=Decimal(60_000)))

    # Equity is 100,000, of which 40,000 are held and 10,000 on their way.
    assert not check.passed
    assert check.room == 0


def test_the_agents_part_counts_all_that_it_holds_and_buys_against_the_smaller_of_two_limits():
    limits = limited(agent_allocation_pct=Decimal(20))
    ibm = held(100, 5_000, of_all=900, share_buying_cash=Decimal(4_000))
    account = {"cash": Decimal(5_000), "holdings": {IBM: ibm}, "prices": {}}

    # No price of IBM: its shares count at cost, the whole position at 90,000.
    check = checks.agent_allocation(case(buy(97), limits=limits, **account))

    assert (check.number, check.limit) == ("18,903.70", "19,000.00")
    assert (check.passed, check.room) == (True, 97)
    tight = limited(agent_allocation_pct=Decimal(20), agent_allocation_value=Decimal(18_000))
    assert checks.agent_allocation(case(buy(97), limits=tight, **account)).room == 88


def test_a_sector_counts_the_whole_positions_of_everybody_and_all_buys():
    energy = {"terms": replace(TERMS, sector="Energy"), "sectors": {APPLE: "Energy"}}
    ibm = {IBM: held(0, of_all=250, buying_cash=Decimal(5_000))}
    account = {"cash": Decimal(75_000), "holdings": ibm}

    alone = checks.sector(case(buy(391), **(account | energy)))
    both = checks.sector(
        case(buy(1), **(account | energy | {"sectors": {APPLE: "Energy", IBM: "Energy"}}))
    )

    assert (alone.number, alone.limit, alone.room) == ("39,921.10", "40,000.00", 391)
    assert (both.passed, both.room) == (True, 97)
    assert checks.sector(case(buy(9_999), **account)).passed


def test_exits_and_people_are_not_sized():
    tight = limited(max_order_value=Decimal(1), max_position_value=Decimal(1))

    for rule in (checks.order_size, checks.position_size, checks.allocation):
        assert rule(case(sell(100), limits=tight)).passed
        assert rule(case(by(Source.PERSON, buy(100)), limits=None)).passed
        assert rule(case(sell(100), limits=tight)).room is None


def test_a_buy_needs_its_worst_cost_in_cash_that_is_not_reserved():
    # Ten at 102.10 are 1,021.00, and the fee is 1.021.
    enough = {"cash": Decimal("2022.021"), "reserved": Decimal(1_000)}

    assert checks.buying_power(case(buy(10), **enough)).passed
    assert not checks.buying_power(case(buy(10), **(enough | {"cash": Decimal("2022.02")}))).passed
    assert checks.buying_power(case(sell(10), cash=Decimal(0))).passed


def test_an_exit_needs_something_held_that_is_not_offered_already():
    assert checks.position_held(case(sell(5), holding=held(10, share_reserved=Decimal(5)))).passed
    assert not checks.position_held(
        case(sell(5), holding=held(10, share_reserved=Decimal(10)))
    ).passed
    assert not checks.position_held(case(sell(5))).passed
    assert checks.position_held(case(buy())).passed


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (buy("1"), True),
        (buy("1.5"), False),
        (buy("0"), False),
        (buy("-1"), False),
        (sell("1"), True),
        (sell("0"), False),
    ],
)
def test_orders_are_whole_lots(asked, passes):
    assert checks.minimum_size(case(asked)).passed is passes


def test_an_entry_has_a_least_value_and_an_exit_has_none():
    terms = replace(TERMS, minimum_notional=Decimal(500))

    assert checks.minimum_size(case(buy(5), terms=terms)).passed
    assert not checks.minimum_size(case(buy(4), terms=terms)).passed
    assert checks.minimum_size(case(sell(1), terms=terms)).passed
    assert not checks.minimum_size(case(buy(5), terms=terms, price=None)).passed


@pytest.mark.parametrize(("used", "passes"), [(0, True), (2, True), (3, False)])
def test_entries_are_counted_by_the_day(used, passes):
    assert checks.daily_entries(case(usage=Usage(entries=used))).passed is passes
    assert checks.daily_entries(case(sell(), usage=Usage(entries=used))).passed


@pytest.mark.parametrize(
    ("last", "passes"), [("100", True), ("90.01", True), ("90", False), ("120", True)]
)
def test_what_was_lost_since_the_day_began_stops_entries(last, passes):
    price = replace(PRICE, last=Decimal(last))
    usage = Usage(day_start_pnl=Decimal(0))

    check = checks.daily_loss(case(holding=held(100), price=price, usage=usage))

    assert check.passed is passes
    assert checks.daily_loss(case(sell(), holding=held(100), price=price, usage=usage)).passed


def test_the_loss_of_the_day_counts_what_was_sold_too():
    sold = Holding(share=lot(0, 0, realised="-999.99"))

    assert checks.daily_loss(case(holdings={IBM: sold})).passed
    sold = Holding(share=lot(0, 0, realised="-1000"))
    assert not checks.daily_loss(case(holdings={IBM: sold})).passed


def test_open_positions_count_what_is_held_or_being_bought():
    limits = limited(max_open_positions=2)
    one = {IBM: held(1)}
    two = one | {APPLE: Holding(share_buying_cash=Decimal(1))}

    assert checks.open_positions(case(limits=limits, holdings=one)).passed
    assert checks.open_positions(case(limits=limits, holdings=two)).passed
    tight = limited(max_open_positions=1)
    assert not checks.open_positions(case(limits=tight, holdings=one)).passed
    assert checks.open_positions(case(sell(), limits=tight, holdings=one)).passed


def test_an_order_of_unknown_outcome_closes_the_symbol_to_new_risk():
    holding = held(10, unresolved=True)

    assert not checks.unresolved(case(buy(), holding=holding)).passed
    assert checks.unresolved(case(sell(), holding=holding)).passed
    assert checks.unresolved(case(buy(), holding=held(10))).passed


@pytest.mark.parametrize(
    ("recent", "passes"),
    [
        (RecentOrder(APPLE, Side.BUY, Decimal(5), NOW - timedelta(hours=1), at_work=True), False),
        (RecentOrder(APPLE, Side.BUY, Decimal(10), NOW - timedelta(seconds=59), False), False),
        (RecentOrder(APPLE, Side.BUY, Decimal(10), NOW - timedelta(seconds=60), False), True),
        (RecentOrder(APPLE, Side.BUY, Decimal(5), NOW, at_work=False), True),
        (RecentOrder(APPLE, Side.SELL, Decimal(10), NOW, at_work=True), True),
        (RecentOrder(IBM, Side.BUY, Decimal(10), NOW, at_work=True), True),
    ],
)
def test_an_agent_does_not_order_the_same_twice(recent, passes):
    assert checks.duplicate(case(buy(10), recent=(recent,))).passed is passes
    assert checks.duplicate(case(by(Source.PERSON, buy(10)), recent=(recent,))).passed


def test_every_code_has_exactly_one_check_that_is_run():
    found = [rule(case()).code for rule in checks.RULES]

    assert sorted(found) == sorted(Code)
