"""What the judge reads, as frozen values: the paper exchange's own tables, and the farm's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.ledger import Lot

ZERO = Decimal(0)


@dataclass(frozen=True)
class PaperOrder:
    """An order as the exchange knows it. `number` is its place in the exchange's own sequence."""

    number: int
    client_order_id: str
    instrument: UUID
    side: str
    quantity: Decimal
    worst_price: Decimal
    fee_rate: Decimal
    state: str
    placed_at: datetime


@dataclass(frozen=True)
class PaperTrade:
    """A trade as the exchange knows it. `at` is the wall time of its match."""

    number: int
    client_order_id: str
    trade_id: str
    instrument: UUID
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True)
class Order:
    """An order as the farm believes it to be."""

    client_order_id: str
    intent_key: str
    source: str
    instrument: UUID
    side: str
    quantity: Decimal
    state: str
    permission: UUID | None = None
    decision: UUID | None = None
    filled_quantity: Decimal = ZERO
    reserved_cash: Decimal = ZERO
    claimed_at: datetime | None = None


@dataclass(frozen=True)
class Fill:
    """A trade as the farm has booked it."""

    number: int
    client_order_id: str
    trade_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True)
class Share:
    """One agent's part of a position, as the farm has stored it."""

    instrument: UUID
    permission: UUID | None
    quantity: Decimal
    reserved: Decimal = ZERO


@dataclass(frozen=True)
class Tables:
    """One account in all of its tables, read in one snapshot."""

    account: str
    cash: Decimal
    reserved: Decimal = ZERO
    movements: Sequence[Decimal] = ()
    positions: Mapping[UUID, Lot] = field(default_factory=dict)
    shares: Sequence[Share] = ()
    orders: Sequence[Order] = ()
    fills: Sequence[Fill] = ()
    paper_orders: Sequence[PaperOrder] = ()
    paper_trades: Sequence[PaperTrade] = ()
