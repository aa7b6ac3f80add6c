"""Snapshots of performance: known results, and the same ones however often they were taken."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import (
    Desk,
    make_desk,
    make_permission,
    make_quote,
    wall,
)
from tests.racing import race
from tests.trading.measuring import (
    all_told,
    bought,
    close,
    closed,
    ends,
    measured,
    noon,
    second,
    sold,
    told,
)
from trading.domain.ledger import Oversold
from trading.models import Account, EquitySnapshot, Fill, PerformanceSnapshot
from trading.services.performance import snapshot_performance

pytestmark = pytest.mark.django_db


def three_days(desk, *, measuring=False):
    """A win of 97.9 on the second day, and ten shares that are worth 40 less on the third."""
    after = (lambda day: measured(desk, now=close(day))) if measuring else (lambda day: None)
    bought(desk, 10, day=0, price=100, fee=1)
    closed(desk, 0, 103)
    after(0)
    sold(desk, 10, day=1, price=110, fee="1.1")
    closed(desk, 1, 110)
    after(1)
    bought(desk, 10, day=2, price=110)
    closed(desk, 2, 106)
    measured(desk, now=close(2))


def test_figures_are_those_that_a_person_finds():
    desk = make_desk()

    three_days(desk)

    account, agent = told(desk, 2), told(desk, 2, desk.permission)
    assert (account["equity"], account["pnl"]) == ("100057.9", "57.9")
    assert (account["realised"], account["unrealised"]) == ("97.9", "-40")
    assert (account["fees"], account["trades"], account["round_trips"]) == ("2.1", 3, 1)
    assert (account["win_rate"], account["profit_factor"]) == ("1.000000", None)
    assert (account["expectancy"], account["average_duration_seconds"]) == ("97.9", 86_400)
    assert (account["total_return"], account["points"]) == ("0.000579", 4)
    assert account["max_drawdown"] == f"{40 / 100097.9:.6f}"
    assert account["drawdown_from"] == close(1).isoformat()
    assert account["drawdown_to"] == close(2).isoformat()
    assert (account["sharpe"], account["value_at_risk_95"]) == (None, None)
    same = ("pnl", "realised", "unrealised", "fees", "trades", "round_trips", "expectancy")
    assert [agent[name] for name in same] == [account[name] for name in same]


def test_there_is_a_row_for_each_market_day_of_everybody():
    desk = make_desk()
    second(desk)

    three_days(desk)

    days = [ends(day) for day in range(3)]
    rows = PerformanceSnapshot.objects.order_by("as_of")
    assert list(rows.filter(permission=None).values_list("as_of", flat=True)) == days
    assert list(rows.filter(permission=desk.permission).values_list("as_of", flat=True)) == days
    assert rows.count() == 6
    assert [told(desk, day)["equity"] for day in range(3)] == ["100029", "100097.9", "100057.9"]


def test_doing_it_again_changes_nothing():
    desk = make_desk()
    three_days(desk)
    rows = {row.pk: row.figures for row in PerformanceSnapshot.objects.all()}

    written = measured(desk, now=close(2))

    assert written == 2
    assert {row.pk: row.figures for row in PerformanceSnapshot.objects.all()} == rows


def test_day_by_day_they_are_the_same_as_from_scratch():
    desk = make_desk()
    three_days(desk, measuring=True)
    by_day = all_told()
    PerformanceSnapshot.objects.all().delete()

    measured(desk, now=close(2))

    assert all_told() == by_day


def test_what_was_asked_within_a_day_leaves_no_trace():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    measured(desk, now=noon(0))
    sold(desk, 4, day=0.1, price=120)
    measured(desk, now=noon(0.1))
    closed(desk, 0, 90)
    measured(desk, now=close(0))
    within = all_told()
    PerformanceSnapshot.objects.all().delete()

    measured(desk, now=close(0))

    assert all_told() == within
    assert (told(desk, 0)["pnl"], told(desk, 0)["max_drawdown"]) == ("20", "0.000000")


def test_the_running_day_is_told_at_the_newest_prices():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    make_quote(desk.instrument, "107")

    measured(desk, now=noon(0.1))

    found = told(desk, 0, desk.permission)
    assert (found["unrealised"], found["invested"]) == ("70", "1070")
    assert (found["moment"], found["day_return"]) == (noon(0.1).isoformat(), "0.000700")


def test_a_position_without_a_price_is_worth_what_it_cost():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    make_quote(desk.instrument).delete()

    measured(desk, now=noon(0.1))

    assert told(desk, 0)["pnl"] == "0"


@pytest.mark.parametrize("agents", [1, 3])
def test_nine_statements_are_enough_and_only_what_is_new_is_read(agents):
    desk = make_desk()
    for number in range(1, agents):
        other = Desk(desk.account, make_permission(desk.account, number=number), desk.instrument)
        bought(other, 1, day=0, price=100)
    three_days(desk)
    bought(desk, 1, day=3, price=100)

    with CaptureQueriesContext(connection) as asked:
        measured(desk, now=close(3))

    statements = [query["sql"] for query in asked.captured_queries]
    fills = [sql for sql in statements if 'FROM "trading_fill"' in sql]
    newest = Fill.objects.order_by("-id")[1].pk
    assert len(statements) == 9, [sql[:60] for sql in statements]
    assert len(fills) == 1
    assert f'"trading_fill"."id" > {newest}' in fills[0]


def test_only_the_newest_rows_keep_how_far_they_were_measured():
    desk = make_desk()

    three_days(desk, measuring=True)

    keep = PerformanceSnapshot.objects.filter(figures__has_key="state")
    assert set(keep.values_list("as_of", flat=True)) == {ends(2)}
    assert keep.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_write_the_same_rows():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    closed(desk, 0, 105)

    written = race(4, lambda _: measured(desk, now=close(0)))

    assert written == [2] * 4
    assert PerformanceSnapshot.objects.count() == 2
    assert told(desk, 0, desk.permission)["trades"] == 1


def test_an_account_that_has_not_traded_is_worth_its_deposit():
    desk = make_desk()

    measured(desk, now=noon(0))

    found = told(desk, 0)
    assert (found["equity"], found["pnl"], found["round_trips"]) == ("100000", "0", 0)
    assert (found["total_return"], found["points"]) == ("0.000000", 2)
    assert PerformanceSnapshot.objects.count() == 1


def test_an_account_without_a_deposit_begins_with_its_first_point():
    desk = make_desk()
    Account.objects.update(created_at=desk.account.created_at - timedelta(seconds=1))
    closed(desk, 0, 100)
    closed(desk, 1, 100)

    measured(desk, now=close(1))

    assert (told(desk, 0)["points"], told(desk, 1)["points"]) == (1, 2)
    assert (told(desk, 0)["total_return"], told(desk, 1)["total_return"]) == (None, "0.000000")


def test_impossible_fills_are_refused_and_nothing_is_written():
    desk = make_desk()
    fill = bought(desk, 10, day=0, price=100)
    fill.pk, fill.side, fill.trade_id, fill.quantity = None, "sell", "impossible", Decimal(11)
    fill.save(force_insert=True)

    with pytest.raises(Oversold):
        measured(desk, now=noon(0))

    assert not PerformanceSnapshot.objects.exists()


def test_an_account_that_is_not_there_is_refused():
    desk = make_desk()

    with pytest.raises(Account.DoesNotExist):
        snapshot_performance(account_id=desk.permission.id, now=noon(0), at=wall())


# What models cost


def test_pnl_is_told_net_of_what_models_cost():
    desk = make_desk()
    voter = desk.account.id
    bought(desk, 10, day=0, price=100)
    make_quote(desk.instrument, "101")

    costs = {desk.permission.agent_id: Decimal("2.5"), voter: Decimal(1)}
    measured(desk, now=noon(0), model_costs=costs)

    assert told(desk, 0, desk.permission)["pnl_net_of_model_cost"] == "7.5"
    assert told(desk, 0)["pnl_net_of_model_cost"] == "6.5"


def test_in_another_currency_nothing_is_said_net_of_models():
    desk = make_desk(base_currency="EUR")

    measured(desk, now=noon(0), model_costs={desk.permission.agent_id: Decimal(1)})

    assert told(desk, 0)["model_cost"] is None


# Days


def test_another_time_zone_counts_from_the_next_day_on():
    desk = make_desk()
    measured(desk, now=noon(0))
    Account.objects.update(time_zone="Europe/London")

    measured(desk, now=noon(0.2))
    measured(desk, now=noon(1))

    days = PerformanceSnapshot.objects.order_by("as_of").values_list("as_of", flat=True)
    assert list(days) == [ends(0), ends(1) - timedelta(hours=5)]


def test_a_clock_that_stands_behind_the_newest_snapshot_changes_no_day():
    desk = make_desk()
    closed(desk, 0, 100)
    measured(desk, now=close(0))

    measured(desk, now=noon(0))

    assert PerformanceSnapshot.objects.count() == 1
    assert told(desk, 0)["moment"] == close(0).isoformat()


def test_twenty_days_are_enough_to_speak_of_risk():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    for day in range(20):
        closed(desk, day, 100 + day % 4)

    measured(desk, now=close(19))

    found = told(desk, 19, desk.permission)
    assert None not in {found[name] for name in ("sharpe", "sortino", "volatility", "cagr")}
    assert told(desk, 18, desk.permission)["sharpe"] is None
    assert EquitySnapshot.objects.count() == 20
