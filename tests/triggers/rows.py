"""Rows for tests of triggers: an owner with a team that trades a paper account on a replay."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from agents.domain.states import ExecutionState, SessionState
from agents.models import Execution, Team, TradingSession
from market.domain.candles import Timeframe
from market.domain.replaying import known_at
from market.models import Feed, Quote
from market.selectors.calendars import calendar_of
from market.services.candles import CandleToStore, store_candles
from tests.market.builders import bar
from tests.market.stored import STORED, WALL, make_feed, make_instrument
from trading.services.accounts import open_paper_account
from tradingfarm.people.models import User
from triggers.services import create_trigger

SPACE = UUID(int=11)
MONDAY, TUESDAY = date(2001, 3, 5), date(2001, 3, 6)
OPEN = datetime(2001, 3, 5, 14, 30, tzinfo=UTC)
DIP = {"condition": "change_percent", "threshold": "-3"}
HIGH = {"condition": "above", "threshold": "110"}


def make_owner(name="ada"):
    return User.objects.create_user(name)


def make_team(owner, name="House team"):
    return Team.objects.create(
        id=uuid5(SPACE, f"{owner.pk}:{name}"), owner=owner, name=name, created_at=WALL
    )


def make_account(owner, feed, name="Paper"):
    return open_paper_account(
        account_id=uuid5(SPACE, f"{owner.pk}:{name}"),
        owner=owner,
        name=name,
        feed=feed,
        deposit=Decimal(100_000),
        time_zone="America/New_York",
        seed=1,
        actor="test",
        at=WALL,
    )


def start_trading(team, account):
    return TradingSession.objects.create(
        id=uuid5(account.id, str(team.id)),
        team=team,
        account=account,
        state=SessionState.AUTO_TRADING,
        accepted_by="test",
        started_at=WALL,
    )


def streaming_feed(name="stream"):
    """A feed on wall time that quotes whatever `quote` says."""
    return Feed.objects.create(name=name, kind=Feed.Kind.EXCHANGE)


def quote(feed, instrument, last, *, as_of=WALL, day_open=None):
    Quote.objects.update_or_create(
        feed=feed,
        instrument=instrument,
        defaults={
            "bid": Decimal(last),
            "ask": Decimal(last),
            "last": Decimal(last),
            "volume": Decimal(1),
            "day_open": None if day_open is None else Decimal(day_open),
            "at": as_of,
            "as_of": as_of,
        },
    )


def store_day(instrument, day, *prices):
    """One daily candle: open, high, low, close."""
    make_feed(STORED)
    start = datetime.combine(day, time.min, tzinfo=UTC)
    (session,) = calendar_of(instrument.calendar).sessions(first=day, last=day)
    closes_at = known_at(session=session, start=start, timeframe=Timeframe.D1)
    candle = CandleToStore(
        instrument.id, bar(start, prices=[str(price) for price in prices]), None, closes_at
    )
    store_candles(feed=STORED, timeframe=Timeframe.D1, candles=[candle])


def price_trigger(owner, team, feed, *, name="dip", condition=DIP, symbols=("AAPL",), **changes):
    values = {
        "owner": owner,
        "name": name,
        "type": "price",
        "team": team,
        "feed": feed,
        "symbols": symbols,
        "condition": condition,
        "actor": "test",
        "at": WALL,
    }
    return create_trigger(**values | changes)


def time_trigger(owner, team, *, name="morning", cron="30 9 * * 1-5", **changes):
    values = {
        "owner": owner,
        "name": name,
        "type": "time",
        "team": team,
        "cron": cron,
        "time_zone": "America/New_York",
        "actor": "test",
        "at": WALL,
    }
    return create_trigger(**values | changes)


def end_executions():
    """What a worker would do: think, and decide to do nothing."""
    open_states = [ExecutionState.QUEUED, ExecutionState.THINKING]
    return Execution.objects.filter(state__in=open_states).update(
        state=ExecutionState.ABSTAINED, ended_at=WALL + timedelta(seconds=1)
    )


__all__ = ["STORED", "WALL", "make_feed", "make_instrument"]
