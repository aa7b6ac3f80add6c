"""Stops that follow the price never loosen, and what is reached, narrower or worth an order."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import NOW
from trading.domain.protection import (
    PRECEDENCE,
    AtExchange,
    Step,
    Terms,
    effective_stop,
    follow_high,
    is_narrower,
    is_reached,
    merged,
    next_step,
    on_tick,
    rank,
    resting_limit,
    trailing_price,
    would_fire,
)
from trading.domain.states import ProtectionKind

STOP, TRAIL = ProtectionKind.STOP_LOSS, ProtectionKind.TRAILING_STOP
TARGET, TIME = ProtectionKind.TAKE_PROFIT, ProtectionKind.TIME_EXIT
CENT = Decimal("0.01")
ticks = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal(1), Decimal("0.00000001")])
percents = st.decimals(min_value="0.001", max_value="99.999", places=3)
prices = st.decimals(min_value="0.01", max_value="100000", places=2)


def at(price):
    return Terms(price=Decimal(price))


def trail(price, percent="5", highest="100"):
    return Terms(Decimal(price), Decimal(percent), Decimal(highest))


def level(terms):
    """The price, which is there."""
    assert terms.price is not None
    return terms.price


def due(seconds):
    return Terms(due_at=NOW + timedelta(seconds=seconds))


def resting(price, quantity="10", kind=STOP):
    return AtExchange(kind, Decimal(price), Decimal(quantity))


@pytest.mark.parametrize(
    ("kind", "last", "reached"),
    [
        (STOP, "90.01", False),
        (STOP, "90", True),
        (STOP, "12", True),
        (TRAIL, "90.01", False),
        (TRAIL, "90", True),
        (TARGET, "89.99", False),
        (TARGET, "90", True),
        (TARGET, "300", True),
    ],
)
def test_a_price_is_reached_at_it_and_beyond_however_far(kind, last, reached):
    terms = at("90")

    assert is_reached(kind=kind, terms=terms, last=Decimal(last), now=NOW) is reached


@pytest.mark.parametrize(("seconds", "reached"), [(1, False), (0, True), (-3600, True)])
def test_a_time_exit_is_reached_from_its_moment_on(seconds, reached):
    assert is_reached(kind=TIME, terms=due(seconds), last=Decimal(1), now=NOW) is reached


def test_without_a_price_and_a_moment_nothing_is_reached():
    assert not is_reached(kind=STOP, terms=Terms(), last=Decimal(1), now=NOW)


def test_of_several_that_are_reached_stops_go_first_then_targets_then_time():
    for some in permutations(ProtectionKind):
        assert sorted(some, key=rank) == [STOP, TRAIL, TARGET, TIME]
    assert set(PRECEDENCE) == set(ProtectionKind)


@pytest.mark.parametrize(
    ("highest", "percent", "tick", "price"),
    [
        ("100", "5", "0.01", "95"),
        ("100.10", "5", "0.01", "95.10"),
        ("100.10", "5", "0.05", "95.10"),
        ("100.10", "5", "1", "96"),
        ("100", "0.001", "0.01", "99.99"),
        ("2", "10", "1", "1"),
        ("1", "10", "1", "1"),
    ],
)
def test_a_trailing_stop_lies_its_percent_below_on_the_tighter_tick(highest, percent, tick, price):
    found = trailing_price(
        highest=Decimal(highest), percent=Decimal(percent), tick_size=Decimal(tick)
    )

    assert found == Decimal(price)


@given(highest=prices, percent=percents, tick=ticks)
def test_a_trailing_stop_is_never_further_away_than_its_percent_nor_at_the_price(
    highest, percent, tick
):
    price = trailing_price(highest=highest, percent=percent, tick_size=tick)

    assert price % tick == 0
    assert price < highest or price == tick
    tick_below = price + tick >= highest
    assert price >= highest * (100 - percent) / 100 or tick_below


@settings(max_examples=300)
@given(
    percent=percents,
    tick=ticks,
    start=prices,
    moves=st.lists(st.decimals(min_value="-0.2", max_value="0.25", places=4), max_size=60),
)
def test_a_trailing_stop_never_loosens_on_any_walk(percent, tick, start, moves):
    first = trailing_price(highest=start, percent=percent, tick_size=tick)
    terms, last, seen = Terms(first, percent, start), start, [start]

    for move in moves:
        last = max(last * (1 + move), CENT)
        seen.append(last)
        after = follow_high(terms=terms, last=last, tick_size=tick)
        assert level(after) >= level(terms)
        assert after.highest == max(seen)
        assert after.trailing_pct == percent
        terms = after

    at_once = trailing_price(highest=max(seen), percent=percent, tick_size=tick)
    assert terms.price == at_once


def test_a_price_at_or_below_the_highest_moves_nothing():
    terms = trail("95")

    assert follow_high(terms=terms, last=Decimal(100), tick_size=CENT) is terms
    assert follow_high(terms=at("95"), last=Decimal(200), tick_size=CENT) == at("95")


def test_a_stop_that_was_tightened_beyond_its_percent_stays_there_after_a_new_high():
    found = follow_high(terms=trail("99"), last=Decimal(101), tick_size=CENT)

    assert found == trail("99", highest="101")


def test_a_trailing_stop_without_a_price_gets_one():
    terms = Terms(trailing_pct=Decimal(5), highest=Decimal(100))

    assert follow_high(terms=terms, last=Decimal(200), tick_size=CENT).price == 190


@pytest.mark.parametrize(
    ("kind", "before", "after", "narrower"),
    [
        (STOP, at("90"), at("91"), True),
        (STOP, at("90"), at("90"), True),
        (STOP, at("90"), at("89.99"), False),
        (STOP, at("90"), Terms(), False),
        (TRAIL, trail("95", "5"), trail("96", "4"), True),
        (TRAIL, trail("95", "5"), trail("94", "6"), False),
        (TIME, due(60), due(30), True),
        (TIME, due(60), due(61), False),
        (TARGET, at("120"), at("110"), True),
        (TARGET, at("120"), at("130"), True),
    ],
)
def test_a_stop_only_rises_a_percent_only_shrinks_and_time_only_comes_earlier(
    kind, before, after, narrower
):
    assert is_narrower(kind=kind, before=before, after=after) is narrower


@pytest.mark.parametrize(
    ("kind", "before", "after", "kept"),
    [
        (STOP, at("90"), at("95"), at("95")),
        (STOP, at("90"), at("80"), at("90")),
        (TARGET, at("120"), at("110"), at("110")),
        (TIME, due(60), due(90), due(60)),
        (TIME, due(60), due(30), due(30)),
        (TRAIL, trail("95", "5", "100"), trail("88", "20", "110"), trail("104.5", "5", "110")),
        (TRAIL, trail("99", "5", "100"), trail("96", "4", "100"), trail("99", "4", "100")),
    ],
)
def test_another_entry_never_widens(kind, before, after, kept):
    assert merged(kind=kind, before=before, after=after, tick_size=CENT) == kept


@given(
    tick=ticks,
    entries=st.lists(st.tuples(percents, prices), min_size=2, max_size=6),
)
def test_whatever_entries_follow_a_trailing_stop_never_loosens(tick, entries):
    made = [
        Terms(trailing_price(highest=high, percent=percent, tick_size=tick), percent, high)
        for percent, high in entries
    ]

    before = made[0]
    for terms in made[1:]:
        after = merged(kind=TRAIL, before=before, after=terms, tick_size=tick)
        assert is_narrower(kind=TRAIL, before=before, after=after)
        assert level(after) >= max(level(before), level(terms))
        before = after


def test_the_stop_that_works_is_the_highest_and_of_equals_the_stop_loss():
    low, high, equal = resting("90"), resting("95", kind=TRAIL), resting("95")

    assert effective_stop([low, high]) is high
    assert effective_stop([high, equal]) is equal
    assert effective_stop([]) is None


@pytest.mark.parametrize(("kind", "price"), [(STOP, "90.05"), (TRAIL, "90.05"), (TARGET, "90.00")])
def test_on_the_tick_a_stop_is_tighter_and_a_target_nearer(kind, price):
    found = on_tick(kind=kind, price=Decimal("90.01"), tick_size=Decimal("0.05"))

    assert found == Decimal(price)


@pytest.mark.parametrize(
    ("kind", "price", "fires"),
    [
        (STOP, "99", False),
        (STOP, "99.5", True),
        (STOP, "103", True),
        (TRAIL, "99.5", True),
        (TARGET, "100.5", True),
        (TARGET, "100.51", False),
    ],
)
def test_a_stop_at_the_bid_and_a_target_at_the_ask_would_fire_at_once(kind, price, fires):
    found = would_fire(kind=kind, price=Decimal(price), bid=Decimal("99.5"), ask=Decimal("100.5"))

    assert found is fires


@pytest.mark.parametrize(
    ("there", "wanted", "step"),
    [
        (None, None, Step.NOTHING),
        (None, resting("90"), Step.PLACE),
        (resting("90"), None, Step.CANCEL),
        (resting("90"), resting("90"), Step.NOTHING),
        (resting("90"), resting("90", "15"), Step.CANCEL),
        (resting("90"), resting("90.01"), Step.CANCEL),
        (resting("90"), resting("89"), Step.CANCEL),
        (resting("90"), resting("90.44", kind=TRAIL), Step.NOTHING),
        (resting("90"), resting("90.45", kind=TRAIL), Step.CANCEL),
        (resting("90"), resting("89.99", kind=TRAIL), Step.CANCEL),
        (resting("90"), resting("90", kind=TRAIL), Step.NOTHING),
    ],
)
def test_a_stop_at_the_exchange_is_canceled_before_another_rests(there, wanted, step):
    assert next_step(resting=there, wanted=wanted) is step


@pytest.mark.parametrize(
    ("stop", "tick", "limit"), [("100", "0.01", "95"), ("90.01", "0.05", "85.55"), ("1", "1", "1")]
)
def test_a_stop_limit_order_may_trade_the_collar_below_its_stop(stop, tick, limit):
    found = resting_limit(stop=Decimal(stop), collar=Decimal(5), tick_size=Decimal(tick))

    assert found == Decimal(limit)
