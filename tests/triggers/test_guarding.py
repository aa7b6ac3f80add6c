"""What the engine watches at each step of a replay, beside triggers and protections."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from agents.models import TradingSession
from market.domain.candles import Timeframe
from market.models import Statistics
from market.services.candles import CandleToStore, store_candles
from tests.market.builders import bar
from tests.market.stored import STORED, begin_replay, make_feed, store_days
from tests.triggers.rows import MONDAY, make_account, make_instrument, make_owner
from tests.triggers.stage import play, set_stage
from trading.models import Account, Breaker, PerformanceSnapshot

pytestmark = pytest.mark.django_db


def store_minutes(instrument, *bars):
    """One-minute candles from nine thirty in New York on; each its open, high, low and close."""
    make_feed(STORED)
    opens = datetime.combine(MONDAY, time(14, 30), tzinfo=UTC)
    candles = [
        CandleToStore(
            instrument.id,
            bar(opens + timedelta(minutes=minute), prices=[str(price) for price in prices]),
            None,
            opens + timedelta(minutes=minute + 1),
        )
        for minute, prices in enumerate(bars)
    ]
    store_candles(feed=STORED, timeframe=Timeframe.M1, candles=candles)


@pytest.mark.parametrize(("low", "tripped"), [(81, 0), (79, 1)])
def test_a_jump_stops_the_instruments_entries(low, tripped):
    store_minutes(make_instrument("AAPL"), (100, 100, 100, 100), (100, 100, low, low))
    replay = begin_replay(first=MONDAY, last=MONDAY, timeframe=Timeframe.M1)
    make_account(make_owner(), replay.feed)

    play()

    found = Breaker.objects.values_list("kind", "instrument__symbol")
    assert list(found) == [("price_jump", "AAPL")] * tripped


def test_what_an_instrument_did_of_late_is_known_as_of_each_new_day():
    apple = make_instrument("AAPL")
    store_days(apple, first=MONDAY - timedelta(days=70), days=71)
    begin_replay(first=MONDAY, last=MONDAY)

    play()

    known = Statistics.objects.get()
    assert known.as_of.date() == MONDAY
    assert known.candles == 30


def test_a_days_performance_is_measured_at_its_last_prices():
    account = set_stage()

    play()

    measured = PerformanceSnapshot.objects.filter(account=account).order_by("as_of")
    # Each day ends at midnight in New York.
    assert [each.as_of for each in measured] == [
        datetime(2001, 3, 6, 5, tzinfo=UTC),
        datetime(2001, 3, 7, 5, tzinfo=UTC),
    ]


def test_the_accounts_daily_loss_stops_its_session():
    account = set_stage()

    def lose():
        Account.objects.filter(day=MONDAY).update(day_start_equity=Decimal(200_000))

    play(lose)

    breaker = Breaker.objects.get(account=account, kind="account_daily_loss")
    assert breaker.number == "50 %"
    assert TradingSession.objects.get().state == "STOPPED"
