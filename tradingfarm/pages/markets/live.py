"""The markets as they are kept current: rows whose price moved, and one instrument's head."""

from datetime import datetime, timedelta
from uuid import UUID

from django.template.loader import render_to_string

from market.models import Instrument, Quote
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.live import Audience, Change, OfAccount, OfThing
from tradingfarm.pages.markets.activity import newest_orders, watchers_of
from tradingfarm.pages.markets.feeds import ShownFeed, feed_shown
from tradingfarm.pages.markets.instruments import head_of, position_in
from tradingfarm.pages.markets.rows import market_rows

CLOCK = SystemClock()
MOVED_WITHIN = timedelta(seconds=3)
"""Prices are told of several times a second; a row comes again while its quote is this new."""
MOST = 100
HELD = ("agent.trade.executed",)
BOOK = ("agent.trade.executed", "protection.", "account.")
ORDERS, FIRED = ("order.", "agent.trade.executed"), ("trigger.",)


class MarketsView(OfAccount):
    """The list of instruments. A row that the page does not show finds no place there."""

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        if not change.prices and not change.first and not change.about(*HELD):
            return ""
        now = CLOCK.now()
        feed = _feed(frame, now)
        rows = market_rows(
            instruments=_moved(feed, change, now), feed=feed, positions=frame.positions, now=now
        )
        context = {"feed": feed, "zone": frame.account.time_zone, "rows": rows}
        return render_to_string("markets/_moved.html", context) if rows else ""


class MarketView(OfThing):
    """One instrument: its newest price, and what the account and its triggers do with it."""

    def is_owned(self, *, owner_id: int, thing: UUID) -> bool:
        return Instrument.objects.filter(id=thing).exists()

    def render(self, *, frame: Frame, audience: Audience, change: Change) -> str:
        instrument = Instrument.objects.filter(id=audience.thing).first()
        if instrument is None:
            return ""
        now = CLOCK.now()
        feed = _feed(frame, now)
        context = {
            "frame": frame,
            "feed": feed,
            "zone": frame.account.time_zone,
            "currency": frame.account.currency,
            "instrument": instrument,
            "update": True,
        }
        parts = _parts(frame, instrument, feed, change, now)
        return "".join(render_to_string(name, context | part) for name, part in parts.items())


def _parts(
    frame: Frame, instrument: Instrument, feed: ShownFeed, change: Change, now: datetime
) -> dict[str, dict[str, object]]:
    """The templates that a change touches, each with what it shows."""
    key, parts = instrument.id, dict[str, dict[str, object]]()
    if change.prices or change.first:
        parts["markets/_quote_head.html"] = {
            "head": head_of(instrument_id=key, feed=feed, now=now)
        }
    if change.prices or change.first or change.about(*BOOK):
        position = position_in(positions=frame.positions, instrument_id=key, feed=feed)
        parts["markets/_position.html"] = {"position": position}
    if change.about(*ORDERS):
        orders = newest_orders(account_id=frame.account.id, instrument_id=key)
        parts["markets/_orders.html"] = {"orders": orders}
    if change.about(*FIRED):
        watchers = watchers_of(
            owner_id=frame.owner_id, feed_name=feed.name, symbol=instrument.symbol
        )
        parts["markets/_watchers.html"] = {"watchers": watchers}
    return parts


def _feed(frame: Frame, now: datetime) -> ShownFeed:
    return feed_shown(owner_id=frame.owner_id, account=frame.account, asked="", now=now)


def _moved(feed: ShownFeed, change: Change, now: datetime) -> list[Instrument]:
    """The instruments whose price came just now; all of them for a reader who was away."""
    quoted = Quote.objects.filter(feed=feed.name)
    if not change.first and not change.about(*HELD):
        quoted = quoted.filter(at__gte=now - MOVED_WITHIN)
    found = Instrument.objects.filter(id__in=quoted.values("instrument"))
    return list(found.order_by("symbol", "venue")[:MOST])
