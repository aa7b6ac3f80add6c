"""One position with its shares, protections, orders, fills and round trips."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.states import Side
from trading.models import Fill, Position, PositionShare, Protection
from tradingfarm.kernel.money import MONEY, ZERO
from tradingfarm.pages.dashboard.accounts import AccountPage
from tradingfarm.pages.dashboard.positions import PositionRow
from tradingfarm.pages.lists.orders import OrderRow, order_row, orders_of
from tradingfarm.pages.orders.aftermath import ProtectionLine, protection_line
from tradingfarm.pages.orders.fills import FillLine, fill_line
from tradingfarm.pages.orders.spans import span_words
from tradingfarm.pages.orders.trips import Trip, trips_of

FILLS, SHOWN, ORDERS, PROTECTIONS = 1_000, 20, 20, 40


@dataclass(frozen=True)
class Share:
    """The part of a position that belongs to one agent; `agent_id` is None for a person's.

    `offered` is the quantity in sells at work. `bare_for` is how long no working stop has covered
    it, in words, '' while one does; `bare_seconds` are of the spans that have ended.
    """

    id: int
    name: str
    agent_id: UUID | None
    quantity: Decimal
    offered: Decimal
    average: Decimal | None
    cost: Decimal
    realised: Decimal
    fees: Decimal
    bare_for: str
    is_alarming: bool
    bare_seconds: Decimal

    @property
    def is_held(self) -> bool:
        return self.quantity > 0


@dataclass(frozen=True)
class PositionNow:
    """A position and what it is worth. `row` has its live figures, None once it is flat."""

    position: Position
    row: PositionRow | None

    @property
    def is_open(self) -> bool:
        return bool(self.position.quantity > 0)

    @property
    def total(self) -> Decimal:
        """P&L realised and unrealised together."""
        unrealised = self.row.unrealised if self.row else ZERO
        return Decimal(self.position.realised) + unrealised


@dataclass(frozen=True)
class PositionPage(PositionNow):
    """A position with all that led to it.

    Of fills and orders the newest are shown; `has_more_fills` when older ones were left out of
    the round trips, too.
    """

    shares: tuple[Share, ...]
    working: tuple[ProtectionLine, ...]
    ended: tuple[ProtectionLine, ...]
    orders: tuple[OrderRow, ...]
    fills: tuple[FillLine, ...]
    trips: tuple[Trip, ...]
    has_more_fills: bool


def position_now(
    *, page: AccountPage, instrument_id: UUID, rows: Sequence[PositionRow]
) -> PositionNow | None:
    """The account's position in an instrument; None when it never had one. One query."""
    position = (
        Position.objects.filter(account=page.id, instrument=instrument_id)
        .select_related("instrument")
        .first()
    )
    if position is None:
        return None
    row = next((row for row in rows if row.instrument_id == instrument_id), None)
    return PositionNow(position, row)


def position_page(
    *, page: AccountPage, instrument_id: UUID, rows: Sequence[PositionRow], at: datetime
) -> PositionPage | None:
    """The same with all that led to it, at wall time `at`; None when there never was one.

    Five queries.
    """
    known = position_now(page=page, instrument_id=instrument_id, rows=rows)
    if known is None:
        return None
    position = known.position
    fills = _fills(position)
    before = position.quantity - sum((_signed(fill) for fill in fills), ZERO)
    protections = _protections(position)
    orders = orders_of(page).filter(instrument=instrument_id).order_by("-approved_at", "-id")
    return PositionPage(
        position=position,
        row=known.row,
        shares=_shares(position, at=at),
        working=tuple(line for line in protections if line.ended_at is None),
        ended=tuple(line for line in protections if line.ended_at is not None),
        orders=tuple(order_row(order) for order in orders[:ORDERS]),
        fills=_lines(fills, before)[:SHOWN],
        trips=trips_of(fills=fills, held_before=before),
        has_more_fills=len(fills) == FILLS,
    )


def _fills(position: Position) -> list[Fill]:
    """The newest thousand in the order they were booked."""
    found = (
        Fill.objects.filter(account=position.account_id, instrument=position.instrument_id)
        .select_related("order")
        .defer("order__reasoning")
        .order_by("-id")
    )
    return list(reversed(found[:FILLS]))


def _signed(fill: Fill) -> Decimal:
    quantity: Decimal = fill.quantity
    return quantity if fill.side == Side.BUY else -quantity


def _lines(fills: Sequence[Fill], before: Decimal) -> tuple[FillLine, ...]:
    """The newest first, each with what was held after it."""
    lines, held = [], before
    for fill in fills:
        held += _signed(fill)
        lines.append(fill_line(fill=fill, after=held))
    return tuple(reversed(lines))


def _protections(position: Position) -> tuple[ProtectionLine, ...]:
    found = Protection.objects.filter(share__position=position).order_by("-armed_at", "kind")
    return tuple(protection_line(each) for each in found[:PROTECTIONS])


def _shares(position: Position, *, at: datetime) -> tuple[Share, ...]:
    shares = PositionShare.objects.filter(position=position).select_related("permission")
    return tuple(_share(share, at=at) for share in shares.order_by("-quantity", "id"))


def _share(share: PositionShare, *, at: datetime) -> Share:
    permission, since = share.permission, share.unprotected_since
    return Share(
        id=share.id,
        name=permission.agent_name if permission else "By hand",
        agent_id=permission.agent_id if permission else None,
        quantity=share.quantity,
        offered=share.reserved_quantity,
        average=MONEY.divide(share.cost, share.quantity) if share.quantity else None,
        cost=share.cost,
        realised=share.realised,
        fees=share.fees,
        bare_for=span_words(at - since) if since and share.quantity > 0 else "",
        is_alarming=share.unprotected_alarm_at is not None,
        bare_seconds=share.unprotected_seconds,
    )
