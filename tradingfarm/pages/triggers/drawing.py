"""A price trigger on the chart of one of its instruments: its level, and where it would fire."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from market.domain.candles import Bars, Timeframe
from market.domain.conditions import Condition, InvalidCondition, parse_condition
from market.models import Candle, Instrument, Replay
from market.selectors.candles import bars, bars_of_many
from tradingfarm.pages.markets.charting import column, starts_of
from tradingfarm.pages.markets.marks import Mark, Span, firing_marks, span_of
from triggers.domain.history import LookBack, look_back
from triggers.domain.watching import bars_needed
from triggers.models import Firing, Trigger

AT_ONCE = 400
LOOKED_BACK = 252
NEWEST = 8
PRICES = ("open", "high", "low", "close", "volume")
NOTHING: dict[str, object] = {
    **{name: [] for name in ("time", *PRICES, "line", "marks")},
    "timeframe": Timeframe.D1.value,
    "more": False,
}
"""What is drawn of a trigger that has no level."""


@dataclass(frozen=True)
class Look:
    """How often a condition would have fired for a symbol in its newest candles, and last when."""

    symbol: str
    candles: int
    times: int
    newest: tuple[datetime, ...]


def looks(
    *,
    condition: Condition,
    feed_name: str,
    timeframe: Timeframe,
    instruments: dict[str, UUID],
    until: datetime,
) -> tuple[Look, ...]:
    """What 252 candles, a year of daily ones, say of a condition for each symbol. One query."""
    needed = bars_needed(condition) + 1
    found = bars_of_many(
        feed=feed_name,
        instruments=sorted(instruments.values()),
        timeframe=timeframe,
        until=until,
        limit=LOOKED_BACK + needed,
    )
    return tuple(
        _look(symbol, condition, found[key], needed) for symbol, key in instruments.items()
    )


def timeframe_of(*, trigger: Trigger) -> Timeframe:
    """The candles that its percentages count: its replay's, else daily ones."""
    replay: Replay | None = getattr(trigger.feed, "replay", None)
    return Timeframe(replay.timeframe) if replay else Timeframe.D1


def condition_of(*, trigger: Trigger) -> Condition | None:
    """The stored condition, or None for a time trigger and for one that cannot be read."""
    if trigger.type != Trigger.Type.PRICE:
        return None
    try:
        return parse_condition(trigger.condition)
    except InvalidCondition:
        return None


def instruments_of(*, trigger: Trigger) -> dict[str, Instrument]:
    """Its instruments by symbol, of the venues whose candles its feed has. One query."""
    feed = trigger.feed
    if feed is None or not trigger.symbols:
        return {}
    stored = Candle.objects.filter(feed=feed.source_id or feed.name).values("instrument")
    found = Instrument.objects.filter(symbol__in=trigger.symbols, id__in=stored)
    return {one.symbol: one for one in found.order_by("symbol", "venue")}


def drawn(
    *, trigger: Trigger, condition: Condition, instrument: Instrument, until: datetime
) -> dict[str, object]:
    """Candles complete at `until`, the line of the condition, and marks, as JSON. Two queries."""
    timeframe, needed = timeframe_of(trigger=trigger), bars_needed(condition) + 1
    history = bars(
        feed=trigger.feed_id or "",
        instrument=instrument.id,
        timeframe=timeframe,
        until=until,
        limit=AT_ONCE + needed,
    )
    found = look_back(condition=condition, bars=history)
    shown = slice(max(0, len(history) - AT_ONCE), None)
    starts = starts_of(bars=history[shown])
    part = LookBack(found.line[shown], found.fired_at[shown])
    span = span_of(starts=starts, last=until)
    marks = _would_marks(part, starts)
    if span is not None:
        marks += _firings(trigger, instrument, span, starts)
    return {
        "time": starts,
        **{name: column(getattr(history[shown], name)) for name in PRICES},
        "line": column(part.line),
        "timeframe": timeframe.value,
        "more": len(history) > AT_ONCE,
        "marks": [asdict(mark) for mark in sorted(marks, key=lambda mark: mark.start)],
    }


def _would_marks(found: LookBack, starts: tuple[int, ...]) -> list[Mark]:
    fired = np.flatnonzero(found.fired).tolist()
    return [Mark(starts[n], "would", f"Would have fired at {_price(found, n)}", "") for n in fired]


def _price(found: LookBack, number: int) -> str:
    return f"{float(found.fired_at[number]):,.2f}"


def _firings(
    trigger: Trigger, instrument: Instrument, span: Span, starts: tuple[int, ...]
) -> list[Mark]:
    firings = Firing.objects.filter(trigger=trigger)
    return firing_marks(firings=firings, symbol=instrument.symbol, span=span, starts=starts)


def _look(symbol: str, condition: Condition, history: Bars, needed: int) -> Look:
    found = look_back(condition=condition, bars=history)
    first = min(needed, max(0, len(history) - 1))
    fired = np.flatnonzero(found.fired[first:]) + first
    newest = [starts_of(bars=history)[n] for n in fired[::-1][:NEWEST].tolist()]
    moments = tuple(datetime.fromtimestamp(start, tz=UTC) for start in newest)
    return Look(symbol, len(history) - first, len(fired), moments)
