"""The chart beside a story, as JSON carries it: what was known, and apart what came since.

The part that was known holds candles that were complete when the team looked, and the price that
it saw; nothing later. Daily candles, as the context is made of them.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from market.domain.candles import Bars, Timeframe
from market.models import Instrument
from market.selectors.candles import bars
from tradingfarm.kernel.money import plain
from tradingfarm.pages.executions.rows import Rows
from tradingfarm.pages.executions.story import Story
from tradingfarm.pages.markets.charting import Column, column, starts_of

BEFORE, AFTER = 60, 60
COLUMNS = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Line:
    """A price that mattered. `kind` is level, stop, target or average."""

    kind: str
    price: float
    words: str


@dataclass(frozen=True)
class Mark:
    """A fill, of the order (`kind` buy or sell) or of an exit from it, with its order's page."""

    start: int
    kind: str
    price: float
    words: str
    address: str


@dataclass(frozen=True)
class Chart:
    """`known` and `since` are columns of candles; `seen` is the moment's day and its price."""

    symbol: str
    tick: str
    zone: str
    as_of: int
    known: dict[str, Column | tuple[int, ...]]
    since: dict[str, Column | tuple[int, ...]]
    seen: tuple[int, float] | None
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]

    def plain(self) -> dict[str, object]:
        return asdict(self)


def chart_of(*, rows: Rows, story: Story) -> Chart | None:
    """The chart of what the story is about; None when it is about no instrument. Two queries."""
    instrument = story.instrument
    if instrument is None:
        return None
    as_of = rows.known.as_of if rows.known else rows.execution.as_of
    feed = rows.execution.account.feed_id
    known = _bars(feed, instrument, until=as_of, limit=BEFORE)
    seen = _seen(rows, story, instrument.symbol)
    return Chart(
        symbol=instrument.symbol,
        tick=plain(instrument.tick_size),
        zone=rows.execution.account.time_zone,
        as_of=int(as_of.timestamp()),
        known=_columns(known),
        since=_columns(_since(rows, instrument, known, as_of)),
        seen=None if seen is None else (_day(as_of), float(seen)),
        lines=_lines(rows, story),
        marks=_marks(story, instrument.symbol),
    )


def _bars(feed: str, instrument: Instrument, *, until: datetime, limit: int) -> Bars:
    return bars(
        feed=feed, instrument=instrument.id, timeframe=Timeframe.D1, until=until, limit=limit
    )


def _since(rows: Rows, instrument: Instrument, known: Bars, as_of: datetime) -> Bars:
    """The candles that became complete after it, as far as the feed's own clock has come."""
    quote = rows.quotes.get(instrument.symbol)
    if quote is None:
        return known[:0]
    # Markets are closed on some days: twice as many days hold the candles that are asked for.
    until = min(quote.as_of, as_of + timedelta(days=2 * AFTER))
    feed = rows.execution.account.feed_id
    later = _bars(feed, instrument, until=until, limit=2 * AFTER)
    if len(known):
        later = later[int((later.start <= known.start[-1]).sum()) :]
    return later[:AFTER]


def _seen(rows: Rows, story: Story, symbol: str) -> Decimal | None:
    """The price that the agents were shown."""
    view = rows.known.symbol(symbol) if rows.known else None
    if view is not None:
        return view.last
    if rows.proposal is not None:
        return rows.proposal.price
    return next((each.price for each in story.causes if each.symbol == symbol), None)


def _lines(rows: Rows, story: Story) -> tuple[Line, ...]:
    symbol = story.instrument.symbol if story.instrument else ""
    levels = [each for each in story.causes if each.level and each.symbol == symbol]
    found = [Line("level", float(each.level or 0), "trigger") for each in levels[:1]]
    approved = rows.decision if rows.decision and rows.decision.quantity else None
    decided = approved or rows.proposal
    if decided is not None and decided.stop_loss:
        found.append(Line("stop", float(decided.stop_loss), "stop"))
    if decided is not None and decided.take_profit:
        found.append(Line("target", float(decided.take_profit), "target"))
    return tuple(found)


def _marks(story: Story, symbol: str) -> tuple[Mark, ...]:
    after = story.aftermath
    if after is None:
        return ()
    verb = "Bought" if after.is_entry else "Sold"
    own = [
        Mark(
            _day(fill.as_of),
            fill.side,
            float(fill.price),
            f"{verb} {plain(fill.quantity)} {symbol} at {plain(fill.price)}",
            _address(fill.order_id),
        )
        for fill in after.fills
    ]
    exits = [
        Mark(
            _day(each.as_of),
            "sell",
            float(each.average),
            f"Sold at {plain(each.average)}: {each.why or 'an exit'}",
            _address(each.order_id),
        )
        for each in after.exits
    ]
    return (*own, *exits)


def _address(order_id: UUID) -> str:
    return reverse("order", args=[order_id])


def _columns(found: Bars) -> dict[str, Column | tuple[int, ...]]:
    prices: dict[str, Column | tuple[int, ...]] = {
        name: column(getattr(found, name)) for name in COLUMNS
    }
    return prices | {"time": starts_of(bars=found)}


def _day(moment: datetime) -> int:
    """The start of the daily candle that a moment lies in, in Unix seconds."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(midnight.timestamp())
