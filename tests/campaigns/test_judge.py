"""Every kind of breach, planted in made-up tables and found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.campaigns.judge import (
    Kind,
    by_kind,
    differing,
    in_flight,
    judge,
    not_flat,
    percentile,
    sent_after,
)
from tests.campaigns.rows import Fill, Order, PaperOrder, PaperTrade, Share, Tables
from trading.domain.ledger import Lot

APPLE, AGENT, DECISION = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2010, 1, 4, 12, 0, tzinfo=UTC)
BUY = Order(
    client_order_id="buy",
    intent_key="decision:1",
    source="agent",
    instrument=APPLE,
    side="buy",
    quantity=Decimal(10),
    state="FILLED",
    permission=AGENT,
    decision=DECISION,
    filled_quantity=Decimal(10),
)
PLACED = PaperOrder(
    number=1,
    client_order_id="buy",
    instrument=APPLE,
    side="buy",
    quantity=Decimal(10),
    worst_price=Decimal(12),
    fee_rate=Decimal("0.001"),
    state="FILLED",
    placed_at=NOON,
)
TRADE = PaperTrade(
    number=1,
    client_order_id="buy",
    trade_id="buy-1",
    instrument=APPLE,
    side="buy",
    quantity=Decimal(10),
    price=Decimal(11),
    fee=Decimal("0.11"),
    at=NOON,
)
FILL = Fill(1, "buy", "buy-1", Decimal(10), Decimal(11), Decimal("0.11"))
SOUND = Tables(
    account="Demo",
    cash=Decimal("889.89"),
    movements=[Decimal(1000)],
    positions={APPLE: Lot(Decimal(10), Decimal("110.11"), Decimal(0), Decimal("0.11"))},
    shares=[Share(APPLE, AGENT, Decimal(10))],
    orders=[BUY],
    fills=[FILL],
    paper_orders=[PLACED],
    paper_trades=[TRADE],
)


def kinds(tables: Tables) -> set[str]:
    return set(by_kind(judge(tables)))


def test_an_account_in_order_has_no_breach():
    assert judge(SOUND) == []


def test_an_order_at_the_exchange_that_we_believe_never_placed_is_lost():
    tables = replace(SOUND, orders=[replace(BUY, state="NOT_PLACED")])

    assert Kind.LOST in kinds(tables)


@pytest.mark.parametrize("state", ["REJECTED", "EXPIRED_LOCAL", "APPROVED"])
def test_no_state_before_or_beside_the_exchange_fits_an_order_that_is_there(state):
    tables = replace(SOUND, orders=[replace(BUY, state=state)])

    assert Kind.LOST in kinds(tables)


def test_an_order_that_we_believe_filled_and_the_exchange_never_had_is_lost():
    tables = replace(SOUND, orders=[BUY, replace(BUY, client_order_id="ghost", decision=None)])

    assert Kind.LOST in kinds(tables)


def test_an_order_that_was_proved_absent_is_not_lost():
    absent = replace(BUY, client_order_id="absent", state="NOT_PLACED", filled_quantity=Decimal(0))

    assert judge(replace(SOUND, orders=[BUY, absent])) == []


def test_an_order_that_only_the_exchange_knows_is_foreign():
    tables = replace(SOUND, paper_orders=[PLACED, replace(PLACED, client_order_id="who")])

    assert kinds(tables) == {Kind.FOREIGN}


def test_a_client_id_that_was_placed_twice_is_doubled():
    tables = replace(SOUND, paper_orders=[PLACED, replace(PLACED, number=2)])

    assert kinds(tables) == {Kind.DOUBLED}


@pytest.mark.parametrize("decision", [DECISION, None])
def test_two_orders_for_one_cause_are_doubled_whatever_their_ids(decision):
    first = replace(BUY, decision=decision)
    tables = replace(
        SOUND,
        orders=[first, replace(first, client_order_id="again")],
        paper_orders=[PLACED, replace(PLACED, client_order_id="again")],
    )

    assert kinds(tables) == {Kind.DOUBLED}


def test_a_trade_that_was_not_booked_is_found():
    tables = replace(SOUND, fills=[])

    assert kinds(tables) == {Kind.MISBOOKED}


def test_a_trade_that_was_booked_twice_is_found():
    tables = replace(SOUND, fills=[FILL, replace(FILL, number=2)])

    assert kinds(tables) == {Kind.MISBOOKED}


@pytest.mark.parametrize("name", ["quantity", "price", "fee"])
def test_a_fill_with_another_number_than_its_trade_is_found(name):
    wrong: dict[str, Any] = {name: Decimal("0.5")}
    tables = replace(SOUND, fills=[replace(FILL, **wrong)])

    assert kinds(tables) == {Kind.MISBOOKED}


def test_cash_that_is_off_by_the_last_decimal_is_not_rebuilt():
    tables = replace(SOUND, cash=Decimal("889.89000001"))

    assert kinds(tables) == {Kind.NOT_REBUILT}


def test_a_cost_that_does_not_follow_from_the_trades_is_not_rebuilt():
    lot = replace(SOUND.positions[APPLE], cost=Decimal(110))

    assert kinds(replace(SOUND, positions={APPLE: lot})) == {Kind.NOT_REBUILT}


def test_trades_that_sell_what_nobody_held_are_not_rebuilt():
    tables = replace(SOUND, paper_trades=[replace(TRADE, side="sell")])

    assert Kind.NOT_REBUILT in kinds(tables)


def test_trades_of_one_match_count_in_the_order_in_which_they_were_booked():
    later = replace(TRADE, number=2, client_order_id="sell", trade_id="sell-1", side="sell")
    trades = [replace(later, number=1), replace(TRADE, number=2)]
    sold = replace(BUY, client_order_id="sell", intent_key="exit", side="sell", decision=None)
    tables = replace(
        SOUND,
        cash=Decimal("999.78"),
        positions={APPLE: Lot(Decimal(0), Decimal(0), Decimal("-0.22"), Decimal("0.22"))},
        shares=[Share(APPLE, AGENT, Decimal(0))],
        orders=[BUY, sold],
        fills=[FILL, replace(FILL, number=2, client_order_id="sell", trade_id="sell-1")],
        paper_orders=[PLACED, replace(PLACED, number=2, client_order_id="sell", side="sell")],
        paper_trades=trades,
    )

    assert judge(tables) == []


def test_cash_that_stays_reserved_without_an_order_at_work_has_leaked():
    assert kinds(replace(SOUND, reserved=Decimal(1))) == {Kind.LEAKED}


def test_an_order_that_ended_and_still_reserves_has_leaked():
    tables = replace(SOUND, orders=[replace(BUY, reserved_cash=Decimal(1))])

    assert kinds(tables) == {Kind.LEAKED}


def test_a_share_that_stays_offered_without_a_sell_at_work_has_leaked():
    tables = replace(SOUND, shares=[Share(APPLE, AGENT, Decimal(10), reserved=Decimal(4))])

    assert kinds(tables) == {Kind.LEAKED}


def test_shares_that_are_not_the_whole_position_have_leaked():
    tables = replace(SOUND, shares=[Share(APPLE, AGENT, Decimal(9))])

    assert kinds(tables) == {Kind.LEAKED}


@pytest.mark.parametrize("state", ["UNKNOWN", "SUBMITTING", "OPEN", "APPROVED"])
def test_an_order_that_has_not_ended_is_stuck(state):
    waiting = replace(
        BUY, client_order_id="waiting", state=state, decision=None, filled_quantity=Decimal(0)
    )

    assert Kind.STUCK in kinds(replace(SOUND, orders=[BUY, waiting]))


def test_an_order_that_still_rests_at_the_exchange_is_stuck():
    tables = replace(SOUND, paper_orders=[replace(PLACED, state="OPEN")])

    assert kinds(tables) == {Kind.STUCK}


@pytest.mark.parametrize(
    ("source", "side", "found"),
    [
        ("agent", "buy", 1),
        ("agent", "sell", 1),
        ("person", "buy", 1),
        ("liquidation", "sell", 0),
        ("protection", "sell", 0),
        ("liquidation", "buy", 1),
    ],
)
def test_after_a_halt_only_exits_of_its_own_may_be_sent(source, side, found):
    tables = replace(
        SOUND,
        orders=[replace(BUY, source=source, side=side)],
        paper_orders=[replace(PLACED, side=side, placed_at=NOON + timedelta(milliseconds=1))],
    )

    assert len(list(sent_after(tables, NOON))) == found


def test_an_order_that_was_claimed_before_the_halt_may_arrive_after_it():
    halted_at = NOON - timedelta(milliseconds=1)
    early = replace(BUY, claimed_at=NOON - timedelta(milliseconds=2))
    late = replace(BUY, claimed_at=NOON)

    assert list(sent_after(replace(SOUND, orders=[early]), halted_at)) == []
    assert in_flight(replace(SOUND, orders=[early]), halted_at) == 1
    assert len(list(sent_after(replace(SOUND, orders=[late]), halted_at))) == 1
    assert in_flight(replace(SOUND, orders=[late]), halted_at) == 0


def test_an_unknown_order_after_a_halt_is_a_breach():
    tables = replace(SOUND, orders=[])

    assert len(list(sent_after(tables, NOON - timedelta(seconds=1)))) == 1


def test_what_was_sent_before_the_halt_is_none():
    assert list(sent_after(SOUND, NOON)) == []


def test_what_is_left_is_found_at_the_exchange_and_in_the_book():
    assert len(list(not_flat(SOUND))) == 2
    assert len(list(not_flat(replace(SOUND, positions={})))) == 1
    assert len(list(not_flat(replace(SOUND, paper_trades=[])))) == 1


def test_equal_runs_do_not_differ():
    assert list(differing({"a": 1, "b": 2}, {"b": 2, "a": 1})) == []


def test_runs_differ_by_a_value_and_by_what_only_one_of_them_has():
    found = [breach.text for breach in differing({"a": 1, "b": 2}, {"a": 2, "c": 3})]

    assert found == ["a: 1 and 2", "b is only in the first run", "c is only in the second run"]


def test_a_percentile_is_a_value_that_was_measured():
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.99) == 4.0
    assert percentile([], 0.5) == 0.0
