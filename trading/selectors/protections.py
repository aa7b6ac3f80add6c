"""Armed protections, as the engine's index needs them, and whether they have changed."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Q

from trading.domain.protection import Terms, rank
from trading.domain.states import ProtectionKind, ProtectionState
from trading.models import Protection

# Every change of a protection is journaled in its account's stream, in the same transaction, and
# a stream's sequence only grows: no change can hide from the sum, and no row is looked at.
VERSION = """
SELECT count(s.seq), coalesce(sum(s.seq), 0) FROM trading_account a
LEFT JOIN journal_stream s ON s.name = 'account:' || a.id
WHERE a.feed_id = %s
"""


@dataclass(frozen=True)
class Trail:
    """How a trailing stop follows: percent below the highest price, on the tick."""

    percent: Decimal
    highest: Decimal
    tick_size: Decimal


@dataclass(frozen=True)
class ArmedProtection:
    """What an exit waits for: a price at or below it for a stop, at or above it for a target.

    A time exit has no price but a moment of market time. `has_fired`: it waits for nothing but
    that others' orders on its share are canceled.
    """

    id: UUID
    instrument_id: UUID
    kind: ProtectionKind
    price: Decimal | None
    trail: Trail | None = None
    due_at: datetime | None = None
    has_fired: bool = False

    @property
    def precedence(self) -> tuple[int, str]:
        """Its place among those reached at once: stops first, then by id."""
        return rank(self.kind), str(self.id)

    @property
    def terms(self) -> Terms:
        return Terms(
            price=self.price,
            trailing_pct=self.trail.percent if self.trail else None,
            highest=self.trail.highest if self.trail else None,
            due_at=self.due_at,
        )


def armed(*, feed_name: str) -> list[ArmedProtection]:
    """All protections of accounts on the feed that wait, stops first, then by id: one query."""
    waiting = Q(state=ProtectionState.ARMED) | Q(state=ProtectionState.FIRED, exit=None)
    rows = Protection.objects.filter(waiting, account__feed_id=feed_name).values_list(
        "id",
        "instrument_id",
        "kind",
        "price",
        "trailing_pct",
        "highest",
        "instrument__tick_size",
        "due_at",
        "state",
    )
    found = [
        ArmedProtection(
            id=key,
            instrument_id=instrument,
            kind=ProtectionKind(kind),
            price=price,
            trail=None if percent is None else Trail(percent, highest, tick_size),
            due_at=due_at,
            has_fired=state == ProtectionState.FIRED,
        )
        for key, instrument, kind, price, percent, highest, tick_size, due_at, state in rows
    ]
    return sorted(found, key=lambda protection: protection.precedence)


def version(*, feed_name: str) -> tuple[int, int]:
    """Grows with every event of the feed's accounts: as long as it stays, so do protections.

    Only the following of a high price is not an event; the engine that owns the feed does it.
    One query over the accounts' stream heads. Read it before what it is the version of.
    """
    with connection.cursor() as cursor:
        cursor.execute(VERSION, [feed_name])
        streams, events = cursor.fetchone() or (0, 0)
    return streams, int(events)
