"""Instruments: the list with live prices, and each one's chart."""

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from market.domain.candles import Timeframe
from tradingfarm.kernel.clock import SystemClock
from tradingfarm.pages.frame import Frame
from tradingfarm.pages.listing import Listing, Sort, listed
from tradingfarm.pages.lists.pages import frame_asked
from tradingfarm.pages.markets.activity import newest_orders, watchers_of
from tradingfarm.pages.markets.drawing import Drawing, drawn
from tradingfarm.pages.markets.feeds import ShownFeed, feed_shown
from tradingfarm.pages.markets.forms import CandleQuery, MarketFilters
from tradingfarm.pages.markets.instruments import (
    InstrumentPage,
    agents_allowed,
    head_of,
    instrument_page,
    position_in,
)
from tradingfarm.pages.markets.rows import instruments_on, market_rows
from tradingfarm.pages.markets.studies import STUDIES, studies_named
from tradingfarm.pages.markets.tables import candle_table
from tradingfarm.people.access import access, owner_of
from tradingfarm.people.models import Role

CLOCK = SystemClock()
SORTS = (
    Sort("symbol", "Symbol", ("symbol", "id")),
    Sort("last", "Last", ("-last", "id")),
    Sort("change", "Change, %", ("-change", "id")),
    Sort("spread", "Spread, bps", ("-spread", "id")),
    Sort("volume", "Volume", ("-volume", "id")),
)


@access(Role.VIEWER)
def markets(request: HttpRequest) -> HttpResponse:
    """The instruments of one feed: of the account's, unless `?feed=` names another."""
    now = CLOCK.now()
    frame, feed = _frame_and_feed(request, now)
    instruments = instruments_on(feed=feed)
    listing = Listing(
        rows=instruments,
        sorts=SORTS[:1] if feed.is_stored else SORTS,
        filters=MarketFilters(request.GET, rows=instruments),
        request=request,
        scope=_scope(frame, feed),
    )
    positions = frame.positions if frame.page else ()
    rows = market_rows(instruments=listing.rows, feed=feed, positions=positions, now=now)
    context = {"section": "markets", "rows": rows} | _place(frame, feed, "markets", "")
    return listed(request, "markets/index.html", listing, context)


@access(Role.VIEWER, owns="instrument")
def market(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """One instrument: chart, newest price, and what the account and its triggers do with it."""
    now = CLOCK.now()
    frame, feed = _frame_and_feed(request, now)
    page = instrument_page(instrument_id=instrument_id, feed=feed)
    chosen = request.GET.getlist("studies")
    context = {
        "section": "markets",
        "page": page,
        "instrument": page.instrument,
        "timeframe": _timeframe(request, page),
        "studies": [(study, study.name in chosen) for study in STUDIES],
        "head": head_of(instrument_id=instrument_id, feed=feed, now=now),
    } | _place(frame, feed, "market", str(instrument_id))
    if frame.page and feed.is_accounts:
        context |= _of_account(frame, page, feed)
    return render(request, "markets/market.html", context)


@access(Role.VIEWER, owns="instrument")
def candles(request: HttpRequest, instrument_id: UUID) -> JsonResponse:
    """A part of the chart as JSON: candles, indicators and marks, never beyond the present."""
    query = CandleQuery(request.GET)
    if not query.is_valid():
        return JsonResponse({"error": query.problem}, status=400)
    frame, feed = _frame_and_feed(request, CLOCK.now())
    drawing = Drawing(
        owner_id=owner_of(request),
        account_id=frame.page.id if frame.page and feed.is_accounts else None,
        feed=feed,
        instrument_id=instrument_id,
        timeframe=query.frame,
        studies=studies_named(names=query.cleaned_data["studies"]),
        before=query.earlier_than,
    )
    return JsonResponse(drawn(drawing=drawing))


@access(Role.VIEWER, owns="instrument")
def table(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """The candles as a table, older ones by `?before=`: a page, or to htmx its table alone."""
    frame, feed = _frame_and_feed(request, CLOCK.now())
    page = instrument_page(instrument_id=instrument_id, feed=feed)
    query = CandleQuery(request.GET)
    before = query.earlier_than if query.is_valid() else None
    timeframe = query.frame if query.is_valid() else _timeframe(request, page)
    shown = candle_table(
        feed_name=feed.source or feed.name,
        instrument_id=instrument_id,
        timeframe=timeframe,
        until=feed.present if before is None else min(feed.present, before),
    )
    context = {
        "section": "markets",
        "page": page,
        "instrument": page.instrument,
        "timeframe": timeframe,
        "table": shown,
    } | _place(frame, feed, "frame", "")
    name = "markets/_table.html" if request.headers.get("HX-Request") else "markets/table.html"
    return render(request, name, context)


def _frame_and_feed(request: HttpRequest, now: datetime) -> tuple[Frame, ShownFeed]:
    frame = frame_asked(request)
    asked = request.GET.get("feed", "")
    feed = feed_shown(owner_id=owner_of(request), account=frame.page, asked=asked, now=now)
    return frame, feed


def _place(frame: Frame, feed: ShownFeed, view: str, subject: str) -> dict[str, object]:
    """The feed, the zone of times, and what keeps the page current: the account's feed alone."""
    place: dict[str, object] = {
        "feed": feed,
        "zone": frame.account.time_zone if frame.page else "UTC",
        "currency": frame.account.currency if frame.page else "",
    }
    if frame.page and feed.is_accounts:
        place |= {"live_view": view, "live_subject": subject}
    return place


def _scope(frame: Frame, feed: ShownFeed) -> dict[str, str]:
    """What makes an address of the list mean the same to everybody who opens it."""
    if frame.page and feed.is_accounts:
        return {"account": str(frame.page.id)}
    return {"feed": feed.name}


def _timeframe(request: HttpRequest, page: InstrumentPage) -> Timeframe:
    """The timeframe asked for where it is stored, else the longest one that is."""
    asked = request.GET.get("timeframe", "")
    stored = {frame.value: frame for frame in page.timeframes}
    return stored.get(asked) or next(reversed(page.timeframes), Timeframe.D1)


def _of_account(frame: Frame, page: InstrumentPage, feed: ShownFeed) -> dict[str, object]:
    account, instrument = frame.account, page.instrument
    return {
        "position": position_in(positions=frame.positions, instrument_id=instrument.id, feed=feed),
        "orders": newest_orders(account_id=account.id, instrument_id=instrument.id),
        "agents": agents_allowed(account_id=account.id, symbol=instrument.symbol),
        "watchers": watchers_of(
            owner_id=frame.owner_id, feed_name=feed.name, symbol=instrument.symbol
        ),
        "has_account": True,
    }
