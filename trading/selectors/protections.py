"""Armed protections, as the engine's index needs them."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Protection


@dataclass(frozen=True)
class ArmedProtection:
    """The price of an exit: at or below it for a stop, at or above it for a target."""

    id: UUID
    instrument_id: UUID
    kind: ProtectionKind
    price: Decimal


def armed(*, feed_name: str) -> list[ArmedProtection]:
    """All armed protections of accounts on the feed, stops first, then by id: one query."""
    rows = Protection.objects.filter(
        state=ProtectionState.ARMED, account__feed_id=feed_name
    ).values_list("id", "instrument_id", "kind", "price")
    return [
        ArmedProtection(key, instrument, ProtectionKind(kind), price)
        for key, instrument, kind, price in sorted(rows, key=_stops_first)
    ]


def _stops_first(row: tuple[UUID, UUID, str, Decimal]) -> tuple[bool, str]:
    return row[2] != ProtectionKind.STOP_LOSS, str(row[0])
