"""What trips a circuit breaker and what ends one, judged over an account's affairs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import NOW
from trading.domain.breakers import (
    EFFECTS,
    HALTING,
    JUMP_LASTS,
    REJECTS,
    Affairs,
    AgentAffairs,
    Answer,
    FeedAffairs,
    Key,
    Scope,
    Trip,
    Tripped,
    endings,
    judge,
    jumps,
    latch_reason,
    measured,
)
from trading.domain.states import BreakerKind, HaltState

ACCOUNT, AGENT, STOCK, BREAKER = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def affairs(**changes):
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "halt_state": HaltState.ACTIVE,
        "equity": Decimal(100_000),
        "day_start_equity": Decimal(100_000),
        "high_water_equity": Decimal(100_000),
        "max_daily_loss_pct": Decimal(5),
        "reduce_drawdown_pct": Decimal(10),
        "halt_drawdown_pct": Decimal(15),
        "max_orders_per_minute": 60,
    }
    return Affairs(**(values | changes))


def agent(**changes):
    values: dict[str, Any] = {
        "permission_id": AGENT,
        "loss": Decimal(0),
        "max_daily_loss": Decimal(1_000),
    }
    return AgentAffairs(**(values | changes))


def found(given_affairs, now=NOW):
    return [(trip.kind, trip.number, trip.limit, trip.halt) for trip in judge(given_affairs, now)]


def tripped(kind, *, as_of=NOW, permission=None, instrument=None):
    return Tripped(BREAKER, Key(kind, permission, instrument), as_of)


def answers(*rejected, apart=MINUTE):
    """The newest first."""
    return tuple(Answer(each, NOW - apart * place) for place, each in enumerate(rejected))


def feed(*, age, open_for=timedelta(hours=1)):
    return FeedAffairs(
        newest=NOW - age,
        open_since=None if open_for is None else NOW - open_for,
        max_age=MINUTE,
    )


def test_an_account_without_trouble_trips_nothing():
    assert (
        judge(affairs(agents=(agent(),), answers=answers(False), feed=feed(age=SECOND)), NOW) == ()
    )


@pytest.mark.parametrize(("loss", "trips"), [("999.99", 0), ("1000", 1), ("5000", 1)])
def test_an_agent_that_lost_its_limit_today_enters_no_more(loss, trips):
    assert len(judge(affairs(agents=(agent(loss=Decimal(loss)),)), NOW)) == trips


def test_an_agents_loss_names_it_and_halts_nobody_else():
    (trip,) = judge(affairs(agents=(agent(loss=Decimal("1234.5")),)), NOW)

    assert trip == Trip(BreakerKind.AGENT_DAILY_LOSS, "1,234.50", "1,000.00", permission_id=AGENT)


def test_a_loss_that_a_person_let_pass_may_grow_by_the_limit_once_more():
    forgiven = agent(loss=Decimal("2233.99"), forgiven=Decimal("1234"))

    assert found(affairs(agents=(forgiven,))) == []
    assert len(found(affairs(agents=(replace(forgiven, loss=Decimal(2_234)),)))) == 1


@pytest.mark.parametrize(("equity", "trips"), [("95000.01", 0), ("95000", 1)])
def test_an_account_that_lost_its_part_of_the_day_only_reduces(equity, trips):
    judged = found(affairs(equity=Decimal(equity)))

    assert (
        judged
        == [
            (BreakerKind.ACCOUNT_DAILY_LOSS, "5 %", "5 %", HaltState.REDUCING),
        ]
        * trips
    )


def test_an_accounts_loss_is_forgiven_like_an_agents():
    assert found(affairs(equity=Decimal(91_000), forgiven_pct=Decimal(5))) == []


@pytest.mark.parametrize(
    ("equity", "judged"),
    [
        ("90000.01", []),
        ("90000", [("10 %", "10 %", HaltState.REDUCING)]),
        ("85000.01", [("15 %", "10 %", HaltState.REDUCING)]),
        ("85000", [("15 %", "15 %", HaltState.HALTED)]),
        ("20000", [("80 %", "15 %", HaltState.HALTED)]),
    ],
)
def test_a_fall_from_the_top_reduces_first_and_then_halts(equity, judged):
    fallen = affairs(equity=Decimal(equity), day_start_equity=Decimal(equity))

    assert [each[1:] for each in found(fallen)] == judged


def test_a_deeper_fall_halts_an_account_that_only_reduces():
    reducing = affairs(
        halt_state=HaltState.REDUCING,
        equity=Decimal(85_000),
        day_start_equity=Decimal(85_000),
        tripped=(tripped(BreakerKind.DRAWDOWN),),
    )

    assert [each[3] for each in found(reducing)] == [HaltState.HALTED]
    assert found(replace(reducing, halt_state=HaltState.HALTED)) == []


@pytest.mark.parametrize("start", [None, Decimal(0), Decimal(-5)])
def test_of_nothing_nothing_is_lost(start):
    assert found(affairs(day_start_equity=start, high_water_equity=start, equity=Decimal(0))) == []


@pytest.mark.parametrize("apart", [MINUTE, 15 * MINUTE])
def test_rejects_in_a_row_stop_the_accounts_entries(apart):
    rejected = affairs(answers=answers(*[True] * REJECTS, apart=apart))

    assert found(rejected) == [
        (
            BreakerKind.REJECTS,
            "5 in a row",
            "fewer than 5 within an hour",
            HaltState.ACTIVE,
        )
    ]


@pytest.mark.parametrize(
    "given_answers",
    [
        answers(*[True] * (REJECTS - 1)),
        answers(False, *[True] * REJECTS),
        answers(True, True, False, True, True, True),
        answers(*[True] * REJECTS, apart=timedelta(minutes=15, seconds=1)),
    ],
)
def test_fewer_or_broken_or_older_rejects_stop_nothing(given_answers):
    assert found(affairs(answers=given_answers)) == []


@pytest.mark.parametrize(("attempts", "trips"), [(60, 0), (61, 1)])
def test_an_agent_that_asks_too_often_is_stopped(attempts, trips):
    judged = judge(affairs(agents=(agent(attempts=attempts),)), NOW)

    assert [(each.kind, each.permission_id) for each in judged] == [
        (BreakerKind.ORDER_RATE, AGENT)
    ] * trips


@pytest.mark.parametrize(
    ("given_feed", "trips"),
    [
        (None, 0),
        (feed(age=MINUTE), 0),
        (feed(age=MINUTE + SECOND), 1),
        (feed(age=timedelta(days=1), open_for=None), 0),
        (feed(age=timedelta(days=1), open_for=MINUTE), 0),
        (feed(age=timedelta(days=1), open_for=MINUTE + SECOND), 1),
    ],
)
def test_a_feed_that_says_nothing_while_its_market_is_open_is_stale(given_feed, trips):
    assert len(judge(affairs(feed=given_feed), NOW)) == trips


def test_what_is_tripped_is_not_tripped_again():
    active = (tripped(BreakerKind.AGENT_DAILY_LOSS, permission=AGENT),)
    lost = affairs(agents=(agent(loss=Decimal(5_000)),), tripped=active)
    another = replace(lost, agents=(agent(permission_id=STOCK, loss=Decimal(5_000)),))

    assert judge(lost, NOW) == ()
    assert len(judge(another, NOW)) == 1


def test_a_fresh_feed_ends_its_breaker_whatever_the_hour():
    stale = tripped(BreakerKind.STALE_FEED)

    assert [
        each.id for each in endings(affairs(tripped=(stale,), feed=feed(age=SECOND)), NOW)
    ] == [BREAKER]
    assert endings(affairs(tripped=(stale,), feed=feed(age=MINUTE + SECOND)), NOW) == ()
    assert endings(affairs(tripped=(stale,)), NOW) == ()


def test_a_jump_is_over_after_a_day():
    jump = tripped(BreakerKind.PRICE_JUMP, instrument=STOCK, as_of=NOW - JUMP_LASTS)

    assert [each.reason for each in endings(affairs(tripped=(jump,)), NOW)] == [
        "Its time is over."
    ]
    assert endings(affairs(tripped=(jump,)), NOW - SECOND) == ()


def test_other_breakers_wait_for_a_person_or_the_day():
    others = [
        tripped(kind, permission=AGENT, as_of=NOW - timedelta(days=9))
        for kind in BreakerKind
        if kind not in (BreakerKind.STALE_FEED, BreakerKind.PRICE_JUMP)
    ]

    assert endings(affairs(tripped=tuple(others), feed=feed(age=SECOND)), NOW) == ()


@dataclass(frozen=True)
class Quoted:
    last: Decimal
    at: datetime = NOW
    instrument_id: UUID = STOCK


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ("100", "120", "20 % within a minute"),
        ("100", "80", "20 % within a minute"),
        ("100", "119.99", None),
        ("100", "80.01", None),
    ],
)
def test_a_price_that_jumps_within_a_minute_stops_its_instrument(before, after, number):
    earlier = Quoted(Decimal(before), NOW - MINUTE)

    tripping = jumps(before={STOCK: earlier}, after=[Quoted(Decimal(after))])

    assert [(each.number, each.instrument_id) for each in tripping] == (
        [(number, STOCK)] if number else []
    )


@pytest.mark.parametrize(
    "earlier",
    [
        {},
        {STOCK: Quoted(Decimal(100), NOW - MINUTE - SECOND)},
        {STOCK: Quoted(Decimal(100), NOW + SECOND)},
        {STOCK: Quoted(Decimal(0), NOW)},
    ],
)
def test_a_price_that_moved_over_longer_or_from_nowhere_is_no_jump(earlier):
    assert jumps(before=earlier, after=[Quoted(Decimal(500))]) == ()


def test_every_kind_says_what_it_does():
    assert EFFECTS.keys() == set(BreakerKind)
    assert {
        BreakerKind.ACCOUNT_DAILY_LOSS,
        BreakerKind.DRAWDOWN,
        BreakerKind.DIFFERENCE,
    } == HALTING
    assert all(EFFECTS[kind].scope is Scope.ACCOUNT for kind in HALTING)


@pytest.mark.parametrize("kind", BreakerKind)
def test_a_breaker_is_of_the_scope_of_its_kind(kind):
    scope = EFFECTS[kind].scope
    right: dict[str, Any] = {
        "permission_id": AGENT if scope is Scope.PERMISSION else None,
        "instrument_id": STOCK if scope is Scope.INSTRUMENT else None,
    }
    wrong: dict[str, Any] = {name: None if value else AGENT for name, value in right.items()}

    assert Trip(kind, "1", "0", **right).key == Key(kind, **right)
    with pytest.raises(ValueError, match=scope.value):
        Trip(kind, "1", "0", **wrong)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_a_loss_is_read_back_from_its_words(loss):
    (by_agent,) = judge(affairs(agents=(agent(loss=loss + 1_000),)), NOW)

    assert measured(by_agent.number) == loss + 1_000
    assert measured("5.12 %") == Decimal("5.12")


def test_the_reason_of_a_halt_fits_its_column():
    reason = latch_reason(kind=BreakerKind.DRAWDOWN, number="9" * 60, limit="1" * 200)

    assert reason.startswith("Drawdown: 999")
    assert len(reason) == 200
