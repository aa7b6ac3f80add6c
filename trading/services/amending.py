"""Changing an order that rests: the old one is canceled, and only then a new one takes its place.

Never both at once: the new order is made, through the gate and with an id of its own, when the
exchange has confirmed that the old one is canceled, for what the old one has not filled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from trading.domain.requests import OrderRequest
from trading.domain.states import (
    TERMINAL,
    OrderState,
    OrderType,
    RiskLevel,
    Side,
    Source,
    TimeInForce,
)
from trading.models import Account, Order
from trading.services.barrier import own_barrier
from trading.services.canceling import AT_REST, Cancellation, cancel_locked
from trading.services.decisions import decide
from tradingfarm.kernel.errors import FarmError
from tradingfarm.kernel.journal import account_stream, record, transaction
from tradingfarm.kernel.money import plain

REPLACED = (OrderState.CANCELED, OrderState.EXPIRED)


class CannotAmend(FarmError):
    """The order cannot be changed as asked; the message says why, and what to do instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@dataclass(frozen=True)
class Amendment:
    """What is to be different; None stays as it is. The quantity is the whole, filled part too."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


def amend_order(
    *, order_id: UUID, amendment: Amendment, requested_by: str, at: datetime
) -> Cancellation:
    """Have the order canceled and replaced. Raises CannotAmend, and Order.DoesNotExist.

    The gate decides about the new order when the old one has gone; what it denies is not replaced.
    """
    with transaction():
        account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
        own_barrier(account_id=account_id)
        order = Order.objects.select_related("account", "instrument").get(id=order_id)
        _refuse(order, amendment)
        order.amendment = _stored(amendment)
        order.save(update_fields=["amendment"])
        return cancel_locked(order=order, requested_by=requested_by, at=at)


def _refuse(order: Order, amendment: Amendment) -> None:
    if order.state not in AT_REST:
        raise CannotAmend(f"Only an order that rests can be changed; this one is {order.state}.")
    if order.source not in (Source.AGENT, Source.PERSON):
        raise CannotAmend("The farm's own exits are moved through what they protect.")
    if amendment == Amendment():
        raise CannotAmend("Say what is to be different: quantity, limit price or stop price.")
    if amendment.quantity is not None and amendment.quantity <= order.filled_quantity:
        raise CannotAmend(
            f"{plain(order.filled_quantity)} are filled already; cancel the order instead."
        )
    for name in ("limit_price", "stop_price"):
        if getattr(amendment, name) is not None and getattr(order, name) is None:
            raise CannotAmend(f"A {order.order_type} order has no {name.replace('_', ' ')}.")


def _stored(amendment: Amendment) -> dict[str, str]:
    return {
        name: plain(value) for name, value in vars(amendment).items() if isinstance(value, Decimal)
    }


def replace_canceled(*, account: Account, now: datetime, at: datetime) -> int:
    """Put the new order in the place of each amended one that has ended; returns how many ended.

    An order that was filled before it could be canceled is not replaced. `now` is market time,
    `at` wall time; doing it again makes no second order.
    """
    ended = account.orders.filter(amendment__isnull=False, state__in=sorted(TERMINAL))
    orders = list(ended.order_by("ended_at", "id"))
    for order in orders:
        if order.state in REPLACED and (request := _replacement(order)):
            decide(
                account_id=account.id,
                request=request,
                actor=order.cancel_requested_by,
                now=now,
                at=at,
            )
        _forget(order, at=at)
    return len(orders)


def _replacement(order: Order) -> OrderRequest | None:
    wanted: Mapping[str, str] = order.amendment or {}
    left = Decimal(wanted.get("quantity", order.quantity)) - order.filled_quantity
    if left <= 0:
        return None
    return OrderRequest(
        intent_key=f"amend:{order.id}",
        source=Source(order.source),
        instrument_id=order.instrument_id,
        side=Side(order.side),
        quantity=left,
        permission_id=order.permission_id,
        order_type=OrderType(order.order_type),
        limit_price=_price(wanted, order, "limit_price"),
        stop_price=_price(wanted, order, "stop_price"),
        time_in_force=TimeInForce(order.time_in_force),
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        trailing_pct=order.trailing_pct,
        exit_after_seconds=order.exit_after_seconds,
        reason=order.reason,
        strategy=order.strategy,
        confidence=order.confidence,
        risk=RiskLevel(order.risk) if order.risk else None,
        is_tainted=order.is_tainted,
        reasoning=order.reasoning,
        decision_id=order.decision_id,
        replaces_id=order.id,
    )


def _price(wanted: Mapping[str, str], order: Order, name: str) -> Decimal | None:
    if name in wanted:
        return Decimal(wanted[name])
    kept: Decimal | None = getattr(order, name)
    return kept


def _forget(order: Order, *, at: datetime) -> None:
    """The amendment is through, whatever came of it."""
    with transaction():
        if not Order.objects.filter(id=order.id, amendment__isnull=False).update(amendment=None):
            return
        record(
            stream=account_stream(order.account_id),
            kind="order.amended" if order.state in REPLACED else "order.not_amended",
            actor=order.cancel_requested_by,
            subject=f"order:{order.id}",
            payload={"wanted": order.amendment, "state": order.state},
            at=at,
            as_of=order.as_of,
        )
