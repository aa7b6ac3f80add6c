"""What came of an execution's order since: exits, what is left, and what it is worth now."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from market.models import Instrument
from tradingfarm.pages.executions.rows import Rows
from tradingfarm.pages.orders.aftermath import Aftermath
from tradingfarm.pages.orders.spans import span_words


@dataclass(frozen=True)
class Since:
    """What came of it, at `last`, the newest price, as of market time `last_as_of`.

    `total` is realised and unrealised together; `held_for` market time in words.
    """

    aftermath: Aftermath
    instrument: Instrument
    instrument_id: UUID
    last: Decimal | None
    last_as_of: datetime | None
    unrealised: Decimal | None
    total: Decimal | None
    held_for: str


def since_of(*, rows: Rows) -> Since | None:
    """What came of the order's fills, None before there are any."""
    after, order = rows.aftermath, rows.order
    if after is None or order is None or not after.fills:
        return None
    quote = rows.quotes.get(order.instrument.symbol)
    last, last_as_of = (quote.last, quote.as_of) if quote else (None, None)
    unrealised = after.unrealised(last)
    until = after.closed_as_of or last_as_of
    return Since(
        aftermath=after,
        instrument=order.instrument,
        instrument_id=order.instrument_id,
        last=last,
        last_as_of=last_as_of,
        unrealised=unrealised,
        total=None if unrealised is None else after.realised + unrealised,
        held_for=_held_for(after.fills[0].as_of, until),
    )


def _held_for(bought: datetime, until: datetime | None) -> str:
    if until is None or until <= bought:
        return "no market time"
    return span_words(until - bought)
