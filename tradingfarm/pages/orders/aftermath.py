"""What came of an order: its own fills, and for an entry the exits from what it bought.

An agent's part of a position is one pool at average cost. What an exit takes from a pool with
several entries is taken from each in proportion, and so is its realised P&L.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.states import Side
from trading.models import Fill, Order, Protection
from tradingfarm.kernel.money import MONEY, ZERO
from tradingfarm.pages.dashboard.orders import why_of
from tradingfarm.pages.orders.fills import LATER_FILLS, FillLine, fill_line, fills_since
from tradingfarm.pages.orders.words import KIND_WORDS, PROTECTION_WORDS, source_words


@dataclass(frozen=True)
class Exit:
    """One order that sold from an entry. `quantity` and `realised` are this entry's part of it.

    `sold` is what it sold of the whole pool, `average` the price; realised is net of fees.
    """

    order_id: UUID
    why: str
    who: str
    quantity: Decimal
    sold: Decimal
    average: Decimal
    realised: Decimal
    as_of: datetime
    at: datetime


@dataclass(frozen=True)
class ProtectionLine:
    """An exit that came from the order; times are wall times, but `due_at` of a time exit.

    `name` is its kind for people. A time exit has no price; `trailing_pct` and `highest` are of a
    trailing stop.
    """

    id: UUID
    kind: str
    name: str
    price: Decimal | None
    trailing_pct: Decimal | None
    highest: Decimal | None
    due_at: datetime | None
    state: str
    words: str
    attempts: int
    armed_at: datetime
    fired_at: datetime | None
    ended_at: datetime | None
    exit_id: UUID | None


@dataclass(frozen=True)
class Aftermath:
    """What became of an order.

    For an entry, `left` is what is still held of it, `cost_left` its part of the pool's cost, and
    `pooled` says that other entries shared the pool. `realised` is of the exits, of an exit its
    own. `is_complete` is false where too many fills followed to be followed here.
    """

    order: Order
    fills: tuple[FillLine, ...]
    exits: tuple[Exit, ...]
    protections: tuple[ProtectionLine, ...]
    left: Decimal
    cost_left: Decimal
    realised: Decimal
    pooled: bool
    is_complete: bool

    @property
    def is_entry(self) -> bool:
        return self.order.side == Side.BUY

    @property
    def closed_as_of(self) -> datetime | None:
        """Market time of the exit that sold the last of it."""
        return self.exits[-1].as_of if self.exits and self.left == 0 else None

    def unrealised(self, last: Decimal | None) -> Decimal | None:
        """P&L of what is left at a price; None without one."""
        return None if last is None else self.left * last - self.cost_left


@dataclass
class _Pool:
    """An agent's part of a position while its fills are walked through."""

    held: Decimal
    cost: Decimal
    mine: Decimal = ZERO
    pooled: bool = False


def aftermath_of(*, order: Order) -> Aftermath:
    """What became of an order, from its first fill on. Two queries."""
    fills = fills_since(order=order)
    protections = tuple(protection_line(each) for each in _protections(order))
    return follow(order=order, fills=fills, protections=protections)


def follow(
    *, order: Order, fills: Sequence[Fill], protections: tuple[ProtectionLine, ...] = ()
) -> Aftermath:
    """Walk through the fills of the order's pool, from its own first one on, in their order.

    The first carries `held_before` and `cost_before`: the pool without any of them.
    """
    notes = vars(fills[0]) if fills else {}
    pool = _Pool(notes.get("held_before") or ZERO, notes.get("cost_before") or ZERO)
    pool.pooled = pool.held > 0
    exits: dict[UUID, Exit] = {}
    own: list[FillLine] = []
    for fill in fills:
        if fill.order_id == order.id:
            own.append(fill_line(fill=fill, after=pool.held + _signed(fill)))
        _take(pool, fill, order, exits)
    return Aftermath(
        order=order,
        fills=tuple(own),
        exits=tuple(exits.values()),
        protections=protections,
        left=pool.mine,
        cost_left=MONEY.divide(pool.cost * pool.mine, pool.held) if pool.mine else ZERO,
        realised=_realised(order, own, exits),
        pooled=pool.pooled,
        is_complete=len(fills) < LATER_FILLS or pool.mine == 0,
    )


def _take(pool: _Pool, fill: Fill, order: Order, exits: dict[UUID, Exit]) -> None:
    """Move the pool by one fill, and note what a sell takes from this entry."""
    if fill.side == Side.BUY:
        pool.held += fill.quantity
        pool.cost += fill.value + fill.fee
        if fill.order_id == order.id:
            pool.mine += fill.quantity
        elif pool.mine:
            pool.pooled = True
        return
    share = MONEY.divide(fill.quantity, pool.held) if pool.held else ZERO
    if pool.mine:
        part = MONEY.divide(pool.mine, pool.held)
        _note(exits, fill, taken=pool.mine * share, part=part)
    is_all = fill.quantity >= pool.held
    pool.mine = ZERO if is_all else pool.mine - pool.mine * share
    pool.cost = ZERO if is_all else pool.cost - (fill.value - fill.fee - fill.realised)
    pool.held -= fill.quantity


def _note(exits: dict[UUID, Exit], fill: Fill, *, taken: Decimal, part: Decimal) -> None:
    before = exits.get(fill.order_id)
    sold = fill.quantity + (before.sold if before else ZERO)
    value = fill.value + (before.average * before.sold if before else ZERO)
    exits[fill.order_id] = Exit(
        order_id=fill.order_id,
        why=why_of(fill.order),
        who=source_words(fill.order),
        quantity=taken + (before.quantity if before else ZERO),
        sold=sold,
        average=MONEY.divide(value, sold),
        realised=fill.realised * part + (before.realised if before else ZERO),
        as_of=fill.as_of,
        at=fill.at,
    )


def _realised(order: Order, own: Sequence[FillLine], exits: dict[UUID, Exit]) -> Decimal:
    if order.side == Side.SELL:
        return sum((fill.realised for fill in own if fill.realised is not None), ZERO)
    return sum((each.realised for each in exits.values()), ZERO)


def _signed(fill: Fill) -> Decimal:
    quantity: Decimal = fill.quantity
    return quantity if fill.side == Side.BUY else -quantity


def _protections(order: Order) -> list[Protection]:
    if order.side == Side.SELL:
        return []
    return list(Protection.objects.filter(entry=order.id).order_by("kind", "id"))


def protection_line(row: Protection) -> ProtectionLine:
    return ProtectionLine(
        id=row.id,
        kind=row.kind,
        name=KIND_WORDS[row.kind],
        price=row.price,
        trailing_pct=row.trailing_pct,
        highest=row.highest,
        due_at=row.due_at,
        state=row.state,
        words=PROTECTION_WORDS.get(row.state, row.state.lower()),
        attempts=row.attempts,
        armed_at=row.armed_at,
        fired_at=row.fired_at,
        ended_at=row.ended_at,
        exit_id=row.exit_id,
    )
