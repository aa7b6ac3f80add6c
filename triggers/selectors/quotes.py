"""Stored quotes as the ticks that they were."""

from uuid import UUID

from market.domain.ticks import Tick
from market.models import Quote
from market.selectors.quotes import quotes


def stored_ticks(*, feed_name: str) -> dict[UUID, Tick]:
    """The newest tick of each instrument of a feed, by instrument id; empty before the first."""
    return {key: _tick(quote) for key, quote in quotes(feed=feed_name).items()}


def _tick(quote: Quote) -> Tick:
    return Tick(
        instrument_id=quote.instrument_id,
        symbol=quote.instrument.symbol,
        last=quote.last,
        bid=quote.bid,
        ask=quote.ask,
        volume=quote.volume,
        at=quote.as_of,
        day_open=quote.day_open,
        previous_close=quote.previous_close,
        bar_high=quote.bar_high,
        bar_low=quote.bar_low,
    )
