"""What happened to an instrument, as marks on its chart: fills, firings and splits."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from market.domain.candles import StockSplit
from trading.models import Fill
from tradingfarm.kernel.money import plain
from triggers.models import Firing

MOST = 500


@dataclass(frozen=True)
class Mark:
    """One mark at the start of its candle (Unix seconds), with the page that it leads to.

    `kind` is buy, sell, firing or split.
    """

    start: int
    kind: str
    words: str
    address: str


@dataclass(frozen=True)
class Span:
    """The part of a chart that marks are for: market times, the first included, the last too."""

    first: datetime
    last: datetime


def span_of(*, starts: Sequence[int], last: datetime) -> Span | None:
    """From the first candle on; None without candles."""
    return Span(datetime.fromtimestamp(starts[0], tz=UTC), last) if starts else None


def fill_marks(
    *, account_id: UUID, instrument_id: UUID, span: Span, starts: Sequence[int]
) -> list[Mark]:
    """The account's fills, the newest 500 at most. One query."""
    found = Fill.objects.filter(
        account=account_id, instrument=instrument_id, as_of__gte=span.first, as_of__lte=span.last
    ).order_by("-as_of", "-id")
    rows = found.values_list("as_of", "side", "quantity", "price", "order_id")[:MOST]
    return [
        Mark(
            candle_of(moment=as_of, starts=starts),
            side,
            _fill_words(side, quantity, price),
            reverse("order", args=[order]),
        )
        for as_of, side, quantity, price, order in rows
    ]


def firing_marks(
    *, firings: QuerySet[Firing], symbol: str, span: Span, starts: Sequence[int]
) -> list[Mark]:
    """Those of some firings that one symbol caused, the newest 500 at most. One query."""
    found = firings.filter(
        evidence__symbol=symbol, as_of__gte=span.first, as_of__lte=span.last
    ).order_by("-as_of")
    rows = found.values_list("id", "as_of", "title", "refused", "trigger_id")[:MOST]
    return [
        Mark(
            candle_of(moment=as_of, starts=starts),
            "refused" if refused else "firing",
            f"{title}: {refused}" if refused else title,
            f"{reverse('trigger', args=[trigger])}#firing-{key}",
        )
        for key, as_of, title, refused, trigger in rows
    ]


def split_marks(*, splits: Sequence[StockSplit], span: Span, starts: Sequence[int]) -> list[Mark]:
    """The splits that became effective within the candles."""
    return [
        Mark(starts[place], "split", f"Split {split.numerator}:{split.denominator}", "")
        for split in splits
        if span.first <= _midnight(split.effective_on) <= span.last
        and (place := bisect_left(starts, _midnight(split.effective_on).timestamp())) < len(starts)
    ]


def candle_of(*, moment: datetime, starts: Sequence[int]) -> int:
    """The start of the candle that a moment lies in; the first one for an earlier moment."""
    return starts[max(0, bisect_right(starts, moment.timestamp()) - 1)]


def _fill_words(side: str, quantity: Decimal, price: Decimal) -> str:
    verb = "Bought" if side == "buy" else "Sold"
    return f"{verb} {plain(quantity)} at {plain(price)}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
