"""Orders at work, the newest fills and what the gate refused."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.states import TERMINAL, ExitReason, OrderState, Side
from trading.models import Assessment, Fill, Order
from tradingfarm.kernel.money import amount
from tradingfarm.pages.dashboard.refusals import sentences_of

FILLS, REFUSALS, ORDERS = 12, 6, 20
REASON_WORDS = {
    ExitReason.EXIT_SIGNAL: "exit signal",
    ExitReason.STOP_LOSS: "stop-loss",
    ExitReason.STOP_ON_EXCHANGE: "stop-loss at the exchange",
    ExitReason.TRAILING_STOP: "trailing stop",
    ExitReason.TAKE_PROFIT: "take-profit",
    ExitReason.TIME_EXIT: "time exit",
    ExitReason.FORCE_EXIT: "exit by hand",
    ExitReason.EMERGENCY_EXIT: "emergency exit",
}
STATE_WORDS = {
    OrderState.APPROVED: "approved, not yet sent",
    OrderState.SUBMITTING: "being sent",
    OrderState.OPEN: "open",
    OrderState.PARTIALLY_FILLED: "partly filled",
    OrderState.UNKNOWN: "unknown, being looked up",
    OrderState.FILLED: "filled",
    OrderState.REJECTED: "rejected by the exchange",
    OrderState.CANCELED: "canceled",
    OrderState.EXPIRED: "expired",
    OrderState.EXPIRED_LOCAL: "expired before it was sent",
    OrderState.NOT_PLACED: "proved not to be placed",
}


@dataclass(frozen=True)
class OrderRow:
    """One order at work. `worst_price` is the price beyond which it may not fill."""

    id: UUID
    symbol: str
    side: str
    quantity: Decimal
    filled: Decimal
    worst_price: Decimal
    state: str
    state_words: str
    agent: str
    as_of: datetime
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True)
class FillRow:
    """One fill; `realised` is None for a buy."""

    id: int
    order_id: UUID
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal | None
    why: str
    agent: str
    as_of: datetime
    tick_size: Decimal
    lot_size: Decimal


@dataclass(frozen=True)
class RefusalRow:
    """One order that the gate refused, with every reason as a sentence."""

    id: UUID
    symbol: str
    side: str
    quantity: Decimal | None
    agent: str
    sentences: tuple[str, ...]
    as_of: datetime
    lot_size: Decimal


def orders_at_work(*, account_id: UUID) -> tuple[OrderRow, ...]:
    """What is not ended, oldest first, twenty at most. One query."""
    orders = (
        Order.objects.filter(account=account_id)
        .exclude(state__in=sorted(TERMINAL))
        .select_related("instrument", "permission")
        .order_by("approved_at", "id")
    )
    return tuple(_order_row(order) for order in orders[:ORDERS])


def newest_fills(*, account_id: UUID) -> tuple[FillRow, ...]:
    """The twelve newest, newest first. One query."""
    fills = (
        Fill.objects.filter(account=account_id)
        .select_related("instrument", "permission", "order")
        .defer("order__reasoning")
        .order_by("-as_of", "-id")
    )
    return tuple(_fill_row(fill) for fill in fills[:FILLS])


def newest_refusals(*, account_id: UUID) -> tuple[RefusalRow, ...]:
    """The six newest refused orders, newest first. One query."""
    found = (
        Assessment.objects.filter(account=account_id, approved=False)
        .select_related("instrument", "permission")
        .order_by("-at", "id")
    )
    return tuple(_refusal_row(assessment) for assessment in found[:REFUSALS])


def _order_row(order: Order) -> OrderRow:
    return OrderRow(
        id=order.id,
        symbol=order.instrument.symbol,
        side=order.side,
        quantity=order.quantity,
        filled=order.filled_quantity,
        worst_price=order.worst_price,
        state=order.state,
        state_words=STATE_WORDS[OrderState(order.state)],
        agent=order.permission.agent_name if order.permission else order.source,
        as_of=order.as_of,
        tick_size=order.instrument.tick_size,
        lot_size=order.instrument.lot_size,
    )


def _fill_row(fill: Fill) -> FillRow:
    return FillRow(
        id=fill.pk,
        order_id=fill.order_id,
        symbol=fill.instrument.symbol,
        side=fill.side,
        quantity=fill.quantity,
        price=fill.price,
        fee=fill.fee,
        realised=fill.realised if fill.side == Side.SELL else None,
        why=why_of(fill.order),
        agent=fill.permission.agent_name if fill.permission else fill.order.source,
        as_of=fill.as_of,
        tick_size=fill.instrument.tick_size,
        lot_size=fill.instrument.lot_size,
    )


def why_of(order: Order) -> str:
    """Why a position was reduced, or the strategy of an entry."""
    if order.reason in REASON_WORDS:
        return REASON_WORDS[ExitReason(order.reason)]
    return (order.reason or order.strategy).replace("_", " ")


def _refusal_row(assessment: Assessment) -> RefusalRow:
    asked = assessment.request
    quantity = asked.get("quantity")
    return RefusalRow(
        id=assessment.id,
        symbol=assessment.instrument.symbol,
        side=str(asked.get("side", "")),
        quantity=None if quantity is None else amount(quantity),
        agent=assessment.permission.agent_name if assessment.permission else "",
        sentences=sentences_of(denials=assessment.denials, checks=assessment.checks),
        as_of=assessment.as_of,
        lot_size=assessment.instrument.lot_size,
    )
