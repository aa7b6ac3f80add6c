"""Symbols as the triggers of a feed mean them."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from market.models import Candle, Feed, Instrument, Quote


def instruments_on(*, feed: Feed, symbols: Iterable[str]) -> dict[str, UUID]:
    """The instruments of these symbols that have prices on the feed, stored or streamed.

    A replay has those of its source. A symbol without prices is missing.
    """
    return _by_symbol(feed, {"symbol__in": sorted(set(symbols))})


def symbols_on(*, feed: Feed) -> list[str]:
    """All symbols that have prices on the feed, in alphabetical order."""
    return sorted(_by_symbol(feed, {}))


def _by_symbol(feed: Feed, wanted: dict[str, list[str]]) -> dict[str, UUID]:
    candles = Candle.objects.filter(
        feed_id=feed.source_id or feed.name, instrument_id=OuterRef("id")
    )
    quotes = Quote.objects.filter(feed=feed, instrument_id=OuterRef("id"))
    found = Instrument.objects.filter(Exists(candles) | Exists(quotes), **wanted)
    return dict(found.order_by("venue").values_list("symbol", "id"))
