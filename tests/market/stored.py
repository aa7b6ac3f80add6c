"""Rows of the market for tests."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from market.domain.candles import Timeframe
from market.domain.instruments import instrument_id
from market.domain.replaying import known_at
from market.models import Feed, Instrument
from market.selectors.calendars import calendar_of
from market.services.candles import CandleToStore, store_candles
from market.services.replays import claim_replay, start_replay
from tests.market.builders import bar

STORED = "stored"
REPLAYED = "replayed"
WALL = datetime(2026, 1, 5, 12, tzinfo=UTC)
REPLAY_ID = UUID("00000000-0000-0000-0000-00000000a3e1")
MONDAY, FRIDAY = date(2001, 3, 5), date(2001, 3, 9)


def make_instrument(symbol="AAPL", *, calendar="XNYS", **changes):
    venue = "BINANCE" if calendar == "24/7" else "NASDAQ"
    values = {
        "name": symbol,
        "asset_class": "crypto" if calendar == "24/7" else "equity",
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal(1),
        "minimum_notional": Decimal(1),
        "currency": "USD",
    } | changes
    return Instrument.objects.create(
        id=instrument_id(venue=venue, symbol=symbol),
        symbol=symbol,
        venue=venue,
        calendar=calendar,
        **values,
    )


def make_feed(name=STORED):
    return Feed.objects.get_or_create(name=name, defaults={"kind": Feed.Kind.STORED})[0]


def store_days(instrument, *, first=MONDAY, days=5, start_price=100, feed=STORED):
    """Daily candles on the sessions among `days` days; closes count up from the start price."""
    make_feed(feed)
    calendar = calendar_of(instrument.calendar)
    sessions = calendar.sessions(first=first, last=first + timedelta(days=days - 1))
    candles = []
    for number, session in enumerate(sessions):
        start = datetime.combine(session.day, time.min, tzinfo=UTC)
        close = start_price + number
        prices = (str(close), str(close + 2), str(close - 2), str(close))
        candles.append(
            CandleToStore(
                instrument.id,
                bar(start, prices=prices),
                raw=None,
                closes_at=known_at(session=session, start=start, timeframe=Timeframe.D1),
            )
        )
    return store_candles(feed=feed, timeframe=Timeframe.D1, candles=candles)


def begin_replay(
    *,
    first=MONDAY,
    last=FRIDAY,
    speed="0",
    source=STORED,
    feed_name=REPLAYED,
    replay_id=REPLAY_ID,
    timeframe=Timeframe.D1,
):
    return start_replay(
        replay_id=replay_id,
        feed_name=feed_name,
        source=source,
        starts_on=first,
        ends_on=last,
        speed=Decimal(speed),
        timeframe=timeframe,
        now=WALL,
    )


def claim_for_a_day(owner="engine"):
    """The fencing token of a replay that nobody else holds."""
    token = claim_replay(replay_id=REPLAY_ID, owner=owner, now=WALL, lease=timedelta(days=1))
    if token is None:
        raise ValueError("The replay is taken.")
    return token
