"""A part of an instrument's chart, with everything that is drawn on it, as JSON carries it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404

from market.domain.candles import StockSplit, Timeframe
from market.models import Instrument, Quote
from tradingfarm.pages.markets.charting import RunningCandle, chart_part, running_candle
from tradingfarm.pages.markets.feeds import ShownFeed
from tradingfarm.pages.markets.marks import (
    Mark,
    Span,
    fill_marks,
    firing_marks,
    span_of,
    split_marks,
)
from tradingfarm.pages.markets.studies import Study
from triggers.models import Firing


@dataclass(frozen=True)
class Drawing:
    """What is to be drawn: whose marks, on which candles, with which indicators.

    `account_id` is None where the page looks at another feed than the account's. `before` is None
    for the newest part, which has the running candle.
    """

    owner_id: int
    account_id: UUID | None
    feed: ShownFeed
    instrument_id: UUID
    timeframe: Timeframe
    studies: tuple[Study, ...]
    before: datetime | None


def drawn(*, drawing: Drawing) -> dict[str, object]:
    """Columns of candles and indicators, marks, the running candle. Six queries.

    Raises Http404.
    """
    instrument = Instrument.objects.filter(id=drawing.instrument_id).first()
    if instrument is None:
        raise Http404("There is no such instrument.")
    present = drawing.feed.present
    until = present if drawing.before is None else min(present, drawing.before)
    part = chart_part(
        feed_name=drawing.feed.name,
        instrument_id=instrument.id,
        timeframe=drawing.timeframe,
        until=until,
        studies=drawing.studies,
    )
    running = _running(drawing)
    starts = (*part.starts, running.start) if running else part.starts
    return {
        "time": part.starts,
        **part.candles,
        "studies": part.studies,
        "more": part.has_more,
        "running": asdict(running) if running else None,
        "marks": [asdict(mark) for mark in _marks(drawing, instrument, starts, until)],
    }


def _running(drawing: Drawing) -> RunningCandle | None:
    feed = drawing.feed
    if drawing.before is not None or drawing.timeframe is not feed.timeframe:
        return None
    quote = Quote.objects.filter(feed=feed.name, instrument=drawing.instrument_id).first()
    return running_candle(quote=quote, timeframe=feed.timeframe) if quote else None


def _marks(
    drawing: Drawing, instrument: Instrument, starts: Sequence[int], until: datetime
) -> list[Mark]:
    span = span_of(starts=starts, last=until)
    if span is None:
        return []
    known = instrument.splits.values_list("effective_on", "numerator", "denominator")
    splits = [StockSplit(*split) for split in known]
    marks = split_marks(splits=splits, span=span, starts=starts)
    if drawing.account_id is not None:
        marks += fill_marks(
            account_id=drawing.account_id, instrument_id=instrument.id, span=span, starts=starts
        )
        marks += _firings(drawing, instrument, span, starts)
    return sorted(marks, key=lambda mark: mark.start)


def _firings(
    drawing: Drawing, instrument: Instrument, span: Span, starts: Sequence[int]
) -> list[Mark]:
    firings = Firing.objects.filter(
        trigger__owner=drawing.owner_id, trigger__feed=drawing.feed.name
    )
    return firing_marks(firings=firings, symbol=instrument.symbol, span=span, starts=starts)
