"""When performance is measured: every minute, but only where something is new."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, Member, Spending, Team, TradingSession
from agents.selectors.costs import Cost, account_costs, costs_of
from agents.services.measuring import measure_due, measure_feed
from agents.tasks import measure
from market.models import Feed, Quote, Replay
from tests.factories import NOW, make_account, make_desk, make_feed, make_quote, make_user, wall
from tests.trading.measuring import bought, close, closed, ends, noon, told
from trading.models import Fill, PerformanceSnapshot
from trading.services.accounts import snapshot_equity
from tradingfarm.celery import app

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def replayed():
    """A desk whose prices are replayed, and stand at noon of the first day."""
    stored = Feed.objects.create(name="stored", kind=Feed.Kind.STORED)
    feed = Feed.objects.create(name="replayed", kind=Feed.Kind.REPLAY, source=stored)
    Replay.objects.create(
        id=UUID(int=1),
        feed=feed,
        starts_on=NOW.date(),
        ends_on=NOW.date() + timedelta(days=30),
        timeframe="1d",
        speed=0,
        position=1,
        as_of=NOW,
        started_at=wall(),
    )
    return make_desk(feed=feed)


def at_noon_of(day):
    """The replay's clock at noon of a day."""
    Replay.objects.update(as_of=noon(day))


def spent(agent, dollars, *, days_ago=0):
    day = (wall() - timedelta(days=days_ago)).date()
    Spending.objects.create(agent=agent, day=day, spent=Decimal(dollars))


def make_agent(name, **columns):
    return Agent.objects.create(
        **{"owner": make_user(), "name": name, "role": "risk", "created_at": wall()} | columns
    )


def test_nothing_new_is_one_question_and_no_work():
    make_desk()

    with CaptureQueriesContext(connection) as asked:
        assert measure_due(at=wall()) == 0

    assert len(asked.captured_queries) == 1
    assert not PerformanceSnapshot.objects.exists()


def test_a_fill_is_measured_at_the_market_time_of_its_replay_and_not_twice(replayed):
    bought(replayed, 10, day=0, price=100)

    assert [measure_due(at=wall()) for _ in range(2)] == [1, 0]
    assert told(replayed, 0)["moment"] == NOW.isoformat()
    assert told(replayed, 0, replayed.permission)["trades"] == 1


def test_the_equity_of_a_day_is_measured(replayed):
    bought(replayed, 10, day=0, price=100)
    measure_due(at=wall())
    closed(replayed, 0, 104)

    assert measure_due(at=wall()) == 1
    assert told(replayed, 0)["pnl"] == "40"


def test_a_fill_that_was_told_late_is_measured(replayed):
    bought(replayed, 10, day=0.1, price=100)
    closed(replayed, 0, 104)
    measure_due(at=wall())
    bought(replayed, 1, day=0, price=100)

    assert measure_due(at=wall()) == 1
    assert told(replayed, 0)["trades"] == 2


def test_a_replay_whose_prices_alone_are_new_is_not_measured(replayed):
    bought(replayed, 10, day=0, price=100)
    measure_due(at=wall())
    make_quote(replayed.instrument, "120", feed="replayed")
    at_noon_of(3)

    assert measure_due(at=wall() + MINUTE) == 0


def test_what_is_held_on_wall_time_is_measured_at_each_new_price():
    desk = make_desk()
    bought(desk, 10, day=0, price=100)
    measure_due(at=wall())

    assert measure_due(at=wall()) == 0
    Quote.objects.update(last=110, at=wall() + MINUTE)
    assert measure_due(at=wall() + MINUTE) == 1


def test_who_holds_nothing_on_wall_time_is_measured_once_a_day():
    desk = make_desk()
    snapshot_equity(feed_name="prices", now=wall())

    due = [measure_due(at=wall() + timedelta(hours=hours)) for hours in (0, 0, 25, 25)]

    assert due == [1, 0, 1, 0]
    assert PerformanceSnapshot.objects.filter(account=desk.account).count() == 2


def test_at_the_end_of_a_day_every_account_of_the_feed_is_measured():
    desk = make_desk()
    second = make_account(number=1)
    make_account(number=2, feed=make_feed("others"))
    snapshot_equity(feed_name="prices", now=close(0))

    measure_feed(feed_name="prices", now=close(0), at=wall())

    days = PerformanceSnapshot.objects.values_list("account", "as_of")
    assert set(days) == {(desk.account.id, ends(0)), (second.id, ends(0))}


def test_impossible_fills_of_one_account_keep_no_other_from_being_measured(caplog):
    desk = make_desk()
    fill = bought(desk, 10, day=0, price=100)
    fill.pk, fill.side, fill.trade_id, fill.quantity = None, "sell", "impossible", Decimal(11)
    fill.save(force_insert=True)
    second = make_account(number=1)

    measure_feed(feed_name="prices", now=close(0), at=wall())

    assert f"{desk.account.id} cannot be measured: 11 sold of 10 held." in caplog.text
    assert list(PerformanceSnapshot.objects.values_list("account", flat=True)) == [second.id]


def test_an_account_pays_for_its_traders_and_for_all_who_sit_in_its_teams():
    desk = make_desk()
    trader = make_agent("Trader", id=desk.permission.agent_id)
    voter, stranger = make_agent("Voter", id=UUID(int=2)), make_agent("Stranger", id=UUID(int=3))
    for number in (4, 5):
        team = Team.objects.create(
            **{"id": UUID(int=number), "owner": make_user(), "name": f"Team {number}"},
            created_at=wall(),
        )
        Member.objects.create(team=team, agent=voter, seat=0)
        TradingSession.objects.create(
            **{"id": team.id, "team": team, "account": desk.account, "state": "STOPPED"},
            **{"accepted_by": "ada", "started_at": wall()},
        )
    spent(trader, "1.5")
    spent(voter, "0.25")
    spent(voter, "0.5", days_ago=3)
    spent(stranger, "9")

    assert account_costs(account_id=desk.account.id) == {
        trader.id: Decimal("1.5"),
        voter.id: Decimal("0.75"),
    }
    assert costs_of(agent_ids=[voter.id, trader.id], at=wall()) == {
        trader.id: Cost(Decimal("1.5"), Decimal("1.5")),
        voter.id: Cost(Decimal("0.75"), Decimal("0.25")),
    }


def test_what_models_cost_is_part_of_what_is_measured(replayed):
    agent = make_agent("Trader", id=replayed.permission.agent_id)
    spent(agent, "1.5")
    bought(replayed, 10, day=0, price=100)

    measure_due(at=wall())

    assert told(replayed, 0, replayed.permission)["pnl_net_of_model_cost"] == "-1.5"
    assert told(replayed, 0)["model_cost"] == "1.5"


def test_it_is_upkeep_of_every_minute(replayed):
    bought(replayed, 10, day=0, price=100)

    measure()

    entry = settings.CELERY_BEAT_SCHEDULE["measure-performance"]
    assert (entry["task"], entry["schedule"]) == (measure.name, 60)
    assert app.amqp.router.route({}, measure.name)["queue"].name == "upkeep"
    assert PerformanceSnapshot.objects.count() == 2
    assert Fill.objects.count() == 1
