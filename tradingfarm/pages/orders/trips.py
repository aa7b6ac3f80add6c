"""Round trips: from flat to flat, over all agents that shared a position."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.domain.states import Side
from trading.models import Fill
from tradingfarm.kernel.money import MONEY, ZERO
from tradingfarm.pages.dashboard.orders import why_of


@dataclass(frozen=True)
class Trip:
    """One round trip. Times are market times; `closed_as_of` is None while it is open.

    `opened_as_of` is None for one that began before the fills that were looked at. `realised` is
    net of fees; averages are None where nothing was bought or sold.
    """

    opened_as_of: datetime | None
    closed_as_of: datetime | None
    bought: Decimal
    average_in: Decimal | None
    average_out: Decimal | None
    realised: Decimal
    fees: Decimal
    exits: tuple[str, ...]


@dataclass
class _Running:
    """A round trip while its fills are gathered."""

    held: Decimal = ZERO
    opened_as_of: datetime | None = None
    bought: Decimal = ZERO
    paid: Decimal = ZERO
    sold: Decimal = ZERO
    got: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    exits: list[str] = field(default_factory=list)

    def trip(self, *, closed_as_of: datetime | None) -> Trip:
        return Trip(
            opened_as_of=self.opened_as_of,
            closed_as_of=closed_as_of,
            bought=self.bought,
            average_in=MONEY.divide(self.paid, self.bought) if self.bought else None,
            average_out=MONEY.divide(self.got, self.sold) if self.sold else None,
            realised=self.realised,
            fees=self.fees,
            exits=tuple(dict.fromkeys(self.exits)),
        )


def trips_of(*, fills: Sequence[Fill], held_before: Decimal = ZERO) -> tuple[Trip, ...]:
    """The round trips of fills in the order they were booked, the newest first."""
    found: list[Trip] = []
    running = _Running(held=held_before)
    for fill in fills:
        _add(running, fill)
        if running.held <= 0:
            found.append(running.trip(closed_as_of=fill.as_of))
            running = _Running()
    if running.held > 0:
        found.append(running.trip(closed_as_of=None))
    return tuple(reversed(found))


def _add(running: _Running, fill: Fill) -> None:
    running.fees += fill.fee
    if fill.side == Side.BUY:
        if running.held == 0:
            running.opened_as_of = fill.as_of
        running.held += fill.quantity
        running.bought += fill.quantity
        running.paid += fill.value
        return
    running.held -= fill.quantity
    running.sold += fill.quantity
    running.got += fill.value
    running.realised += fill.realised
    running.exits.append(why_of(fill.order) or "exit")
