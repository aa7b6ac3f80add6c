"""The newest price of each instrument on a feed."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Max

from market.models import Quote


def quotes(*, feed: str, instruments: Iterable[UUID] | None = None) -> dict[UUID, Quote]:
    """Quotes by instrument id, of all instruments of the feed or of those named.

    An instrument that never ticked there is missing. Instruments come with their quotes.
    """
    found = Quote.objects.filter(feed_id=feed).select_related("instrument")
    if instruments is not None:
        found = found.filter(instrument_id__in=list(instruments))
    return {quote.instrument_id: quote for quote in found}


def newest_quotes(*, feeds: Iterable[str]) -> dict[str, datetime]:
    """When each of these feeds last brought a quote, wall time; without one it is left out."""
    quotes = Quote.objects.filter(feed__in=list(feeds)).order_by().values("feed")
    return dict(quotes.annotate(newest=Max("at")).values_list("feed", "newest"))
