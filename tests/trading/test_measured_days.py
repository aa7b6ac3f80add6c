"""A day of an account and its agents: whose money, from when on, and what of it is known."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.trading.books import APPLE, IBM
from tests.trading.curves import day
from trading.domain.daily_curves import Course, begun
from trading.domain.kept_courses import kept, measured_of
from trading.domain.ledger import TradeReport
from trading.domain.measured_days import Known, Mark, Measured, Part, measured
from trading.domain.states import Side
from trading.domain.track_records import Entry, HandedOver

ADA, BOB = UUID(int=101), UUID(int=102)
OPENED: Known = {
    None: Measured(course=Course(day(0), begun(moment=day(0), equity=Decimal(1_000))))
}


def mark(number, equity, cash, **changes):
    """What the account was worth an hour before the midnight of a number."""
    moment = day(number) - timedelta(hours=1)
    return Mark(day(number), moment, Decimal(equity), Decimal(cash), **changes)


def fill(number, side, quantity, price, *, agent=ADA, of=APPLE):
    """A fill in the middle of the day that ends at the midnight of a number."""
    report = TradeReport(of, side, Decimal(quantity), Decimal(price), Decimal(0))
    return Entry(day(number - 0.5), report, {agent: report} if agent else {})


def bought(number, quantity, price, **options):
    return fill(number, Side.BUY, quantity, price, **options)


def sold(number, quantity, price, **options):
    return fill(number, Side.SELL, quantity, price, **options)


def half(permission_id, equity):
    return equity / 2


def days_of(*marks, entries=(), known=None):
    """Everybody afterwards, and the figures by day and scope."""
    known, told = measured(
        OPENED if known is None else known, marks=marks, entries=entries, allotment=half
    )
    return known, {(each.day, each.scope): each.figures for each in told}


def test_an_agent_without_a_fill_has_no_figures():
    _, told = days_of(mark(1, 1_000, 1_000))

    assert set(told) == {(day(1), None)}


def test_an_agent_begins_with_its_money_at_the_accounts_last_point_before_its_first_fill():
    known, told = days_of(mark(1, 1_000, 1_000), mark(2, 1_020, 900), entries=[bought(2, 1, 100)])

    found = told[day(2), ADA]
    assert (known[ADA].allotted, found["equity"], found["pnl"]) == (500, "520", "20")
    assert (found["began_at"], found["points"]) == ((day(1) - timedelta(hours=1)).isoformat(), 2)
    assert found["total_return"] == "0.040000"


def test_on_an_accounts_first_day_of_all_it_begins_with_what_it_made():
    _, told = days_of(mark(1, 1_020, 900), entries=[bought(1, 1, 100)], known={None: Measured()})

    assert (told[day(1), ADA]["equity"], told[day(1), ADA]["points"]) == ("530", 1)


def test_a_fill_belongs_to_the_day_it_was_made_on_and_a_late_one_to_the_last():
    late = replace(sold(1, 1, 130), moment=day(0.5))

    _, told = days_of(
        *(mark(1, 1_000, 900), mark(2, 1_030, 1_030), mark(3, 1_030, 1_030)),
        entries=[bought(1, 1, 100), bought(3, 1, 100), late],
    )

    assert [told[day(number), ADA]["trades"] for number in (1, 2, 3)] == [1, 1, 3]


def test_what_was_booked_after_the_last_mark_belongs_to_it_too():
    _, told = days_of(mark(1, 1_000, 900), entries=[bought(2, 1, 100)])

    assert told[day(1), ADA]["trades"] == 1


def test_the_value_of_a_day_without_a_snapshot_is_its_owners_alone():
    _, told = days_of(mark(1, 1_015, 900), mark(2, 1_030, 1_030), entries=[bought(1, 1, 100)])

    assert (told[day(1), ADA]["unrealised"], told[day(1), ADA]["invested"]) == ("15", "115")


def test_what_several_hold_on_such_a_day_is_divided_by_what_it_cost():
    _, told = days_of(
        *(mark(1, 1_040, 600), mark(2, 1_040, 600)),
        entries=[bought(1, 1, 100), bought(1, 3, 100, agent=BOB, of=IBM)],
    )

    assert [told[day(1), agent]["unrealised"] for agent in (ADA, BOB)] == ["10", "30"]


def test_what_is_known_of_the_parts_counts():
    parts = {
        None: Part(Decimal(440), Decimal(400), Decimal(0), Decimal(2)),
        ADA: Part(Decimal(170), Decimal(100), Decimal(0), Decimal(1)),
    }

    _, told = days_of(
        mark(1, 1_040, 600, parts=parts, model_costs={ADA: Decimal(7)}),
        entries=[bought(1, 1, 100), bought(1, 3, 100, agent=BOB)],
    )

    assert [told[day(1), scope]["pnl"] for scope in (None, ADA, BOB)] == ["40", "70", "0"]
    assert told[day(1), ADA]["pnl_net_of_model_cost"] == "63"
    assert told[day(1), None]["model_cost"] is None


def test_what_people_trade_is_the_accounts_alone():
    _, told = days_of(mark(1, 1_040, 900), entries=[bought(1, 1, 100, agent=None)])

    assert set(told) == {(day(1), None)}
    assert told[day(1), None]["trades"] == 1


def test_from_whom_others_took_without_a_fill_of_its_own_has_no_figures():
    taken = replace(sold(2, 1, 100, agent=None), parts={BOB: HandedOver(APPLE, Decimal(1))})

    _, told = days_of(mark(2, 1_000, 1_000), entries=[bought(1, 1, 100, agent=None), taken])

    assert set(told) == {(day(2), None)}


def test_parts_are_summed_field_by_field():
    one = Part(Decimal(1), Decimal(2), Decimal(3), Decimal(4))

    assert one + one == Part(Decimal(2), Decimal(4), Decimal(6), Decimal(8))


def test_an_agent_that_sold_all_goes_on_with_what_it_made():
    known, _ = days_of(mark(1, 1_000, 900), entries=[bought(1, 1, 100)])

    _, told = days_of(
        mark(2, 1_025, 1_025), mark(3, 1_025, 1_025), entries=[sold(2, 1, 125)], known=known
    )

    found = told[day(3), ADA]
    assert (found["pnl"], found["equity"], found["win_rate"]) == ("25", "525", "1.000000")


@pytest.mark.parametrize("scope", [None, ADA])
def test_how_far_one_was_measured_can_be_kept_as_json(scope):
    known, _ = days_of(
        *(mark(1, 1_000, 900), mark(2, "1010.123456789123456789", 900)),
        entries=[bought(1, 3, 100), sold(1, 1, "101.5"), bought(2, 1, 7, of=IBM)],
    )

    found = known[scope]

    assert measured_of(json.loads(json.dumps(kept(found)))) == found


def test_what_has_not_begun_can_be_kept_too():
    assert measured_of(kept(Measured())) == Measured()
