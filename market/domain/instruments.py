"""Who an instrument is, wherever it is spoken of."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

INSTRUMENTS = uuid5(NAMESPACE_DNS, "instruments.tradingfarm")


@dataclass(frozen=True)
class Listing:
    """An instrument as a feed quotes it. `tick_size` is the step of its prices."""

    instrument_id: UUID
    symbol: str
    tick_size: Decimal


def instrument_id(*, venue: str, symbol: str) -> UUID:
    """The id of a symbol on a venue: the same on every farm and in every replay."""
    return uuid5(INSTRUMENTS, f"{venue}:{symbol}")
