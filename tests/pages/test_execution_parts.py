"""What the pages of executions, orders and positions work out, without a database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.checks import Code
from trading.domain.states import ProtectionKind, ProtectionState, Source
from trading.models import Assessment, Fill, Order
from tradingfarm.pages.executions.steps import Step, Tone, timed
from tradingfarm.pages.orders.aftermath import Aftermath, follow
from tradingfarm.pages.orders.checks import QUESTIONS, check_table
from tradingfarm.pages.orders.report import report_of
from tradingfarm.pages.orders.spans import span_words
from tradingfarm.pages.orders.trips import trips_of
from tradingfarm.pages.orders.words import KIND_WORDS, PROTECTION_WORDS, SOURCE_WORDS

BEGAN = datetime(2005, 3, 14, 15, 30, tzinfo=UTC)
CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(microseconds=400), "0 ms"),
        (timedelta(milliseconds=38), "38 ms"),
        (timedelta(seconds=1, milliseconds=430), "1.4 s"),
        (timedelta(seconds=59, milliseconds=900), "59 s"),
        (timedelta(minutes=2, seconds=5), "2 min 5 s"),
        (timedelta(hours=3), "3 h"),
        (timedelta(hours=3, minutes=12, seconds=9), "3 h 12 min"),
        (timedelta(days=4, hours=2), "4 d 2 h"),
        (timedelta(days=4, seconds=1), "4 d"),
        (timedelta(seconds=-1), "0 ms"),
    ],
)
def test_a_span_is_said_as_people_say_it(span: timedelta, words: str) -> None:
    assert span_words(span) == words


def step(name: str, *, at: int | None = None, as_of: int | None = None) -> Step:
    """A step at some seconds after the beginning, on either clock."""
    return Step(
        name,
        name,
        "bolt",
        None,
        at=None if at is None else BEGAN + timedelta(seconds=at),
        as_of=None if as_of is None else BEGAN + timedelta(seconds=as_of),
    )


def test_a_step_says_what_passed_since_the_newest_one_before_it() -> None:
    steps = timed(
        [step("a", at=0, as_of=0), step("b"), step("c", at=20, as_of=0), step("d", at=15)]
    )

    assert [each.waited for each in steps] == ["", "", "20 s", ""]
    assert [each.moved for each in steps] == ["", "", "", ""]


def test_the_market_moves_on_by_itself() -> None:
    assert timed([step("a", as_of=0), step("b", as_of=7200)])[1].moved == "2 h"


def test_where_it_stopped_looks_so() -> None:
    stopped = Step("a", "A", "bolt", None, stopped="It was refused.")

    assert stopped.look == "stopped"
    assert step("a").look == Tone.DONE
    assert stopped.template == "executions/_a.html"


def test_every_code_of_the_gate_is_a_question() -> None:
    assert set(QUESTIONS) == {code.value for code in Code}
    assert all(question.endswith("?") for question in QUESTIONS.values())


def test_every_source_protection_and_kind_has_words() -> None:
    assert set(SOURCE_WORDS) == set(Source)
    assert set(KIND_WORDS) == set(ProtectionKind)
    assert set(PROTECTION_WORDS) == set(ProtectionState)


def check(code: str, number: str, limit: str, **parts: object) -> dict[str, object]:
    return {"code": code, "number": number, "limit": limit, "passed": True} | parts


def left_of(found: dict[str, object]) -> str:
    assessment = Assessment(checks=[found], request={}, approved=True, largest=Decimal(0))
    (row,) = check_table(assessment, currency="USD").rows
    return row.left.replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    ("found", "left"),
    [
        (check("ORDER_SIZE", "6,580.80", "10,000.00"), "3,419.20"),
        (check("ORDER_SIZE", "12,000.00", "10,000.00"), "-2,000.00"),
        (check("STALE_PRICE", "12 s", "60 s"), "48 s"),
        (check("PRICE_COLLAR", "0.025 %", "2 %"), "1.975 %"),
        (check("DAILY_ENTRIES", "4", "3"), "-1"),
        (check("STALE_PRICE", "no price", "60 s"), ""),
        (check("BUYING_POWER", "exit", "5,200.00"), ""),
        (check("MINIMUM_SIZE", "160", "lots of 1, at least 1.00"), ""),
        (check("UNRESOLVED", "0", "0"), ""),
        (check("MOON_PHASE", "1", "2"), ""),
    ],
)
def test_what_is_left_of_a_limit_is_said_where_both_are_numbers(
    found: dict[str, object], left: str
) -> None:
    assert left_of(found) == left


def test_a_check_of_a_later_release_is_still_readable() -> None:
    assessment = Assessment(checks=[{"code": "MOON_PHASE"}], request={}, approved=False)

    (row,) = check_table(assessment, currency="USD").rows

    assert (row.question, row.passed, row.number) == ("Moon phase", False, "")


def order(key: int, *, side: str = "buy") -> Order:
    return Order(id=f"00000000-0000-4000-8000-{key:012d}", side=side, quantity=Decimal(10))


def fill(of: Order, quantity: str, price: str, *, realised: str = "0", minute: int = 0) -> Fill:
    return Fill(
        id=minute + 1,
        order=of,
        side=of.side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        value=Decimal(quantity) * Decimal(price),
        fee=Decimal(0),
        realised=Decimal(realised),
        as_of=BEGAN + timedelta(minutes=minute),
        at=BEGAN + timedelta(minutes=minute),
    )


def followed(of: Order, *fills: Fill, held: str = "0", cost: str = "0") -> Aftermath:
    if fills:
        vars(fills[0]).update(held_before=Decimal(held), cost_before=Decimal(cost))
    return follow(order=of, fills=fills)


def test_an_entry_that_nothing_followed_is_held_whole() -> None:
    entry = order(1)

    after = followed(entry, fill(entry, "10", "100"))

    assert (after.left, after.cost_left, after.realised) == (10, 1000, 0)
    assert after.unrealised(Decimal(103)) == 30
    assert after.unrealised(None) is None
    assert not after.pooled


def test_exits_take_from_it_until_it_is_flat() -> None:
    entry, half, rest, later = order(1), order(2, side="sell"), order(3, side="sell"), order(4)

    after = followed(
        entry,
        fill(entry, "10", "100"),
        fill(half, "4", "110", realised="40", minute=1),
        fill(rest, "6", "90", realised="-60", minute=2),
        fill(later, "5", "95", minute=3),
    )

    assert [(each.quantity, each.realised) for each in after.exits] == [(4, 40), (6, -60)]
    assert (after.left, after.cost_left, after.realised) == (0, 0, -20)
    assert after.closed_as_of == BEGAN + timedelta(minutes=2)
    assert not after.pooled


def test_one_exit_in_parts_is_one_exit() -> None:
    entry, sale = order(1), order(2, side="sell")

    after = followed(
        entry,
        fill(entry, "10", "100"),
        fill(sale, "4", "110", realised="40", minute=1),
        fill(sale, "6", "105", realised="30", minute=2),
    )

    (only,) = after.exits
    assert (only.quantity, only.average, only.realised) == (10, 107, 70)


def test_of_a_pool_it_is_left_its_proportion() -> None:
    entry, sale = order(1), order(2, side="sell")

    after = followed(
        entry,
        fill(entry, "10", "110"),
        fill(sale, "20", "120", realised="350", minute=1),
        held="30",
        cost="3000",
    )

    # A quarter of forty is its own: of twenty sold five, of 350 realised 87.5.
    (only,) = after.exits
    assert (only.quantity, only.sold, only.realised) == (5, 20, Decimal("87.5"))
    # 4100 were in the pool and 2050 left it with the half.
    assert (after.left, after.cost_left) == (5, Decimal("512.5"))
    assert after.pooled


def test_a_sell_has_what_it_realised_itself() -> None:
    sale = order(1, side="sell")

    after = followed(sale, fill(sale, "10", "90", realised="-12"), held="10", cost="912")

    assert (after.realised, after.exits, after.left) == (-12, (), 0)
    assert after.fills[0].after == 0


def test_without_fills_nothing_came_of_it() -> None:
    after = followed(order(1))

    assert (after.fills, after.left, after.realised) == ((), 0, 0)


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12))
def test_what_entries_keep_and_lose_adds_up_to_the_pool(moves: list[tuple[int, bool]]) -> None:
    fills, held, cost = [], Decimal(0), Decimal(0)
    for number, (size, buys) in enumerate(moves):
        quantity = Decimal(size) if buys else min(Decimal(size), held)
        if not quantity:
            continue
        of = order(number, side="buy" if buys else "sell")
        if buys:
            cost += quantity * 100
            made = fill(of, str(quantity), "100", minute=number)
        else:
            part = cost * quantity / held
            made = fill(of, str(quantity), "90", minute=number)
            made.realised = quantity * 90 - part
            cost -= part
        held += quantity if buys else -quantity
        fills.append(made)

    entries = [(place, each.order) for place, each in enumerate(fills) if each.side == "buy"]
    after = [_entry(fills, place, of) for place, of in entries]

    assert abs(sum(each.left for each in after) - held) < CENT
    assert abs(sum(each.cost_left for each in after) - cost) < CENT
    realised = sum(each.realised for each in fills)
    assert abs(sum(each.realised for each in after) - realised) < CENT


def _entry(fills: list[Fill], place: int, of: Order) -> Aftermath:
    held, cost = Decimal(0), Decimal(0)
    for each in fills[:place]:
        bought = each.side == "buy"
        held += each.quantity if bought else -each.quantity
        cost += each.value if bought else each.realised - each.value
    return followed(of, *fills[place:], held=str(held), cost=str(cost))


def test_round_trips_go_from_flat_to_flat() -> None:
    buy, add = order(1), order(2)
    sale, stop, again = order(3, side="sell"), order(4, side="sell"), order(5)
    sale.reason, stop.reason = "exit_signal", "stop_loss"

    newest, oldest = trips_of(
        fills=[
            fill(buy, "10", "100"),
            fill(add, "10", "110", minute=1),
            fill(sale, "5", "120", realised="75", minute=2),
            fill(stop, "15", "90", realised="-225", minute=3),
            fill(again, "1", "95", minute=4),
        ]
    )

    assert (oldest.bought, oldest.average_in, oldest.average_out) == (20, 105, Decimal("97.5"))
    assert (oldest.realised, oldest.exits) == (-150, ("exit signal", "stop-loss"))
    assert oldest.closed_as_of == BEGAN + timedelta(minutes=3)
    assert (newest.closed_as_of, newest.average_out) == (None, None)


def test_a_round_trip_that_began_earlier_says_so() -> None:
    sale = order(1, side="sell")

    (trip,) = trips_of(fills=[fill(sale, "5", "120")], held_before=Decimal(5))

    assert (trip.opened_as_of, trip.average_in) == (None, None)


def test_slippage_is_what_was_worse_than_expected() -> None:
    bought = Order(
        side="buy",
        quantity=Decimal(10),
        expected_price=Decimal(100),
        worst_price=Decimal(102),
        filled_quantity=Decimal(5),
        filled_value=Decimal("500.5"),
        fees=Decimal(1),
    )
    sold = Order(
        **{
            name: getattr(bought, name)
            for name in ("quantity", "expected_price", "worst_price", "filled_quantity", "fees")
        }
        | {"side": "sell", "filled_value": Decimal("500.5")}
    )

    assert report_of(bought).found.slippage_bps == 10
    assert report_of(bought).found.slippage == Decimal("0.5")
    assert report_of(bought).filled_pct == 50
    assert report_of(sold).found.slippage_bps == -10


def test_nothing_filled_has_no_average_and_no_slippage() -> None:
    waiting = Order(side="buy", quantity=Decimal(10), expected_price=Decimal(100))

    report = report_of(waiting).found

    assert (report.average_price, report.slippage, report.slippage_bps) == (None, None, None)
