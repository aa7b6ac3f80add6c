"""Ending an order: not sent at all, or canceled at the exchange by the account's sender.

The wish to cancel is a row of its own life (`Order.cancel_state`): whoever wishes only commits it,
so that no page and no agent needs the account's key, and the sender asks the exchange until the
order has ended, however often either of them crashes. Asking twice is harmless.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from trading.domain.exchange import Exchange, ExchangeUnavailable
from trading.domain.states import TERMINAL, CancelState, OrderState, Source
from trading.models import Account, Order
from trading.services.barrier import own_barrier
from trading.services.leases import Ownership
from trading.services.orders import end_order, lock_order, sent
from tradingfarm.kernel.journal import account_stream, record, transaction


class Cancellation(StrEnum):
    """What came of the wish to cancel an order."""

    NOT_SENT = "NOT_SENT"
    ASKED = "ASKED"
    ON_ITS_WAY = "ON_ITS_WAY"
    ENDED_BEFORE = "ENDED_BEFORE"
    OF_A_STOP = "OF_A_STOP"


AT_REST = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
ASK_AGAIN = timedelta(seconds=5)
"""A cancel that has changed nothing by then is asked for again, wall time."""


def cancel_order(*, order_id: UUID, requested_by: str, at: datetime) -> Cancellation:
    """End an order that waits to be sent, or have the sender cancel it at the exchange.

    NOT_SENT: it never left. ASKED: the sender asks the exchange. ON_ITS_WAY: its outcome is not
    known yet; it is canceled as soon as it rests. OF_A_STOP: it sells for an emergency stop, which
    would only ask again. Raises Order.DoesNotExist.
    """
    with transaction():
        order = _lock(order_id)
        return cancel_locked(order=order, requested_by=requested_by, at=at)


def cancel_locked(*, order: Order, requested_by: str, at: datetime) -> Cancellation:
    """As `cancel_order`, for a caller whose transaction owns the account's barrier."""
    outcome = _outcome(order)
    if outcome is Cancellation.NOT_SENT:
        problem = f"Canceled by {requested_by} before it was sent."[:200]
        end_order(order=order, state=OrderState.EXPIRED_LOCAL, problem=problem, at=at)
    if outcome in (Cancellation.ASKED, Cancellation.ON_ITS_WAY):
        _wish(order, requested_by)
    if outcome in (Cancellation.NOT_SENT, Cancellation.ASKED, Cancellation.ON_ITS_WAY):
        _journal(order, outcome, requested_by, at)
    return outcome


def _lock(order_id: UUID) -> Order:
    """The order as no claim and no report can change it meanwhile."""
    account_id = Order.objects.values_list("account_id", flat=True).get(id=order_id)
    own_barrier(account_id=account_id)
    return Order.objects.select_related("account", "instrument").get(id=order_id)


def _outcome(order: Order) -> Cancellation:
    if order.state in TERMINAL:
        return Cancellation.ENDED_BEFORE
    if order.source == Source.LIQUIDATION:
        return Cancellation.OF_A_STOP
    if order.state == OrderState.APPROVED:
        return Cancellation.NOT_SENT
    return Cancellation.ASKED if order.state in AT_REST else Cancellation.ON_ITS_WAY


def _wish(order: Order, requested_by: str) -> None:
    order.cancel_state, order.cancel_at = CancelState.REQUESTED, None
    order.cancel_requested_by = requested_by[:120]
    order.save(update_fields=["cancel_state", "cancel_requested_by", "cancel_at"])
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY farm_orders")


def _journal(order: Order, outcome: Cancellation, requested_by: str, at: datetime) -> None:
    record(
        stream=account_stream(order.account_id),
        kind="order.cancel_requested",
        actor=requested_by,
        subject=f"order:{order.id}",
        payload={"state": order.state, "outcome": outcome},
        at=at,
        as_of=order.as_of,
    )


def ask_cancels(
    *, account: Account, exchange: Exchange, ownership: Ownership, at: datetime
) -> int:
    """Ask the exchange for every cancel that is due; returns how many were asked for.

    What came of it is in the reports. Raises OwnershipLost.
    """
    orders = list(_due(account, at=at).select_related("instrument").order_by("approved_at", "id"))
    for order in orders:
        state = CancelState.SENT
        try:
            exchange.cancel(order=sent(order))
        except ExchangeUnavailable:
            state = CancelState.FAILED
        _store(order.id, state, ownership, at=at)
    return len(orders)


def _due(account: Account, *, at: datetime) -> QuerySet[Order]:
    new = Q(cancel_state=CancelState.REQUESTED)
    again = Q(
        cancel_state__in=[CancelState.SENT, CancelState.FAILED], cancel_at__lte=at - ASK_AGAIN
    )
    return account.orders.filter(new | again, state__in=AT_REST)


def _store(order_id: UUID, state: CancelState, ownership: Ownership, *, at: datetime) -> None:
    with transaction():
        order = lock_order(order_id=order_id, token=ownership.token)
        if order.state in TERMINAL:
            return
        order.cancel_state, order.cancel_at = state, at
        order.save(update_fields=["cancel_state", "cancel_at"])
