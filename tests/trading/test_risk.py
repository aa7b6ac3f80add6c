"""The gate as a whole: an approval exists exactly when every check passes."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.books import (
    APPLE,
    ASK,
    BID,
    NOW,
    PRICE,
    TERMS,
    book,
    buy,
    held,
    limited,
    sell,
)
from trading.domain.book import RecentOrder, Usage
from trading.domain.checks import RULES
from trading.domain.risk import assess
from trading.domain.states import HaltState, Side, Source


def test_an_order_that_passes_every_check_is_approved_with_its_worst_price_and_reservation():
    found = assess(book(), buy(10), NOW)

    assert found.denials == ()
    assert found.order is not None
    assert found.order.expected_price == ASK
    assert found.order.worst_price == Decimal("102.10")
    assert found.order.reserved_cash == Decimal("1022.021")


def test_a_sell_sets_no_cash_aside_and_expects_the_bid():
    found = assess(book(holding=held(10)), sell(10), NOW)

    assert found.order is not None
    assert found.order.expected_price == BID
    assert found.order.worst_price == Decimal("97.91")
    assert found.order.reserved_cash == 0


def test_the_worst_price_of_a_sell_never_falls_below_a_tick():
    cheap = replace(PRICE, bid=Decimal("0.01"), ask=Decimal("0.01"), last=Decimal("0.01"))

    found = assess(book(holding=held(10), price=cheap), sell(10), NOW)

    assert found.order is not None
    assert found.order.worst_price == Decimal("0.01")


def test_every_check_is_run_even_after_the_first_has_failed():
    closed = replace(TERMS, market_open=False)

    found = assess(book(halt_state=HaltState.HALTED, terms=closed, price=None), buy(10), NOW)

    assert len(found.checks) == len(RULES)
    assert found.denials == (
        "HALT_STATE",
        "STALE_PRICE",
        "PRICE_COLLAR",
        "TRADING_HOURS",
        "MINIMUM_SIZE",
    )


def test_a_denial_names_its_checks_in_the_order_in_which_they_run():
    found = assess(
        book(limits=limited(max_order_value=Decimal(1), max_daily_entries=0, active=False)),
        buy(10, stop_loss=None),
        NOW,
    )

    assert found.order is None
    assert found.denials == ("PERMISSION_ACTIVE", "STOP_REQUIRED", "ORDER_SIZE", "DAILY_ENTRIES")


def test_an_exit_is_clamped_to_what_the_asker_holds_and_has_not_offered():
    found = assess(book(holding=held(10, share_reserved=Decimal(4))), sell(100), NOW)

    assert found.order is not None
    assert found.request.quantity == found.order.request.quantity == 6
    assert found.largest == 6


def test_an_exit_is_not_clamped_to_what_others_hold():
    found = assess(book(holding=held(10, of_all=50)), sell(50), NOW)

    assert found.request.quantity == 10


def test_an_exit_of_nothing_is_denied():
    found = assess(book(), sell(1), NOW)

    assert found.denials == ("POSITION_HELD", "MINIMUM_SIZE")
    assert found.request.quantity == 0
    assert found.largest == 0


def test_less_than_a_lot_cannot_be_sold():
    found = assess(book(holding=held("0.5")), sell(1), NOW)

    assert found.order is None
    assert found.largest == 0


def test_the_largest_size_is_the_smallest_room():
    found = assess(book(limits=limited(max_order_value=Decimal(1_000))), buy(500), NOW)

    assert found.largest == 9
    assert assess(book(limits=limited(max_order_value=Decimal(1_000))), buy(9), NOW).order


def test_nothing_is_the_largest_size_when_size_does_not_help():
    assert assess(book(halt_state=HaltState.REDUCING), buy(1), NOW).largest == 0


def test_an_order_that_was_too_small_has_a_size_that_passes():
    terms = replace(TERMS, minimum_notional=Decimal(500))

    found = assess(book(terms=terms), buy(1), NOW)

    assert found.denials == ("MINIMUM_SIZE",)
    assert found.largest == 97


def test_nothing_passes_when_the_room_is_below_the_least_value():
    terms = replace(TERMS, minimum_notional=Decimal(500))
    limits = limited(max_order_value=Decimal(400))

    assert assess(book(terms=terms, limits=limits), buy(5), NOW).largest == 0


def test_a_protections_exit_passes_what_stops_its_agent():
    asked = replace(sell(10), source=Source.PROTECTION)
    stopped = book(
        holding=held(10, unresolved=True),
        halt_state=HaltState.HALTED,
        agents_enabled=False,
        limits=limited(active=False, max_daily_entries=0, blocked_symbols=("AAPL",)),
        usage=Usage(entries=9, day_start_pnl=Decimal(1_000_000)),
        recent=(RecentOrder(APPLE, Side.SELL, Decimal(10), NOW, at_work=True),),
    )

    assert assess(stopped, asked, NOW).order is not None


AMOUNTS = st.decimals(min_value="0.01", max_value=50_000, places=2)
SOME_LIMITS = st.builds(
    limited,
    active=st.booleans(),
    max_order_value=AMOUNTS,
    max_position_value=AMOUNTS,
    max_allocation_pct=st.decimals(min_value="0.01", max_value=100, places=2),
    max_daily_entries=st.integers(0, 4),
    max_daily_loss=AMOUNTS,
    max_open_positions=st.integers(0, 3),
    blocked_symbols=st.sampled_from([(), ("AAPL",)]),
    stop_required=st.booleans(),
)
BOOKS = st.builds(
    book,
    limits=SOME_LIMITS,
    holding=st.builds(
        held,
        st.integers(0, 100),
        share_reserved=st.just(Decimal(0)),
        share_buying_cash=AMOUNTS,
        buying_cash=AMOUNTS,
    ),
    cash=st.decimals(min_value=0, max_value=50_000, places=2),
    reserved=st.decimals(min_value=0, max_value=1_000, places=2),
    halt_state=st.sampled_from([HaltState.ACTIVE, HaltState.ACTIVE, *HaltState]),
    usage=st.builds(Usage, entries=st.integers(0, 4), day_start_pnl=st.just(Decimal(0))),
)
QUANTITIES = st.decimals(min_value=-5, max_value=600, places=1)


@given(BOOKS, QUANTITIES)
def test_no_approved_entry_lies_beyond_any_limit(account, quantity):
    found = assess(account, buy(quantity), NOW)

    assert (found.order is not None) == all(check.passed for check in found.checks)
    if found.order is None:
        return
    limits, holding = account.limits, account.holding(APPLE)
    worst = quantity * found.order.worst_price
    assert quantity > 0
    assert limits.active
    assert account.halt_state is HaltState.ACTIVE
    assert worst <= limits.max_order_value
    assert (
        holding.share.quantity * 100 + holding.share_buying_cash + worst
        <= limits.max_position_value
    )
    assert account.usage.entries < limits.max_daily_entries
    assert found.order.reserved_cash <= account.cash - account.reserved
    assert (holding.position.quantity * 100 + holding.buying_cash + worst) * 100 <= (
        account.equity * limits.max_allocation_pct
    )


@given(BOOKS, QUANTITIES)
def test_the_largest_size_passes_and_one_lot_more_does_not(account, quantity):
    largest = assess(account, buy(quantity), NOW).largest

    if largest > 0:
        assert assess(account, buy(largest), NOW).order is not None
    assert assess(account, buy(largest + 1), NOW).order is None


@given(BOOKS, QUANTITIES)
def test_no_exit_is_larger_than_what_is_free(account, quantity):
    found = assess(account, sell(quantity), NOW)

    assert 0 <= found.request.quantity <= account.holding(APPLE).share_free
    if found.order is not None:
        assert 0 < found.order.request.quantity <= quantity
